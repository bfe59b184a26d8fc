/**
 * What leaves the relay under its limits: at once while session and relay are within them, otherwise in strict order of
 * priority. SPEC ARC-RELAY-priority, ARC-RELAY-priority-drop, ARC-RELAY-priority-order, ARC-RELAY-limits.
 *
 * ```
 *             within its limits, nothing waits
 *   packet ---------------------------------------------------------------> out
 *      |                                                                     ^
 *      +--> PR 0  oldest ... newest  --+   the oldest of the highest         |
 *           PR 1  oldest ... newest    +-> class whose session is ready -----+
 *           PR 2  oldest ... newest    |
 *           PR 3  oldest ... newest  --+   a full queue drops the oldest of the lowest class
 * ```
 *
 * Every waiting packet is in two lists: its class's, over all sessions, and its session's of that class. Both are in the
 * order of arrival, so the oldest of a session is found as fast as the oldest of all.
 */
import type { PacketBatch } from "../base/batch.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import type { RelayLimits } from "./limits.ts";
import { checkOutBatch, PacketPool } from "./packet_pool.ts";
import { NONE } from "./relay_addresses.ts";
import { PRIORITIES, type RelayCounters } from "./relay_counters.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** What a bucket saves up: bridges a late timer, and is no burst that a receiver would notice. */
const BURST_MS = 20;

/** Waiting packets are looked through so often at most; between two looks a bucket gains less than a timer's lateness. */
const LOOK_INTERVAL_MS = 0.5;

/** A queue holds so much however small its limit: else one frame of video would not fit. */
const LEAST_QUEUE_PACKETS = 16;

export type EgressLimits = Pick<
  RelayLimits,
  "maxSessions" | "sessionPps" | "sessionBps" | "totalBps" | "queuePackets" | "queueMs"
>;

/** Where a waiting packet goes now; {@link NONE} when there is nobody any more. */
export type Destination = (peer: number, generation: number, nowMs: number) => number;

export class EgressQueue {
  /** PR and arrival of each packet that the last {@link poll} put out, by slot of its batch. */
  readonly outPriority: Uint8Array;
  readonly outArrivedMs: Float64Array;

  readonly #counters: RelayCounters;
  readonly #pool: PacketPool;
  readonly #bits: TokenBuckets;
  readonly #packets: TokenBuckets;
  readonly #total: TokenBuckets;
  readonly #sessionQueueBytes: number;
  readonly #sessionQueuePackets: number;
  readonly #totalQueueBytes: number;
  #waitingBytes = 0;
  /** The total limit held packets back at the last look: newcomers must queue behind them. */
  #isTotalBlocked = false;
  #dueMs = Infinity;
  #lookedMs = -Infinity;

  // By slot of the pool.
  readonly #peer: Int32Array;
  readonly #generation: Uint32Array;
  readonly #priority: Uint8Array;
  readonly #arrivedMs: Float64Array;
  readonly #nextOfClass: Int32Array;
  readonly #previousOfClass: Int32Array;
  readonly #nextOfSession: Int32Array;
  // By class.
  readonly #classHead = new Int32Array(PRIORITIES).fill(NONE);
  readonly #classTail = new Int32Array(PRIORITIES).fill(NONE);
  // By session and class, 4 * session + class.
  readonly #sessionHead: Int32Array;
  readonly #sessionTail: Int32Array;
  // By session.
  readonly #sessionPackets: Uint32Array;
  readonly #sessionBytes: Float64Array;

