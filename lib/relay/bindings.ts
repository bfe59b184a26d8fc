/**
 * Who is bound where: which peer of which session each address stands for, and where that session's other peer is.
 *
 * ```
 *   address --peerOf--> peer = 2 * session + side --addressOf--> address
 *                        |
 *                        +-- peer ^ 1 is the session's other peer
 * ```
 *
 * Sessions and peers are small integers, so that forwarding is three array reads and no text. Ids are text and are
 * looked up at binding only.
 */
import { NONE, type RelayAddresses } from "./relay_addresses.ts";

/** Silence that ends a binding, in seconds: the `lifetime_s` of RELAY_BOUND. SPEC ARC-RELAY-idle. */
export const BINDING_LIFETIME_S = 30;
const LIFETIME_MS = BINDING_LIFETIME_S * 1000;

/** Why a peer is no longer bound. */
export type EndReason =
  /** Nothing came for 30 s. */
  | "idle"
  /** It said so. */
  | "unbind"
  /** Its address was bound as another peer. SPEC ARC-RELAY-one-session. */
  | "replaced"
  /** Its connection is gone. */
  | "closed";

/** Why a valid BIND is `busy`. */
export type BindRefusal = "third_peer" | "sessions_full" | "source_full" | "draining";

export interface BindingOptions {
  readonly maxSessions: number;
  readonly bindingsPerSource: number;
  readonly addresses: RelayAddresses;
  /** Sessions that count towards `maxSessions` and are not here. */
  readonly sessionsElsewhere: () => number;
  /** Called when a session number gets a meaning. */
  readonly sessionStarted: (session: number, nowMs: number) => void;
  /** Called when a peer number loses its meaning, before it can be given out again. */
  readonly ended: (peer: number, reason: EndReason) => void;
}

/** A proven wish to bind. */
export interface BindWish {
  readonly sessionId: string;
  readonly peerId: string;
  readonly address: number;
  /** Of the address: see `RelaySource`. */
  readonly limitKey: string;
}

export type BindOutcome = "bound" | "moved" | "renewed";

export class Bindings {
  /** While true, sessions that are not there yet are refused. */
  isDraining = false;
  readonly #options: BindingOptions;
  readonly #peerOf: Int32Array;
  readonly #addressOf: Int32Array;
  readonly #lastHeardMs: Float64Array;
  /** Counts the occupants of a peer number, so that what was meant for an earlier one can be told. */
  readonly #generation: Uint32Array;
  /** How many sessions there were before this one. */
  readonly #sessionSerial: Float64Array;
  readonly #sessionIds: (string | undefined)[];
  readonly #peerIds: (string | undefined)[];
  readonly #limitKeys: (string | undefined)[];
  readonly #sessions = new Map<string, number>();
  readonly #freeSessions: number[];
  readonly #perSource = new Map<string, number>();
  #sessionCount = 0;
  #bound = 0;
  #nextExpiryMs = Infinity;

  constructor(options: BindingOptions) {
    const { maxSessions, addresses } = options;
    this.#options = options;
    this.#peerOf = new Int32Array(addresses.capacity).fill(NONE);
    this.#addressOf = new Int32Array(2 * maxSessions).fill(NONE);
    this.#lastHeardMs = new Float64Array(2 * maxSessions);
    this.#generation = new Uint32Array(2 * maxSessions);
    this.#sessionSerial = new Float64Array(maxSessions);
    this.#sessionIds = new Array<string | undefined>(maxSessions).fill(undefined);
    this.#peerIds = new Array<string | undefined>(2 * maxSessions).fill(undefined);
    this.#limitKeys = new Array<string | undefined>(2 * maxSessions).fill(undefined);
    this.#freeSessions = Array.from({ length: maxSessions }, (_, i) => maxSessions - 1 - i);
  }

  /** Sessions with a peer. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Peers with an address. */
  get bound(): number {
    return this.#bound;
  }

  /** Source addresses that are counted, for a look at the memory in use. */
  get sources(): number {
    return this.#perSource.size;
  }

  /** The peer that an address is bound as, or {@link NONE}; a binding whose time is over ends here. */
  peerAt(address: number, nowMs: number): number {
    const peer = this.#peerOf[address];
    return peer === NONE || this.#isAlive(peer, nowMs) ? peer : NONE;
  }

  /** The address of a peer, or {@link NONE} when it has none, or no more. */
  addressOf(peer: number, nowMs: number): number {
    const address = this.#addressOf[peer];
    return address === NONE || this.#isAlive(peer, nowMs) ? address : NONE;
  }

  generationOf(peer: number): number {
    return this.#generation[peer];
  }

  /** A number of the peer's place in its session that no other session ever gets. */
  placeOf(peer: number): number {
    return 2 * this.#sessionSerial[peer >>> 1] + (peer & 1);
  }

  sessionIdOf(peer: number): string | undefined {
    return this.#sessionIds[peer >>> 1];
  }

  peerIdOf(peer: number): string | undefined {
    return this.#peerIds[peer];
  }

  /** A unit came from the peer's address. */
  heard(peer: number, nowMs: number): void {
    this.#lastHeardMs[peer] = nowMs;
  }

