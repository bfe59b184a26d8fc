/**
 * The jitter buffer: takes packets as the network gives them, gives them out in order and evenly (SPEC §10.4).
 *
 * ```
 * playout time = media time + least transit of the window + target        at most 50 ms after arrival
 * target       = 10 ms at first, then the 95th percentile of the delay variation, held between 5 and 30 ms
 * ```
 *
 * A gap is waited for until the playout time of the packet behind it, then skipped and told of as lost; so nothing that
 * is missing holds the rest up. A packet that comes after one behind it was given out is late.
 */
import { distance32 } from "../base/serial.ts";
import { DelayEstimate } from "./delay_estimate.ts";
import { PlayedIndexes } from "./played.ts";

/** SPEC ARC-JITTER-initial. */
export const INITIAL_DELAY_MS = 10;
/** SPEC ARC-JITTER-adaptive. */
export const MIN_DELAY_MS = 5;
export const MAX_DELAY_MS = 30;
/** SPEC ARC-JITTER-maximum. */
export const HARD_MAX_DELAY_MS = 50;

export interface JitterBufferOptions {
  /** Packets held at most; default 256. What comes beyond is dropped. */
  readonly capacity?: number;
  /** Largest packet; default 1232, the largest unit. The pool takes `capacity * slotBytes`. */
  readonly slotBytes?: number;
  readonly initialMs?: number;
  readonly minMs?: number;
  readonly maxMs?: number;
  readonly hardMaxMs?: number;
}

/** A packet to hold. The caller may keep one object and change it; the bytes are copied. */
export interface JitterPacket {
  /** ROC x 65536 + sequence number. */
  readonly index: number;
  readonly timestampTicks: number;
  readonly clockRateHz: number;
  readonly bytes: Uint8Array;
  /** The packet, or what of it is wanted back, is `bytes[start..end)`. */
  readonly start: number;
  readonly end: number;
  /** Retransmitted or recovered: its arrival says nothing of the path. */
  readonly isRepaired?: boolean;
}

/** What became of a packet that was handed in. */
export type JitterVerdict = "held" | "late" | "duplicate" | "full" | "too_large";

/** The next packet in order. Its bytes are the pool's, and this object the buffer's: both hold until the next call. */
export interface PlayoutPacket {
  readonly kind: "packet";
  readonly index: number;
  readonly timestampTicks: number;
  readonly arrivalMs: number;
  readonly isRepaired: boolean;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** `count` packets from `firstIndex` on that did not come in time. The object holds until the next call. */
export interface PlayoutLoss {
  readonly kind: "lost";
  readonly firstIndex: number;
  readonly count: number;
}

export type Playout = PlayoutPacket | PlayoutLoss;

/** All that has passed through, by what became of it. */
export interface JitterCounters {
  readonly played: number;
  readonly lost: number;
  readonly late: number;
  readonly duplicate: number;
  readonly full: number;
  readonly too_large: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One buffer per SSRC. All its memory is allocated at construction. */
export class JitterBuffer {
  readonly #options: Required<JitterBufferOptions>;
  readonly #pool: Uint8Array;
  readonly #delay: DelayEstimate;
  readonly #played = new PlayedIndexes();

  // By slot of the pool.
  readonly #indexes: Float64Array;
  readonly #timestamps: Uint32Array;
  readonly #arrivalsMs: Float64Array;
  readonly #playoutsMs: Float64Array;
  readonly #lengths: Uint32Array;
  readonly #repaired: Uint8Array;

  /** Slots in use, by ascending index, from `#head` on and around the end. Playout times never descend along it. */
  readonly #order: Uint16Array;
  #head = 0;
  #size = 0;
  /** Slots not in use are `#free[0..capacity - size)`. */
  readonly #free: Uint16Array;

  /** The index that is to be given out next; NaN before the first. */
  #nextIndex = NaN;
  // The media clock: where the last packet taken in stood on it.
  #mediaMs = 0;
  #mediaTicks = NaN;

