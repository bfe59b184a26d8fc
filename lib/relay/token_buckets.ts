/** Rounding of times and rates must not keep a packet back for a moment that has come. */
const ROUNDING = 1e-6;

/**
 * Token buckets in arrays, one per session: each gains `perSecond` tokens a second up to what `burstMs` gains, and may
 * be spent from while it is not in debt. Spending may lead into debt, so that a packet needs no look at its own size,
 * and the rate holds in the long run for every packet size.
 */
export class TokenBuckets {
  readonly #perMs: number;
  readonly #depth: number;
  readonly #tokens: Float64Array;
  readonly #refilledMs: Float64Array;

  /** `perSecond` may be Infinity: then every bucket is always ready. */
  constructor(count: number, perSecond: number, burstMs: number) {
    this.#perMs = perSecond / 1000;
    this.#depth = this.#perMs * burstMs;
    this.#tokens = new Float64Array(count);
    this.#refilledMs = new Float64Array(count);
  }

  get isUnlimited(): boolean {
    return this.#perMs === Infinity;
  }

  /** Fills bucket `i` to the brim: somebody new uses it. */
  reset(i: number, nowMs: number): void {
    this.#tokens[i] = this.#perMs === Infinity ? 0 : this.#depth;
    this.#refilledMs[i] = nowMs;
  }

  /** True when bucket `i` may be spent from. */
  isReady(i: number, nowMs: number): boolean {
    return this.#perMs === Infinity || this.#refill(i, nowMs) > -ROUNDING;
  }

  spend(i: number, tokens: number): void {
    if (this.#perMs !== Infinity) this.#tokens[i] -= tokens;
  }

  /** When bucket `i` may be spent from; not after `nowMs` when it may be now. */
  readyAtMs(i: number, nowMs: number): number {
    if (this.#perMs === Infinity) return nowMs;
    const debt = -this.#refill(i, nowMs);
    return debt <= ROUNDING ? nowMs : nowMs + debt / this.#perMs;
  }

  #refill(i: number, nowMs: number): number {
    const gained = Math.max(0, nowMs - this.#refilledMs[i]) * this.#perMs;
    this.#refilledMs[i] = nowMs;
    return this.#tokens[i] = Math.min(this.#depth, this.#tokens[i] + gained);
  }
}
