/**
 * Delays in constant memory, for runs of days: a histogram whose buckets grow with the value, so that every rank is
 * within 0.1 % of the true one from 61 ns to 70 minutes.
 *
 * Own code and not `hdr-histogram-js`: that brings compression and WebAssembly along and counts integers between bounds
 * set beforehand; here is no dependency, no asynchronous step, and the bucket is read off the number's own bits. (The
 * histogram of `quality/` has steps of 31 us, too coarse for a loopback.)
 *
 * ```
 * float64   sign 1 | exponent 11 | mantissa 52      a value's exponent and its first 9 mantissa bits are its bucket:
 *                  '-------- 20 bits of it --'      512 buckets for each doubling, 36 doublings from 2^-14 ms
 * ```
 */

const SUB_BITS = 9;
const LOWEST_EXPONENT = -14;
const DOUBLINGS = 36;
const BUCKETS = DOUBLINGS << SUB_BITS;
/** Bucket number that the lowest value's bits would give: taken off, so that buckets begin at 0. */
const BASE = (1023 + LOWEST_EXPONENT) << SUB_BITS;
/** Bits of the number's upper word below those that choose the bucket. */
const DROPPED_BITS = 20 - SUB_BITS;

const bits = new DataView(new ArrayBuffer(8));

function bucketOf(delayMs: number): number {
  bits.setFloat64(0, delayMs);
  const bucket = (bits.getUint32(0) >>> DROPPED_BITS) - BASE;
  return bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket;
}

function lowerEdgeMs(bucket: number): number {
  bits.setUint32(0, (bucket + BASE) << DROPPED_BITS);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** Takes in delays from 0 up; what is smaller than 61 ns or larger than 70 minutes shares the outermost buckets. */
export class DelayHistogram {
  /** 147 kB, whatever is recorded. */
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #minMs = Infinity;
  #maxMs = -Infinity;

  get count(): number {
    return this.#count;
  }

  /** Exact, like the maximum. Infinity and -Infinity while empty. */
  get minMs(): number {
    return this.#minMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** Counts a delay; below zero is counted as zero, what is no number is left out. */
  record(delayMs: number): void {
    if (Number.isNaN(delayMs)) return;
    const delay = Math.max(0, delayMs);
    this.#counts[bucketOf(delay)]++;
    this.#count++;
    if (delay < this.#minMs) this.#minMs = delay;
    if (delay > this.#maxMs) this.#maxMs = delay;
  }

  /** The `rank`-th smallest delay, 1 being the least. Exact at both ends, within 0.1 % between; undefined outside. */
  atRankMs(rank: number): number | undefined {
    if (!(rank >= 1 && rank <= this.#count)) return undefined;
    if (rank === 1) return this.#minMs;
    if (rank === this.#count) return this.#maxMs;
    let left = rank;
    let bucket = 0;
    for (; bucket < BUCKETS - 1; bucket++) {
      left -= this.#counts[bucket];
      if (left <= 0) break;
    }
    const middleMs = (lowerEdgeMs(bucket) + lowerEdgeMs(bucket + 1)) / 2;
    return Math.min(this.#maxMs, Math.max(this.#minMs, middleMs));
  }

  /** The smallest delay that at least `percent` (0..100) of all do not exceed (nearest rank). */
  percentileMs(percent: number): number | undefined {
    return this.atRankMs(Math.max(1, Math.ceil((percent / 100) * this.#count - 1e-9)));
  }

  /** How many delays lie in buckets that begin in `fromMs` up to, not including, `toMs`: for drawing. */
  countBetween(fromMs: number, toMs: number): number {
    let sum = 0;
    const end = toMs === Infinity ? BUCKETS : bucketOf(toMs);
    for (let bucket = bucketOf(fromMs); bucket < end; bucket++) sum += this.#counts[bucket];
    return sum;
  }
}