  /** The number of a peer that is bound (or was until its address was lost); {@link NONE} where there is none. */
  find(sessionId: string, peerId: string): number {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return NONE;
    if (this.#peerIds[2 * session] === peerId) return 2 * session;
    return this.#peerIds[2 * session + 1] === peerId ? 2 * session + 1 : NONE;
  }

  /** What stands against a binding; undefined when {@link bind} may be called. Ends bindings whose time is over. */
  judge(wish: BindWish, nowMs: number): BindRefusal | undefined {
    this.expire(nowMs);
    const { sessionId, peerId, address, limitKey } = wish;
    const target = this.find(sessionId, peerId);
    const here = this.#peerOf[address];
    const session = this.#sessions.get(sessionId);
    if (session === undefined) {
      if (this.isDraining) return "draining";
      // The address may be the last one of the session that it leaves.
      const leaves = here !== NONE && this.#peerIds[here ^ 1] === undefined ? 1 : 0;
      const { maxSessions, sessionsElsewhere } = this.#options;
      if (this.#sessions.size - leaves + sessionsElsewhere() >= maxSessions) return "sessions_full";
    } else if (
      target === NONE && this.#peerIds[2 * session] !== undefined && this.#peerIds[2 * session + 1] !== undefined
    ) {
      return "third_peer";
    }
    let ofSource = this.#perSource.get(limitKey) ?? 0;
    if (here !== NONE && here !== target && this.#limitKeys[here] === limitKey) ofSource--;
    if (target !== NONE && this.#limitKeys[target] === limitKey) ofSource--;
    return ofSource >= this.#options.bindingsPerSource ? "source_full" : undefined;
  }

  /** Binds, after {@link judge} had nothing against it. The peer's number is then in `peerAt` of the address. */
  bind(wish: BindWish, nowMs: number): BindOutcome {
    const { sessionId, peerId, address, limitKey } = wish;
    const here = this.#peerOf[address];
    if (here !== NONE && here !== this.find(sessionId, peerId)) this.end(here, "replaced");
    const known = this.find(sessionId, peerId);
    const peer = known === NONE ? this.#enter(sessionId, peerId, nowMs) : known;
    this.#lastHeardMs[peer] = nowMs;
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, nowMs + LIFETIME_MS);
    if (this.#addressOf[peer] === address) return "renewed";
    this.loseAddress(peer);
    this.#peerOf[address] = peer;
    this.#addressOf[peer] = address;
    this.#options.addresses.pin(address);
    this.#limitKeys[peer] = limitKey;
    this.#perSource.set(limitKey, (this.#perSource.get(limitKey) ?? 0) + 1);
    this.#bound++;
    return known === NONE ? "bound" : "moved";
  }

  /**
   * Takes a peer's address away and keeps all else, as when its NAT has given it another one: until its next BIND
   * nothing comes from it and nothing reaches it.
   */
  loseAddress(peer: number): void {
    const address = this.#addressOf[peer];
    if (address === NONE) return;
    this.#addressOf[peer] = NONE;
    this.#peerOf[address] = NONE;
    this.#options.addresses.unpin(address);
    this.#bound--;
    const key = this.#limitKeys[peer] ?? "";
    const left = (this.#perSource.get(key) ?? 1) - 1;
    if (left > 0) this.#perSource.set(key, left);
    else this.#perSource.delete(key);
    this.#limitKeys[peer] = undefined;
  }

  /** Ends a peer's binding; with its last peer the session goes. */
  end(peer: number, reason: EndReason): void {
    if (this.#peerIds[peer] === undefined) return;
    this.#options.ended(peer, reason);
    this.loseAddress(peer);
    this.#peerIds[peer] = undefined;
    this.#generation[peer]++;
    const session = peer >>> 1;
    const sessionId = this.#sessionIds[session];
    if (this.#peerIds[peer ^ 1] !== undefined || sessionId === undefined) return;
    this.#sessionIds[session] = undefined;
    this.#sessions.delete(sessionId);
    this.#freeSessions.push(session);
  }

  /** Ends the bindings whose time is over. */
  expire(nowMs: number): void {
    if (nowMs < this.#nextExpiryMs) return;
    let next = Infinity;
    for (let peer = 0; peer < this.#peerIds.length; peer++) {
      if (this.#peerIds[peer] === undefined || !this.#isAlive(peer, nowMs)) continue;
      next = Math.min(next, this.#lastHeardMs[peer] + LIFETIME_MS);
    }
    this.#nextExpiryMs = next;
  }

  /** When {@link expire} has something to look at; Infinity without bindings. */
  get nextExpiryMs(): number {
    return this.#nextExpiryMs;
  }

  /** Peer numbers in use. Not for hot paths. */
  *peers(): Generator<number> {
    for (const session of this.#sessions.values()) {
      for (const peer of [2 * session, 2 * session + 1]) if (this.#peerIds[peer] !== undefined) yield peer;
    }
  }

  #enter(sessionId: string, peerId: string, nowMs: number): number {
    let session = this.#sessions.get(sessionId);
    if (session === undefined) {
      session = this.#freeSessions.pop();
      if (session === undefined) throw new Error("Bindings.bind: no session is free; call judge first");
      this.#sessions.set(sessionId, session);
      this.#sessionIds[session] = sessionId;
      this.#sessionSerial[session] = this.#sessionCount++;
      this.#options.sessionStarted(session, nowMs);
    }
    const peer = this.#peerIds[2 * session] === undefined ? 2 * session : 2 * session + 1;
    this.#peerIds[peer] = peerId;
    return peer;
  }

  #isAlive(peer: number, nowMs: number): boolean {
    if (nowMs - this.#lastHeardMs[peer] < LIFETIME_MS) return true;
    this.end(peer, "idle");
    return false;
  }
}
