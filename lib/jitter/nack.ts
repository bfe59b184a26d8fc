/**
 * When to ask for a packet again (SPEC §10.2): a gap is asked for once 3 later packets have come or 5 ms have passed, again
 * after each round trip, 3 times in all, and never once its playout time has passed.
 */

/** SPEC ARC-LOSS-nack-delay. */
export const NACK_AFTER_PACKETS = 3;
export const NACK_AFTER_MS = 5;
/** SPEC ARC-LOSS-nack-retry. */
export const NACK_TRIES = 3;

/** Says until when a missing packet is of use; the jitter buffer does. Undefined: of none any more. */
export interface PlayoutClock {
  playoutTimeMs(index: number): number | undefined;
}

const NOTHING: readonly number[] = [];

/** One scheduler per SSRC. Memory is constant; of a gap beyond the capacity only the newest packets are asked for. */
export class NackScheduler {
  readonly #capacity: number;
  #highestIndex = NaN;

  // Missing packets by ascending index, `#size` of them.
  readonly #indexes: Float64Array;
  readonly #dueMs: Float64Array;
  readonly #laterPackets: Uint8Array;
  readonly #tries: Uint8Array;
  #size = 0;

  constructor(capacity = 256) {
    this.#capacity = capacity;
    this.#indexes = new Float64Array(capacity);
    this.#dueMs = new Float64Array(capacity);
    this.#laterPackets = new Uint8Array(capacity);
    this.#tries = new Uint8Array(capacity);
  }

  /** Packets that are missed and may still be asked for. */
  get missing(): number {
    return this.#size;
  }

  /** A packet has come, in whatever way: gaps before it show, a gap that it fills closes. SPEC ARC-LOSS-detect. */
  handle(index: number, nowMs: number): void {
    if (index > this.#highestIndex) {
      this.#addGap(this.#highestIndex + 1, index, nowMs);
      this.#highestIndex = index;
    } else if (Number.isNaN(this.#highestIndex)) this.#highestIndex = index;
    let kept = 0;
    for (let i = 0; i < this.#size; i++) {
      if (this.#indexes[i] === index) continue;
      if (this.#indexes[i] < index && this.#laterPackets[i] < NACK_AFTER_PACKETS) {
        this.#laterPackets[i]++;
        if (this.#laterPackets[i] === NACK_AFTER_PACKETS && this.#tries[i] === 0) this.#dueMs[i] = nowMs;
      }
      this.#move(i, kept++);
    }
    this.#size = kept;
  }

  /**
   * The sequence numbers to ask for at `nowMs`, ascending; they count as asked for. Those whose time is over are
   * forgotten. SPEC ARC-LOSS-nack-deadline.
   */
  poll(nowMs: number, rttMs: number, clock: PlayoutClock): readonly number[] {
    let wanted: number[] | undefined;
    let kept = 0;
    for (let i = 0; i < this.#size; i++) {
      const playoutMs = clock.playoutTimeMs(this.#indexes[i]);
      if (playoutMs === undefined || playoutMs <= nowMs) continue;
      if (this.#dueMs[i] <= nowMs) {
        wanted ??= [];
        wanted.push(this.#indexes[i] % 0x1_0000);
        this.#tries[i]++;
        this.#dueMs[i] = nowMs + Math.max(1, rttMs);
        if (this.#tries[i] === NACK_TRIES) continue;
      }
      this.#move(i, kept++);
    }
    this.#size = kept;
    return wanted ?? NOTHING;
  }

  /** When {@link poll} will have something; undefined while nothing is missed. */
  nextTimeoutMs(): number | undefined {
    if (this.#size === 0) return undefined;
    let dueMs = Infinity;
    for (let i = 0; i < this.#size; i++) dueMs = Math.min(dueMs, this.#dueMs[i]);
    return dueMs;
  }

  #addGap(from: number, end: number, nowMs: number): void {
    const first = Math.max(from, end - this.#capacity);
    const overflow = this.#size + (end - first) - this.#capacity;
    if (overflow > 0) this.#forgetOldest(overflow);
    for (let index = first; index < end; index++, this.#size++) {
      this.#indexes[this.#size] = index;
      this.#dueMs[this.#size] = nowMs + NACK_AFTER_MS;
      this.#laterPackets[this.#size] = 0;
      this.#tries[this.#size] = 0;
    }
  }

  #forgetOldest(count: number): void {
    for (let i = count; i < this.#size; i++) this.#move(i, i - count);
    this.#size -= count;
  }

  #move(from: number, to: number): void {
    this.#indexes[to] = this.#indexes[from];
    this.#dueMs[to] = this.#dueMs[from];
    this.#laterPackets[to] = this.#laterPackets[from];
    this.#tries[to] = this.#tries[from];
  }
}