  /** Counts what it drops in `counters`; fills batches of at most `maxOutPackets`. */
  constructor(limits: EgressLimits, counters: RelayCounters, maxOutPackets: number) {
    const { maxSessions, queuePackets, queueMs, sessionBps, sessionPps, totalBps } = limits;
    const queueBytes = (bps: number) => Math.max((bps / 8000) * queueMs, LEAST_QUEUE_PACKETS * MAX_UNIT_BYTES);
    this.#counters = counters;
    this.#pool = new PacketPool(queuePackets);
    this.#bits = new TokenBuckets(maxSessions, sessionBps, BURST_MS);
    this.#packets = new TokenBuckets(maxSessions, sessionPps, BURST_MS);
    this.#total = new TokenBuckets(1, totalBps, BURST_MS);
    this.#total.reset(0, -Infinity);
    this.#sessionQueueBytes = queueBytes(sessionBps);
    this.#sessionQueuePackets = Math.max((sessionPps / 1000) * queueMs, LEAST_QUEUE_PACKETS);
    this.#totalQueueBytes = queueBytes(totalBps);
    this.#peer = new Int32Array(queuePackets);
    this.#generation = new Uint32Array(queuePackets);
    this.#priority = new Uint8Array(queuePackets);
    this.#arrivedMs = new Float64Array(queuePackets);
    this.#nextOfClass = new Int32Array(queuePackets);
    this.#previousOfClass = new Int32Array(queuePackets);
    this.#nextOfSession = new Int32Array(queuePackets);
    this.#sessionHead = new Int32Array(PRIORITIES * maxSessions).fill(NONE);
    this.#sessionTail = new Int32Array(PRIORITIES * maxSessions).fill(NONE);
    this.#sessionPackets = new Uint32Array(maxSessions);
    this.#sessionBytes = new Float64Array(maxSessions);
    this.outPriority = new Uint8Array(maxOutPackets);
    this.outArrivedMs = new Float64Array(maxOutPackets);
  }

  /** Packets that wait. */
  get waiting(): number {
    return this.#pool.used;
  }

  get memoryBytes(): number {
    return this.#pool.memoryBytes;
  }

  /** A session number has a new owner: it starts with full buckets. Packets of an earlier owner may still wait. */
  startSession(session: number, nowMs: number): void {
    this.#bits.reset(session, nowMs);
    this.#packets.reset(session, nowMs);
  }

