/** How much of something there was per second, over the last while: bytes, packets, frames. Constant memory. */

const BUCKETS = 20;

/** Sums amounts in twenty buckets over a sliding window. Times must not go back by more than a window. */
export class RateWindow {
  readonly #bucketMs: number;
  readonly #sums = new Float64Array(BUCKETS);
  /** Number of the newest bucket: its time divided by the bucket's length. */
  #newest = -Infinity;
  #firstMs = NaN;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  add(amount: number, nowMs: number): void {
    const bucket = this.#advance(nowMs);
    if (Number.isNaN(this.#firstMs)) this.#firstMs = nowMs;
    if (bucket > this.#newest - BUCKETS) this.#sums[((bucket % BUCKETS) + BUCKETS) % BUCKETS] += amount;
  }

  /**
   * Amount per second over the window that ends at `nowMs`, or over the time since the first amount where that is
   * shorter; undefined within the first two buckets' time, when there is nothing to divide by.
   */
  perSecond(nowMs: number): number | undefined {
    this.#advance(nowMs);
    const spanMs = Math.min(nowMs - this.#firstMs, (BUCKETS - 1) * this.#bucketMs + (nowMs % this.#bucketMs));
    if (!(spanMs >= 2 * this.#bucketMs)) return undefined;
    let sum = 0;
    for (const part of this.#sums) sum += part;
    return (sum * 1000) / spanMs;
  }

  /** Clears the buckets that time has passed over; answers the number of the bucket of `nowMs`. */
  #advance(nowMs: number): number {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    if (bucket > this.#newest) {
      const passed = Math.min(BUCKETS, bucket - this.#newest);
      for (let i = 0; i < passed; i++) this.#sums[(((bucket - i) % BUCKETS) + BUCKETS) % BUCKETS] = 0;
      this.#newest = bucket;
    }
    return bucket;
  }
}
