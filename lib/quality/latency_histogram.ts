/**
 * Percentiles of delays in constant memory: a histogram whose buckets grow with the value, so that a percentile is within
 * 0.8 % (and 16 us) of the true one.
 *
 * Not `hdr-histogram-js`: it does the same, but brings compression and WebAssembly along and costs more at start-up than
 * all of this folder, for the few calls that are needed here.
 *
 * ```
 * ticks of 1/32 ms   0 ... 63 | 64 ... 127 | 128 ... 255 | 256 ... 511 | ...   up to 65.5 s
 * bucket width          1     |     1      |      2      |      4      | ...   64 buckets for each doubling
 * ```
 */

const TICKS_PER_MS = 32;
const SUB_BUCKETS = 64;
/** log2 of SUB_BUCKETS. */
const SUB_BITS = 6;
/** Doublings covered behind the first SUB_BUCKETS ticks: up to 2^21 ticks. */
const DOUBLINGS = 15;
const MAX_TICKS = SUB_BUCKETS * 2 ** DOUBLINGS - 1;

function bucketOf(ticks: number): number {
  const doubling = 31 - Math.clz32(ticks | (SUB_BUCKETS - 1)) - (SUB_BITS - 1);
  return doubling === 0 ? ticks : doubling * SUB_BUCKETS + (ticks >>> (doubling - 1)) - SUB_BUCKETS;
}

/** The middle of a bucket in ticks. */
function middleOf(bucket: number): number {
  const doubling = bucket >>> SUB_BITS;
  if (doubling === 0) return bucket;
  const width = 2 ** (doubling - 1);
  return (SUB_BUCKETS + (bucket & (SUB_BUCKETS - 1))) * width + (width - 1) / 2;
}

/** Delays below zero, which a clock offset can make, count as zero; those above 65 s as 65 s. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(SUB_BUCKETS * (DOUBLINGS + 1));
  #count = 0;
  #sumMs = 0;
  #minMs = Infinity;
  #maxMs = -Infinity;

  /** Takes a delay in; what is not a number is left out. */
  record(delayMs: number): void {
    if (Number.isNaN(delayMs)) return;
    const ticks = Math.min(MAX_TICKS, Math.max(0, Math.round(delayMs * TICKS_PER_MS)));
    this.#counts[bucketOf(ticks)]++;
    this.#count++;
    this.#sumMs += delayMs;
    if (delayMs < this.#minMs) this.#minMs = delayMs;
    if (delayMs > this.#maxMs) this.#maxMs = delayMs;
  }

  get count(): number {
    return this.#count;
  }

  /** As recorded, without the limits of the buckets; undefined when empty, like all below. */
  get minMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#minMs;
  }

  get maxMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#maxMs;
  }

  get meanMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#sumMs / this.#count;
  }

  /** The smallest delay that at least `percent` (0..100) of all do not exceed (nearest rank). */
  percentileMs(percent: number): number | undefined {
    if (this.#count === 0) return undefined;
    let left = Math.max(1, Math.ceil((percent / 100) * this.#count));
    if (left === this.#count) return this.#maxMs;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket];
      if (left <= 0) return Math.min(this.#maxMs, Math.max(this.#minMs, middleOf(bucket) / TICKS_PER_MS));
    }
    return this.#maxMs;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sumMs = 0;
    this.#minMs = Infinity;
    this.#maxMs = -Infinity;
  }
}
