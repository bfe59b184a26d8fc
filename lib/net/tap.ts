/**
 * Standing where traffic passes: a tap listens at an address and shows what comes there, as a sink that never answers or as a
 * proxy that hands everything on to one other address, and its answers back.
 */
import type { HostPort } from "../base/address_table.ts";
import { ListenError } from "./listen.ts";

/** Takes what a tap sees, in the order in which it sees it. Bytes are borrowed for the call. */
export interface TapWatcher {
  datagram(source: HostPort, destination: HostPort, bytes: Uint8Array): void;
  /** A connection is there; what is answered takes what both its sides send. */
  connection(client: HostPort, server: HostPort): TapConnection;
  /** Something that a person should know, such as a server that cannot be reached. */
  note(text: string): void;
}

export interface TapConnection {
  data(isFromClient: boolean, bytes: Uint8Array): void;
  /** One side sends nothing more. */
  end(isFromClient: boolean): void;
}

export interface TapCounters {
  /** Clients so far: those of UDP are told apart by their address. */
  clients: number;
  /** Clients that were turned away, by datagram or connection. */
  refused: number;
  /** Datagrams or bytes from clients, and what came back for them. */
  there: number;
  back: number;
}

export interface Tap {
  /** Where it listens, with the port that the system chose for port 0. */
  readonly local: HostPort;
  readonly counters: Readonly<TapCounters>;
  close(): void;
}

/** What a tap hands on to; undefined where it is a sink. A host is an IP address. */
export type TapTarget = HostPort | undefined;

/** At a time; a client of UDP is one until it has been silent for {@link IDLE_MS}. */
export const MAX_TAP_CLIENTS = 256;
export const IDLE_MS = 60_000;

/** True where a tap at `local` would hand on to itself. */
export function isOwnAddress(local: HostPort, target: HostPort): boolean {
  if (local.port !== target.port) return false;
  if (local.host === target.host) return true;
  if (local.host !== "0.0.0.0" && local.host !== "::") return false;
  try {
    // Only an address of this machine can be bound.
    Deno.listenDatagram({ transport: "udp", hostname: target.host, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** Refuses a tap that would hand on to itself, packet after packet, without end. */
export function checkTarget(what: string, local: HostPort, target: TapTarget): void {
  if (target === undefined || !isOwnAddress(local, target)) return;
  throw new ListenError(what, local, new Error("it would hand on to itself"));
}
