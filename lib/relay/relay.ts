/**
 * The relay: forwards units between the two bound peers of a session, changes no byte, and reads headers only. Sockets,
 * clock and randomness are its owner's.
 *
 * ```ts
 * while (await transport.receive(batch)) {
 *   relay.packets(batch, nowMs);          // in place: what is left in the batch goes out now, to other addresses
 *   send(batch);
 *   while (relay.pollAnswers(out) > 0) send(out);            // the relay's own messages
 *   while (relay.pollPackets(out, nowMs) > 0) send(out);     // what has waited for a limit
 *   for (let event = relay.poll(); event !== undefined; event = relay.poll()) log(event);
 * }
 * ```
 *
 * and `timeout` when {@link Relay.nextTimeoutMs} says so. `nowMs` is monotonic and never goes back.
 */
import type { PacketBatch } from "../base/batch.ts";
import type { FaultReason } from "../base/parsed.ts";
import type { Rng } from "../base/rng.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import { ArcRtpView, Priority } from "../packet/arcrtp.ts";
import { classifyUnit, MAX_UNIT_BYTES, UnitKind } from "../packet/demux.ts";
import { ReducedView } from "../packet/reduced.ts";
import { Bindings, type EndReason } from "./bindings.ts";
import { EgressQueue } from "./egress_queue.ts";
import { DEFAULT_RELAY_LIMITS, type RelayLimits } from "./limits.ts";
import { NONE, type RelayAddresses } from "./relay_addresses.ts";
import { RelayAnswers } from "./relay_answers.ts";
import type { CheckOutcome, PeerChecks } from "./relay_checks.ts";
import { RelayCounters, type RelayDrop } from "./relay_counters.ts";
import { type RelayEvent, RelayEvents } from "./relay_events.ts";
import { RelayMessages } from "./relay_messages.ts";
import type { RelayState } from "./relay_state.ts";
import { SourceRates } from "./source_rates.ts";
import { isSealedUnit } from "./unit_priority.ts";

export interface RelayOptions {
  /** The relay's name in RELAY_BOUND and status, 1 to 64 characters. */
  readonly relayId: string;
  /** relay_secret, shared with the signaling server; borrowed for good. */
  readonly secret: Uint8Array;
  /** Unix milliseconds = `nowMs` + this. */
  readonly unixOffsetMs: number;
  readonly addresses: RelayAddresses;
  readonly crypto: CryptoBackend;
  readonly rng: Rng;
  readonly limits?: Partial<RelayLimits>;
  /** What it counts in; its own where it is left out. */
  readonly counters?: RelayCounters;
  /** Sessions that other relays of the same limits have: they count towards `maxSessions`. */
  readonly sessionsElsewhere?: () => number;
  /** When the relay begins. */
  readonly nowMs: number;
}

/** The largest batches that are taken and filled. */
export const MAX_RELAY_BATCH = 1024;

/** An RTCP packet's first word and its sender. */
const RTCP_HEADER_BYTES = 8;

export class Relay implements RelayState {
  readonly limits: RelayLimits;
  readonly counters: RelayCounters;
  readonly bindings: Bindings;
  /** PR of each packet that the last {@link packets} left in its batch, by slot. */
  readonly priorities = new Uint8Array(MAX_RELAY_BATCH);
  readonly #egress: EgressQueue;
  readonly #answers: RelayAnswers;
  readonly #events = new RelayEvents();
  readonly #messages: RelayMessages;
  readonly #checks: (PeerChecks | undefined)[];
  readonly #full = new ArcRtpView();
  readonly #reduced = new ReducedView();
  /** PR of the unit at hand. */
  #priority: number = Priority.low;
  readonly #destination = (peer: number, generation: number, nowMs: number): number =>
    this.bindings.generationOf(peer) === generation ? this.bindings.addressOf(peer, nowMs) : NONE;