  readonly #packet: Mutable<PlayoutPacket>;
  readonly #loss: Mutable<PlayoutLoss> = { kind: "lost", firstIndex: 0, count: 0 };
  readonly #counters: Mutable<JitterCounters> = { played: 0, lost: 0, late: 0, duplicate: 0, full: 0, too_large: 0 };

  constructor(options: JitterBufferOptions = {}) {
    const capacity = options.capacity ?? 256;
    const slotBytes = options.slotBytes ?? 1232;
    if (!(capacity >= 1 && capacity <= 0x1_0000)) {
      throw new RangeError(`jitter buffer: capacity 1..65536, got ${capacity}`);
    }
    this.#options = {
      capacity,
      slotBytes,
      initialMs: options.initialMs ?? INITIAL_DELAY_MS,
      minMs: options.minMs ?? MIN_DELAY_MS,
      maxMs: options.maxMs ?? MAX_DELAY_MS,
      hardMaxMs: options.hardMaxMs ?? HARD_MAX_DELAY_MS,
    };
    this.#pool = new Uint8Array(capacity * slotBytes);
    this.#delay = new DelayEstimate(this.#options.hardMaxMs);
    this.#indexes = new Float64Array(capacity);
    this.#timestamps = new Uint32Array(capacity);
    this.#arrivalsMs = new Float64Array(capacity);
    this.#playoutsMs = new Float64Array(capacity);
    this.#lengths = new Uint32Array(capacity);
    this.#repaired = new Uint8Array(capacity);
    this.#order = new Uint16Array(capacity);
    this.#free = Uint16Array.from({ length: capacity }, (_, slot) => slot);
    this.#packet = {
      kind: "packet",
      index: 0,
      timestampTicks: 0,
      arrivalMs: 0,
      isRepaired: false,
      bytes: this.#pool,
      start: 0,
      end: 0,
    };
  }

  /** Packets held. */
  get size(): number {
    return this.#size;
  }

