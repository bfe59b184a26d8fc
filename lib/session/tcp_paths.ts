/**
 * Where TCP and TLS connections are tried, and in which order, while no path over UDP is valid (SPEC 7.1).
 *
 * ```
 * begin          + 300 ms              + 550 ms             ...
 *   | direct, all   | relay 1: tcp, tls   | relay 2: tcp, tls
 * ```
 *
 * Each line is one place; it tries its ways in turn, and after a failure waits a random time (SPEC ARC-PATH-backoff).
 */
import { Backoff } from "../base/backoff.ts";
import type { Rng } from "../base/rng.ts";
import type { RelayServer } from "./session_relays.ts";
import type { StreamConnections, StreamTarget } from "./stream_connections.ts";

/** Direct TCP has failed when it is not valid by then (SPEC ARC-PATH-tcp-head-start). */
export const DIRECT_HEAD_START_MS = 300;
/** Between relays: the better ones are asked first, the others do not wait for their failure. */
const RELAY_STAGGER_MS = 250;
/** A relay that is not needed now may be later. */
const RECHECK_MS = 500;
/** More than a peer can name. */
const MAX_LINES = 16;

/** A way to a relay, with our token. */
type RelayWay = RelayServer & { readonly transport: "tcp" | "tls"; readonly token: string };

interface Line {
  readonly kind: StreamTarget["kind"];
  readonly priority: number;
  readonly relayId: string | undefined;
  readonly ways: { readonly target: StreamTarget; readonly relay?: RelayWay }[];
  readonly backoff: Backoff;
  way: number;
  dueMs: number;
  /** The connection that is there or being made. */
  address: number | undefined;
}

export interface TcpSituation {
  /** A direct TCP path is valid. */
  readonly hasDirect: boolean;
  /** The relay is reached over UDP, or may still be. */
  isReachedOverUdp(relayId: string): boolean;
}

export class TcpPaths {
  readonly #rng: Rng;
  readonly #connections: StreamConnections;
  readonly #lines: Line[] = [];
  #begunMs: number | undefined;

  constructor(rng: Rng, connections: StreamConnections) {
    this.#rng = rng;
    this.#connections = connections;
  }

  /** It is being tried. */
  get isOn(): boolean {
    return this.#begunMs !== undefined;
  }

  /** An address of the other peer's, where it listens (SPEC ARC-PATH-tcp-direct). */
  offerDirect(host: string, port: number, priority: number): void {
    const target: StreamTarget = { kind: "tcp", transport: "tcp", host, port };
    const isKnown = this.#lines.some(({ ways }) => ways.some((way) => isSame(way.target, target)));
    if (!isKnown) this.#add("tcp", priority, undefined).ways.push({ target });
  }

  /** A relay over TCP or TLS; offered again, its token is the newer one. */
  offerRelay(relay: RelayWay): void {
    const { id, address: host, port, transport, priority } = relay;
    const line = this.#lines.find(({ relayId }) => relayId === id) ?? this.#add("tcp_relay", priority, id);
    const target: StreamTarget = { kind: "tcp_relay", transport, host, port, relayId: id };
    const known = line.ways.findIndex((way) => isSame(way.target, target));
    if (known >= 0) line.ways[known] = { target, relay };
    else line.ways.push({ target, relay });
    this.#lines.sort((a, b) => a.priority - b.priority);
  }

  #add(kind: Line["kind"], priority: number, relayId: string | undefined): Line {
    const backoff = new Backoff(this.#rng);
    const line: Line = {
      kind,
      priority,
      relayId,
      ways: [],
      backoff,
      way: 0,
      dueMs: this.#begunMs ?? 0,
      address: undefined,
    };
    if (this.#lines.length < MAX_LINES) this.#lines.push(line);
    return line;
  }

  /** The relay behind a connection, and how much it is preferred; undefined for none. */
  relayOf(address: number): RelayWay | undefined {
    const line = this.#lineOf(address);
    return line?.ways[line.way].relay;
  }

  /** How much a direct connection is preferred: as its address in the other peer's `network_info` is. */
  priorityOf(address: number): number {
    return this.#lineOf(address)?.priority ?? 0xffff;
  }

  begin(nowMs: number): void {
    if (this.#begunMs !== undefined) return;
    this.#begunMs = nowMs;
    for (const line of this.#lines) {
      line.backoff.reset();
      line.dueMs = nowMs;
    }
  }

  /** A path over UDP is valid: what has not been reached is not needed. Connections that stand stay, for the next time. */
  end(): void {
    this.#begunMs = undefined;
    for (const { address } of this.#lines) {
      if (address !== undefined && !this.#connections.isOpen(address)) {
        this.#connections.close(address, "a path over UDP is valid");
      }
    }
  }

  /** Connections to a relay are of no use any more. */
  leave(relayId: string, message: string): void {
    const address = this.#lines.find((line) => line.relayId === relayId)?.address;
    if (address !== undefined) this.#connections.close(address, message);
  }

  /** Connections to relays that stand are of no use any more. */
  leaveAll(message: string): void {
    for (const { relayId, address } of this.#lines) {
      if (relayId !== undefined && address !== undefined && this.#connections.isOpen(address)) {
        this.#connections.close(address, message);
      }
    }
  }

  /** A connection works: its next failure begins at the first bound. */
  succeeded(address: number): void {
    this.#lineOf(address)?.backoff.reset();
  }

  /** A connection has ended or did not come to be: the next way of its line is tried, later. */
  ended(address: number, nowMs: number): void {
    const line = this.#lineOf(address);
    if (line === undefined) return;
    line.address = undefined;
    line.way = (line.way + 1) % line.ways.length;
    line.dueMs = nowMs + line.backoff.nextMs();
  }

  #lineOf(address: number): Line | undefined {
    return this.#lines.find((line) => line.address === address);
  }

  nextTimeoutMs(): number | undefined {
    if (this.#begunMs === undefined) return undefined;
    const due = this.#lines.filter(({ address }) => address === undefined).map((line) => this.#turnMs(line));
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Direct lines at once; relays one after the other, in their order (SPEC ARC-PATH-tcp-relay). */
  #turnMs(line: Line): number {
    if (line.kind === "tcp") return line.dueMs;
    const place = this.#lines.filter(({ kind }) => kind === "tcp_relay").indexOf(line);
    return Math.max(line.dueMs, (this.#begunMs ?? 0) + DIRECT_HEAD_START_MS + place * RELAY_STAGGER_MS);
  }

  timeout(nowMs: number, situation: TcpSituation): void {
    if (this.#begunMs === undefined) return;
    for (const line of this.#lines) {
      if (line.address !== undefined || this.#turnMs(line) > nowMs) continue;
      const isNeedless = line.relayId !== undefined &&
        (situation.hasDirect || situation.isReachedOverUdp(line.relayId));
      if (isNeedless) line.dueMs = nowMs + RECHECK_MS;
      else line.address = this.#connections.open(line.ways[line.way].target, nowMs);
    }
  }
}

function isSame(a: StreamTarget, b: StreamTarget): boolean {
  return a.host === b.host && a.port === b.port && a.transport === b.transport;
}