  /** True when a packet of the session may leave at once; it is then paid for. False: {@link enqueue} it. */
  admit(session: number, bytes: number, nowMs: number): boolean {
    if (this.#sessionPackets[session] > 0 || this.#isTotalBlocked || !this.#isReady(session, nowMs)) return false;
    this.#isTotalBlocked = !this.#total.isReady(0, nowMs);
    if (this.#isTotalBlocked) return false;
    this.#pay(session, bytes);
    return true;
  }

  /** Lets packet `i` of `batch`, bound for `peer`, wait; drops one, perhaps this one, when there is no room. */
  enqueue(batch: PacketBatch, i: number, peer: number, generation: number, priority: number, nowMs: number): void {
    const session = peer >>> 1;
    const bytes = batch.lengths[i];
    while (
      this.#sessionPackets[session] >= this.#sessionQueuePackets ||
      (this.#sessionPackets[session] > 0 && this.#sessionBytes[session] + bytes > this.#sessionQueueBytes)
    ) {
      if (!this.#dropBelow(priority, this.#lowestOfSession(session))) return;
    }
    while (this.#pool.isFull || (this.waiting > 0 && this.#waitingBytes + bytes > this.#totalQueueBytes)) {
      if (!this.#dropBelow(priority, this.#lowestOfAll())) return;
    }
    const slot = this.#pool.put(batch, i);
    this.#peer[slot] = peer;
    this.#generation[slot] = generation;
    this.#priority[slot] = priority;
    this.#arrivedMs[slot] = nowMs;
    this.#append(slot, session, bytes);
    this.#dueMs = Math.min(this.#dueMs, this.#readyAtMs(session, nowMs));
  }

  /**
   * Moves the packets whose turn has come to the end of `out`, as far as there is room, and answers how many. What is
   * known of them is in {@link outPriority} and {@link outArrivedMs}.
   */
  poll(out: PacketBatch, nowMs: number, destination: Destination): number {
    if (nowMs < this.dueMs) return 0;
    checkOutBatch(out);
    const before = out.size;
    this.#lookedMs = nowMs;
    this.#dueMs = Infinity;
    this.#isTotalBlocked = false;
    for (let priority = 0; priority < PRIORITIES; priority++) {
      if (!this.#pollClass(priority, out, nowMs, destination)) break;
    }
    return out.size - before;
  }

  /** When {@link poll} has something to do; Infinity when nothing waits. */
  get dueMs(): number {
    return Math.max(this.#dueMs, this.#lookedMs + LOOK_INTERVAL_MS);
  }

  /** False when nothing of a lower class may leave either. */
  #pollClass(priority: number, out: PacketBatch, nowMs: number, destination: Destination): boolean {
    let next: number;
    for (let slot = this.#classHead[priority]; slot !== NONE; slot = next) {
      next = this.#nextOfClass[slot];
      if (out.size === out.capacity) {
        // The rest at once, with the next batch.
        this.#lookedMs = -Infinity;
        this.#dueMs = nowMs;
        return false;
      }
      if (!this.#total.isReady(0, nowMs)) {
        this.#isTotalBlocked = true;
        this.#dueMs = this.#total.readyAtMs(0, nowMs);
        return false;
      }
      const peer = this.#peer[slot];
      const session = peer >>> 1;
      if (!this.#isReady(session, nowMs)) {
        this.#dueMs = Math.min(this.#dueMs, this.#readyAtMs(session, nowMs));
        continue;
      }
      this.#unlink(slot);
      const address = destination(peer, this.#generation[slot], nowMs);
      if (address === NONE) {
        this.#counters.drop("undeliverable");
        this.#pool.free(slot);
        continue;
      }
      this.#pay(session, this.#pool.lengths[slot]);
      this.outPriority[out.size] = priority;
      this.outArrivedMs[out.size] = this.#arrivedMs[slot];
      this.#pool.take(slot, out, address);
    }
    return true;
  }

  #isReady(session: number, nowMs: number): boolean {
    return this.#bits.isReady(session, nowMs) && this.#packets.isReady(session, nowMs);
  }

  #readyAtMs(session: number, nowMs: number): number {
    return Math.max(
      this.#bits.readyAtMs(session, nowMs),
      this.#packets.readyAtMs(session, nowMs),
      this.#total.readyAtMs(0, nowMs),
    );
  }

  #pay(session: number, bytes: number): void {
    this.#bits.spend(session, bytes * 8);
    this.#packets.spend(session, 1);
    this.#total.spend(0, bytes * 8);
  }

  /** Makes room by dropping `slot`; false, when it is of a higher class than the newcomer, who is dropped instead. */
  #dropBelow(newcomer: number, slot: number): boolean {
    const priority = slot === NONE ? PRIORITIES : this.#priority[slot];
    if (slot === NONE || priority < newcomer) {
      this.#counters.queueDrop(newcomer);
      return false;
    }
    this.#counters.queueDrop(priority);
    this.#unlink(slot);
    this.#pool.free(slot);
    return true;
  }

  /** The oldest packet of the lowest class that waits. */
  #lowestOfAll(): number {
    let priority = PRIORITIES - 1;
    while (priority > 0 && this.#classHead[priority] === NONE) priority--;
    return this.#classHead[priority];
  }

  #lowestOfSession(session: number): number {
    let at = PRIORITIES * session + PRIORITIES - 1;
    while (at > PRIORITIES * session && this.#sessionHead[at] === NONE) at--;
    return this.#sessionHead[at];
  }

  #append(slot: number, session: number, bytes: number): void {
    const priority = this.#priority[slot];
    const at = PRIORITIES * session + priority;
    const lastOfClass = this.#classTail[priority];
    const lastOfSession = this.#sessionTail[at];
    this.#nextOfClass[slot] = NONE;
    this.#previousOfClass[slot] = lastOfClass;
    this.#nextOfSession[slot] = NONE;
    if (lastOfClass === NONE) this.#classHead[priority] = slot;
    else this.#nextOfClass[lastOfClass] = slot;
    this.#classTail[priority] = slot;
    if (lastOfSession === NONE) this.#sessionHead[at] = slot;
    else this.#nextOfSession[lastOfSession] = slot;
    this.#sessionTail[at] = slot;
    this.#sessionPackets[session]++;
    this.#sessionBytes[session] += bytes;
    this.#waitingBytes += bytes;
  }

  /** Takes a packet out of both lists: anywhere in its class's, always the first of its session's. */
  #unlink(slot: number): void {
    const priority = this.#priority[slot];
    const session = this.#peer[slot] >>> 1;
    const at = PRIORITIES * session + priority;
    const previous = this.#previousOfClass[slot];
    const next = this.#nextOfClass[slot];
    if (previous === NONE) this.#classHead[priority] = next;
    else this.#nextOfClass[previous] = next;
    if (next === NONE) this.#classTail[priority] = previous;
    else this.#previousOfClass[next] = previous;
    this.#sessionHead[at] = this.#nextOfSession[slot];
    if (this.#sessionHead[at] === NONE) this.#sessionTail[at] = NONE;
    this.#sessionPackets[session]--;
    this.#sessionBytes[session] -= this.#pool.lengths[slot];
    this.#waitingBytes -= this.#pool.lengths[slot];
  }
}