  /** The delay that packets get now, on top of the path at its best. */
  get targetMs(): number {
    const variationMs = this.#delay.variation95Ms;
    if (Number.isNaN(variationMs)) return this.#options.initialMs;
    return Math.min(this.#options.maxMs, Math.max(this.#options.minMs, variationMs));
  }

  /** Counts since the beginning; the object is the buffer's own. */
  get counters(): JitterCounters {
    return this.#counters;
  }

  /** Takes a packet in, copying its bytes; counts it where it is not held. SPEC ARC-JITTER-late-duplicate. */
  handle(packet: JitterPacket, nowMs: number): JitterVerdict {
    const verdict = this.#judge(packet);
    // Late packets count for the estimate: without them it would never learn that they are late.
    if (verdict !== "duplicate") this.#observe(packet, nowMs);
    if (verdict !== "held") {
      this.#counters[verdict]++;
      return verdict;
    }
    const slot = this.#free[this.#options.capacity - this.#size - 1];
    const length = packet.end - packet.start;
    const at = slot * this.#options.slotBytes;
    // A short-lived view: copying byte by byte, which makes none, takes ten times as long.
    this.#pool.set(packet.bytes.subarray(packet.start, packet.end), at);
    this.#indexes[slot] = packet.index;
    this.#timestamps[slot] = packet.timestampTicks;
    this.#arrivalsMs[slot] = nowMs;
    this.#lengths[slot] = length;
    this.#repaired[slot] = packet.isRepaired === true ? 1 : 0;
    this.#playoutsMs[slot] = this.#playoutMs(nowMs);
    this.#insert(slot);
    return "held";
  }

  /**
   * What is due at `nowMs`, in order: a packet, or the loss of those before it. Undefined when nothing is; call it until
   * then. SPEC ARC-JITTER-order.
   */
  poll(nowMs: number): Playout | undefined {
    if (this.#size === 0) return undefined;
    const slot = this.#order[this.#head];
    if (this.#playoutsMs[slot] > nowMs) return undefined;
    const index = this.#indexes[slot];
    if (index > this.#nextIndex) {
      this.#loss.firstIndex = this.#nextIndex;
      this.#loss.count = index - this.#nextIndex;
      this.#counters.lost += this.#loss.count;
      this.#nextIndex = index;
      return this.#loss;
    }
    this.#take(slot);
    return this.#packet;
  }

  /** When {@link poll} will have something; undefined while nothing is held. */
  nextTimeoutMs(): number | undefined {
    return this.#size === 0 ? undefined : this.#playoutsMs[this.#order[this.#head]];
  }

  /**
   * Until when a missing packet is of use: the playout time of the next one behind it. Undefined where none is held, be
   * it that the packet's time is over or that nothing tells yet.
   */
  playoutTimeMs(index: number): number | undefined {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#indexes[this.#slotAt(middle)] > index) high = middle;
      else low = middle + 1;
    }
    return low === this.#size ? undefined : this.#playoutsMs[this.#slotAt(low)];
  }

  #slotAt(position: number): number {
    return this.#order[(this.#head + position) % this.#options.capacity];
  }

  #judge(packet: JitterPacket): JitterVerdict {
    if (packet.index < this.#nextIndex) return this.#played.has(packet.index) ? "duplicate" : "late";
    const position = this.#positionOf(packet.index);
    if (position < this.#size && this.#indexes[this.#slotAt(position)] === packet.index) return "duplicate";
    if (packet.end - packet.start > this.#options.slotBytes) return "too_large";
    return this.#size === this.#options.capacity ? "full" : "held";
  }

  /** Where `index` stands, or would stand, among those held; found from the back, where most packets belong. */
  #positionOf(index: number): number {
    let position = this.#size;
    while (position > 0 && this.#indexes[this.#slotAt(position - 1)] >= index) position--;
    return position;
  }

  /** Moves the media clock to the packet and takes its delay in. */
  #observe(packet: JitterPacket, nowMs: number): void {
    if (!Number.isNaN(this.#mediaTicks)) {
      this.#mediaMs += (distance32(this.#mediaTicks, packet.timestampTicks) * 1000) / packet.clockRateHz;
    }
    this.#mediaTicks = packet.timestampTicks;
    if (packet.isRepaired !== true) this.#delay.add(nowMs - this.#mediaMs);
  }

  /** When to play the packet that was observed last. */
  #playoutMs(nowMs: number): number {
    const minTransitMs = Math.min(this.#delay.minTransitMs, nowMs - this.#mediaMs);
    const playoutMs = this.#mediaMs + minTransitMs + this.targetMs;
    return Math.max(nowMs, Math.min(nowMs + this.#options.hardMaxMs, playoutMs));
  }

  /** Puts a filled slot in order, and makes playout times ascend again around it by moving them forward, never back. */
  #insert(slot: number): void {
    const { capacity } = this.#options;
    const position = this.#positionOf(this.#indexes[slot]);
    for (let i = this.#size; i > position; i--) this.#order[(this.#head + i) % capacity] = this.#slotAt(i - 1);
    this.#order[(this.#head + position) % capacity] = slot;
    this.#size++;
    if (position + 1 < this.#size) {
      this.#playoutsMs[slot] = Math.min(this.#playoutsMs[slot], this.#playoutsMs[this.#slotAt(position + 1)]);
    }
    for (let i = position - 1; i >= 0; i--) {
      const before = this.#slotAt(i);
      if (this.#playoutsMs[before] <= this.#playoutsMs[slot]) break;
      this.#playoutsMs[before] = this.#playoutsMs[slot];
    }
  }

  /** Takes the head out into the object that is given to the caller. */
  #take(slot: number): void {
    const packet = this.#packet;
    packet.index = this.#indexes[slot];
    packet.timestampTicks = this.#timestamps[slot];
    packet.arrivalMs = this.#arrivalsMs[slot];
    packet.isRepaired = this.#repaired[slot] === 1;
    packet.start = slot * this.#options.slotBytes;
    packet.end = packet.start + this.#lengths[slot];
    this.#head = (this.#head + 1) % this.#options.capacity;
    this.#size--;
    this.#free[this.#options.capacity - this.#size - 1] = slot;
    this.#nextIndex = packet.index + 1;
    this.#played.add(packet.index);
    this.#counters.played++;
  }
}
