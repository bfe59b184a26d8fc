/** Counts and bounds the TCP connections of a server, from before their first byte: for every kind of listener. */
import type { Socket } from "node:net";
import { addressKey } from "./address_key.ts";

export interface GateLimits {
  /** Connections at a time that have got past {@link ConnectionGate.promote}. */
  readonly maxConnections: number;
  /** The same for one address (see {@link addressKey}). */
  readonly maxPerAddress: number;
  /** How long a connection may take for its TLS handshake and HTTP request. */
  readonly handshakeMs: number;
}

/** Why a connection is not let in. `gone`: it has left by itself, and there is nobody to tell. */
export type GateRefusal = "full" | "address_full" | "gone";

/**
 * Connections that are not promoted yet may be this many more than {@link GateLimits.maxConnections} in all, and per
 * address: so that a full server still answers why, and still tells its health.
 */
const SPARE_CONNECTIONS = 64;
const SPARE_PER_ADDRESS = 8;

/** Names a connection. A socket inside TLS and the one that carries it have the same. */
export interface SocketEnds {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

interface Entry {
  readonly socket: Socket;
  readonly address: Count;
  readonly deadlineMs: number;
  isPromoted: boolean;
}

interface Count {
  readonly key: string;
  open: number;
  promoted: number;
}

export class ConnectionGate {
  /** Connections that are through, of all listeners of this gate. */
  promoted = 0;
  /** Connections that were cut off: beyond the spare ones, or not through in time. */
  readonly dropped = { full: 0, late: 0 };
  readonly #limits: GateLimits;
  readonly #entries = new Map<string, Entry>();
  readonly #addresses = new Map<string, Count>();
  #whenEmpty: (() => void) | undefined;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  /** All connections, promoted or not. */
  get open(): number {
    return this.#entries.size;
  }

  /** Takes note of a fresh socket, before any handshake; one too many is destroyed, and the answer is false. */
  enter(socket: Socket, nowMs: number): boolean {
    const { maxConnections, maxPerAddress, handshakeMs } = this.#limits;
    const id = idOf(socket);
    const count = this.#count(socket.remoteAddress ?? "");
    if (
      id === undefined || this.#entries.size >= maxConnections + SPARE_CONNECTIONS ||
      count.open >= maxPerAddress + SPARE_PER_ADDRESS
    ) {
      this.dropped.full++;
      this.#forget(count);
      socket.destroy();
      return false;
    }
    count.open++;
    const entry: Entry = { socket, address: count, deadlineMs: nowMs + handshakeMs, isPromoted: false };
    this.#entries.set(id, entry);
    socket.once("close", () => this.#leave(id, entry));
    // Whoever uses the socket listens for itself; without any listener an error would end the process.
    socket.on("error", () => {});
    return true;
  }

  /** A connection has said what it wants and is to stay; undefined when there is room for it. */
  promote(ends: SocketEnds): GateRefusal | undefined {
    const id = idOf(ends);
    const entry = id === undefined ? undefined : this.#entries.get(id);
    if (entry === undefined || entry.isPromoted) return "gone";
    if (this.promoted >= this.#limits.maxConnections) return "full";
    if (entry.address.promoted >= this.#limits.maxPerAddress) return "address_full";
    entry.isPromoted = true;
    entry.address.promoted++;
    this.promoted++;
    return undefined;
  }

  /** Cuts off the connections that are late with their handshake. */
  sweep(nowMs: number): void {
    // Entries are in the order of their coming, but a promoted one may stand before a late one.
    for (const { socket, deadlineMs, isPromoted } of this.#entries.values()) {
      if (isPromoted || nowMs < deadlineMs) continue;
      this.dropped.late++;
      socket.destroy();
    }
  }

  /**
   * Resolves when no connection is left. Those that were never promoted are cut off at once, the others when
   * `patienceMs` have passed.
   */
  async empty(patienceMs: number): Promise<void> {
    for (const { socket, isPromoted } of this.#entries.values()) if (!isPromoted) socket.destroy();
    if (this.#entries.size === 0) return;
    const timer = setTimeout(() => {
      for (const { socket } of this.#entries.values()) socket.destroy();
    }, patienceMs);
    await new Promise<void>((resolve) => this.#whenEmpty = resolve);
    clearTimeout(timer);
  }

  #leave(id: string, entry: Entry): void {
    this.#entries.delete(id);
    entry.address.open--;
    if (entry.isPromoted) {
      entry.address.promoted--;
      this.promoted--;
    }
    this.#forget(entry.address);
    if (this.#entries.size === 0) this.#whenEmpty?.();
  }

  #count(ip: string): Count {
    const key = addressKey(ip);
    let count = this.#addresses.get(key);
    if (count === undefined) this.#addresses.set(key, count = { key, open: 0, promoted: 0 });
    return count;
  }

  #forget(count: Count): void {
    if (count.open === 0) this.#addresses.delete(count.key);
  }
}

/** Undefined for a socket that is gone already. */
function idOf({ remoteAddress, remotePort, localAddress, localPort }: SocketEnds): string | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