  constructor(options: RelayOptions) {
    this.counters = options.counters ?? new RelayCounters();
    this.#answers = new RelayAnswers(this.counters);
    const limits = { ...DEFAULT_RELAY_LIMITS, ...options.limits };
    const { addresses, rng, nowMs } = options;
    const { maxSessions, bindingsPerSource, messagesPerSource, messagesOverall } = limits;
    this.limits = limits;
    this.#checks = new Array<PeerChecks | undefined>(2 * maxSessions).fill(undefined);
    this.#egress = new EgressQueue(limits, this.counters, MAX_RELAY_BATCH);
    this.bindings = new Bindings({
      maxSessions,
      bindingsPerSource,
      addresses,
      sessionsElsewhere: options.sessionsElsewhere ?? (() => 0),
      sessionStarted: (session, nowMs) => this.#egress.startSession(session, nowMs),
      ended: (peer, reason) => this.#ended(peer, reason),
    });
    const rates = { perSource: messagesPerSource, overall: messagesOverall };
    this.#messages = new RelayMessages({
      ...options,
      bindings: this.bindings,
      checks: this.#checks,
      nonceSecret: rng.fill(new Uint8Array(32)),
      rates: new SourceRates(rates, rng.u32(), nowMs),
      answers: this.#answers,
      counters: this.counters,
      events: this.#events,
    });
  }

  /**
   * Takes units in, `addresses` naming their sources, and leaves in the batch those that go on at once, unchanged and in
   * order, `addresses` naming where to. The slots' headroom is scratch.
   *
   * @throws RangeError for a batch of more than {@link MAX_RELAY_BATCH}.
   */
  packets(batch: PacketBatch, nowMs: number): void {
    if (batch.size > MAX_RELAY_BATCH) {
      throw new RangeError(`Cannot take batch: need at most ${MAX_RELAY_BATCH} packets, got ${batch.size}`);
    }
    let kept = 0;
    for (let i = 0; i < batch.size; i++) {
      const address = this.#pass(batch, i, nowMs);
      if (address === NONE) continue;
      if (kept !== i) {
        const at = batch.offset(i);
        batch.bytes.copyWithin(batch.offset(kept), at, at + batch.lengths[i]);
        batch.lengths[kept] = batch.lengths[i];
      }
      batch.addresses[kept] = address;
      this.priorities[kept] = this.#priority;
      kept++;
    }
    batch.size = kept;
  }

  /** Moves the relay's own messages to the end of `out`, as far as there is room; answers how many. */
  pollAnswers(out: PacketBatch): number {
    return this.#answers.poll(out);
  }

  /**
   * Moves the packets that have waited for a limit, and whose turn it is, to the end of `out`; answers how many. Their
   * PR and arrival are in {@link polledPriorities} and {@link polledArrivedMs}.
   *
   * @throws RangeError when the slots of `out` are shorter than a unit.
   */
  pollPackets(out: PacketBatch, nowMs: number): number {
    const before = out.size;
    const count = this.#egress.poll(out, nowMs, this.#destination);
    for (let i = before; i < out.size; i++) this.counters.forwarded(this.#egress.outPriority[i], out.lengths[i]);
    return count;
  }

  get polledPriorities(): Uint8Array {
    return this.#egress.outPriority;
  }

  get polledArrivedMs(): Float64Array {
    return this.#egress.outArrivedMs;
  }

  /** What has happened; call until undefined. */
  poll(): RelayEvent | undefined {
    return this.#events.shift();
  }

  /** True when there is something for {@link pollAnswers} or {@link pollPackets}. */
  isDue(nowMs: number): boolean {
    return this.#answers.waiting > 0 || this.#egress.dueMs <= nowMs;
  }

  /** When {@link timeout} and {@link pollPackets} have something to do at the latest; undefined for never. */
  nextTimeoutMs(): number | undefined {
    const dueMs = Math.min(this.#egress.dueMs, this.bindings.nextExpiryMs);
    return dueMs === Infinity ? undefined : dueMs;
  }

  /** Ends the bindings whose time is over. */
  timeout(nowMs: number): void {
    this.bindings.expire(nowMs);
  }

  /** The connection behind a stream address is gone; its number may be given out again. */
  closed(address: number, nowMs: number): void {
    this.#messages.closed(address);
    const peer = this.bindings.peerAt(address, nowMs);
    if (peer !== NONE) this.bindings.end(peer, "closed");
  }

  /** True while a stream connection has a reason to be there: a binding, or keys that it may send. */
  isInUse(address: number, nowMs: number): boolean {
    return this.bindings.peerAt(address, nowMs) !== NONE || this.#messages.isKeyLink(address);
  }

  /** No new sessions from here on; peers of running ones may still bind. */
  drain(): void {
    this.bindings.isDraining = true;
  }

  /** Names what leads to an address: the same for a peer as long as it is bound; {@link NONE} where nobody is. */
  directionTo(address: number, nowMs: number): number {
    const peer = this.bindings.peerAt(address, nowMs);
    return peer === NONE ? NONE : this.bindings.placeOf(peer);
  }

  /**
   * Takes the address of every session's first (`side` 0) or second (1) peer away, as when their NATs have given them
   * another one: nothing comes through until they bind again.
   */
  loseAddresses(side: number): void {
    for (const peer of this.bindings.peers()) {
      const sessionId = this.bindings.sessionIdOf(peer);
      const peerId = this.bindings.peerIdOf(peer);
      if ((peer & 1) !== side || sessionId === undefined || peerId === undefined) continue;
      this.bindings.loseAddress(peer);
      this.#events.push({ kind: "address_lost", sessionId, peerId });
    }
  }

  get sessions(): number {
    return this.bindings.sessions;
  }

  get bound(): number {
    return this.bindings.bound;
  }

  get isDraining(): boolean {
    return this.bindings.isDraining;
  }

  /** Packets that wait for a limit. */
  get waiting(): number {
    return this.#egress.waiting;
  }

  /** Events that nobody read in time. */
  get lostEvents(): number {
    return this.#events.lost;
  }

  /** Memory that waiting packets may take, taken from the start. */
  get queueMemoryBytes(): number {
    return this.#egress.memoryBytes;
  }

  /** Where packet `i` goes now, or {@link NONE}: it was the relay's, is refused, or waits. */
  #pass(batch: PacketBatch, i: number, nowMs: number): number {
    const { counters, bindings } = this;
    const { bytes } = batch;
    const address = batch.addresses[i];
    const start = batch.offset(i);
    const end = start + batch.lengths[i];
    counters.received(end - start);
    const peer = bindings.peerAt(address, nowMs);
    if (peer === NONE) counters.stranger(end - start);
    if (!this.#judge(bytes, start, end, address, peer, nowMs)) return NONE;
    if (peer === NONE) return this.#drop("unbound");
    bindings.heard(peer, nowMs);
    if (end - start > MAX_UNIT_BYTES) return this.#drop("too_large");

    const other = peer ^ 1;
    const to = bindings.addressOf(other, nowMs);
    if (to === NONE) return this.#drop("no_peer");
    const session = peer >>> 1;
    if (this.#egress.admit(session, end - start, nowMs)) {
      counters.forwarded(this.#priority, end - start);
      return to;
    }
    this.#egress.enqueue(batch, i, other, bindings.generationOf(other), this.#priority, nowMs);
    return NONE;
  }

  /** False when the unit goes no further; it is then counted. Sets the PR. */
  #judge(bytes: Uint8Array, start: number, end: number, address: number, peer: number, nowMs: number): boolean {
    const kind = classifyUnit(bytes, start, end);
    // Strangers may speak to the relay, and nothing else of theirs is looked at.
    if (peer === NONE && kind !== UnitKind.json) {
      return this.#refuse(kind === UnitKind.unknown ? "unknown_class" : "unbound");
    }
    this.#priority = Priority.low;
    switch (kind) {
      case UnitKind.json:
        return this.#judgeJson(bytes, start, end, address, peer, nowMs);
      case UnitKind.arcrtp:
        if (!this.#full.parse(bytes, start, end)) return this.#refuse(this.#full.faultReason ?? "bad_value");
        this.#priority = this.#full.priority;
        return this.#accept(this.#checks[peer]?.full(this.#full, nowMs));
      case UnitKind.reduced:
        if (!this.#reduced.parse(bytes, start, end)) return this.#refuse("truncated");
        this.#priority = this.#reduced.priority;
        return this.#accept(this.#checks[peer]?.reduced(bytes, start, end, nowMs));
      case UnitKind.rtcp:
        if (end - start < RTCP_HEADER_BYTES) return this.#refuse("truncated");
        this.#priority = Priority.critical;
        return this.#accept(this.#checks[peer]?.rtcp(bytes, start, end, nowMs));
      case UnitKind.stun:
        return true;
      case UnitKind.dtls:
        return this.#refuse("dtls");
      case UnitKind.unknown:
        return this.#refuse("unknown_class");
    }
  }

  /** Sealed units are the peers'; plain ones may be for the relay. SPEC ARC-RELAY-own-units, ARC-RELAY-priority-control. */
  #judgeJson(bytes: Uint8Array, start: number, end: number, address: number, peer: number, nowMs: number): boolean {
    if (isSealedUnit(bytes, start, end)) {
      this.#priority = Priority.critical;
      return true;
    }
    if (!this.#messages.take(bytes.subarray(start, end), address, peer, nowMs)) return true;
    if (peer !== NONE && this.bindings.peerAt(address, nowMs) === peer) this.bindings.heard(peer, nowMs);
    return false;
  }

  #accept(outcome: CheckOutcome | undefined): boolean {
    if (outcome === undefined || outcome === "unchecked") return true;
    if (outcome !== "ok") return this.#refuse(outcome);
    this.counters.checked();
    return true;
  }

  #refuse(reason: RelayDrop | FaultReason): false {
    this.counters.drop(reason);
    return false;
  }

  #drop(reason: RelayDrop): number {
    this.counters.drop(reason);
    return NONE;
  }

  #ended(peer: number, reason: EndReason): void {
    this.#messages.ended(peer);
    this.#checks[peer]?.free();
    this.#checks[peer] = undefined;
    const sessionId = this.bindings.sessionIdOf(peer) ?? "";
    this.#events.push({ kind: "ended", reason, sessionId, peerId: this.bindings.peerIdOf(peer) ?? "" });
  }
}
