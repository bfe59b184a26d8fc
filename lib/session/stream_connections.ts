/**
 * The TCP and TLS connections of one session: those that it opens, to the other peer or to relays, and those that it
 * accepts. Each has an address number, so that everything above sends to it as it does to a datagram address.
 *
 * ```
 *  open ----> opening --opened--> open -----+
 *                                           +--> ended: by either side, or because it took too long
 *  accepted ----> stranger --proven--> open-+
 * ```
 */
import { FIRST_STREAM_ADDRESS, type HostPort } from "../base/address_table.ts";
import type { PathKind } from "./path_candidate.ts";

/** Where a connection leads. */
export interface StreamTarget extends HostPort {
  readonly kind: Extract<PathKind, "tcp" | "tcp_relay">;
  readonly transport: "tcp" | "tls";
  readonly relayId?: string;
  /** What a host that is a name was found to be; known once the connection stands. */
  readonly ip?: string;
}

/** What the session wants of those who have sockets. */
export type TransportWant =
  /** Open a connection (its host may be a name); answered by `opened` or `closed`. */
  | { readonly kind: "connect"; readonly address: number; readonly to: StreamTarget }
  /** End it at once; not answered. */
  | { readonly kind: "close"; readonly address: number }
  /** Accept connections on exactly these ports. */
  | { readonly kind: "listen"; readonly ports: readonly number[] }
  /** Find the address of a name; answered by `looked_up`. */
  | { readonly kind: "lookup"; readonly host: string };

/** What came of it. */
export type TransportEvent =
  /** `ip` is where the connection goes, where that is known. */
  | { readonly kind: "opened"; readonly address: number; readonly ip?: string }
  /** A connection has ended, or could not be opened. */
  | { readonly kind: "closed"; readonly address: number; readonly message: string }
  | { readonly kind: "not_listening"; readonly port: number; readonly message: string }
  /** Without `ip`, `message` says why there is none. */
  | { readonly kind: "looked_up"; readonly host: string; readonly ip?: string; readonly message: string };

export type StreamOutput =
  | { readonly kind: "want"; readonly want: TransportWant }
  | {
    readonly kind: "ended";
    readonly address: number;
    readonly to: StreamTarget;
    readonly wasOpen: boolean;
    readonly message: string;
  };

/** A connection that takes longer is given up: UDP would have taken a tenth of it. */
export const CONNECT_TIMEOUT_MS = 3000;
/** Whoever connects and says nothing for so long is a stranger. */
const STRANGER_TIMEOUT_MS = 3000;
/** Accepted connections that are not proven yet. */
const MAX_STRANGERS = 8;

interface Connection {
  to: StreamTarget;
  state: "opening" | "stranger" | "open";
  /** When patience ends; Infinity for one that is open. */
  dueMs: number;
}

export class StreamConnections {
  readonly #connections = new Map<number, Connection>();
  readonly #outputs: StreamOutput[] = [];
  #nextAddress = FIRST_STREAM_ADDRESS;

  poll(): StreamOutput | undefined {
    return this.#outputs.shift();
  }

  /** Where a connection leads; undefined once it has ended. */
  describe(address: number): StreamTarget | undefined {
    return this.#connections.get(address)?.to;
  }

  isOpen(address: number): boolean {
    return this.#connections.get(address)?.state === "open";
  }

  /** True for an accepted connection whose first unit has not come (SPEC ARC-PATH-tcp-first-unit). */
  isStranger(address: number): boolean {
    return this.#connections.get(address)?.state === "stranger";
  }

  /** Begins to connect; answers the connection's number, which is never given out again. */
  open(to: StreamTarget, nowMs: number): number {
    const address = this.#nextAddress++;
    this.#connections.set(address, { to, state: "opening", dueMs: nowMs + CONNECT_TIMEOUT_MS });
    this.#outputs.push({ kind: "want", want: { kind: "connect", address, to } });
    return address;
  }

  /** It stands. False when nobody wants it any more. */
  opened(address: number, ip?: string): boolean {
    const connection = this.#connections.get(address);
    if (connection?.state !== "opening") return false;
    connection.state = "open";
    connection.dueMs = Infinity;
    if (ip !== undefined) connection.to = { ...connection.to, ip };
    return true;
  }

  /** Somebody has connected; undefined when too many others have not said who they are. */
  accepted(from: HostPort, nowMs: number): number | undefined {
    const strangers = [...this.#connections.values()].filter(({ state }) => state === "stranger").length;
    if (strangers >= MAX_STRANGERS) return undefined;
    const address = this.#nextAddress++;
    const to: StreamTarget = { kind: "tcp", transport: "tcp", host: from.host, port: from.port };
    this.#connections.set(address, { to, state: "stranger", dueMs: nowMs + STRANGER_TIMEOUT_MS });
    return address;
  }

  /** The first unit was a sealed HEARTBEAT of the other peer. */
  proven(address: number): void {
    const connection = this.#connections.get(address);
    if (connection?.state !== "stranger") return;
    connection.state = "open";
    connection.dueMs = Infinity;
  }

  /** Ends it from here. Harmless for one that is gone. */
  close(address: number, message: string): void {
    if (this.#remove(address, message)) this.#outputs.push({ kind: "want", want: { kind: "close", address } });
  }

  /** It has ended, or could not be opened. */
  closed(address: number, message: string): void {
    this.#remove(address, message);
  }

  #remove(address: number, message: string): boolean {
    const connection = this.#connections.get(address);
    if (connection === undefined) return false;
    this.#connections.delete(address);
    const { to, state } = connection;
    this.#outputs.push({ kind: "ended", address, to, wasOpen: state === "open", message });
    return true;
  }

  nextTimeoutMs(): number | undefined {
    let next: number | undefined;
    for (const { dueMs } of this.#connections.values()) {
      if (dueMs !== Infinity && (next === undefined || dueMs < next)) next = dueMs;
    }
    return next;
  }

  timeout(nowMs: number): void {
    for (const [address, { state, dueMs }] of this.#connections) {
      if (dueMs > nowMs) continue;
      this.close(
        address,
        state === "opening" ? `no answer within ${CONNECT_TIMEOUT_MS / 1000} s` : "it did not say who it is",
      );
    }
  }
}
