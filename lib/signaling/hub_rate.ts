/** The rate limit of a hub: a token bucket that bursts of twice the rate pass. SPEC ARC-TRANSPORT-server-rate. */
export class HubRate {
  readonly #perSecond: number;
  #tokens: number;
  #refilledMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = 2 * perSecond;
    this.#refilledMs = nowMs;
  }

  /** Takes one out; false when there is none. */
  admit(nowMs: number): boolean {
    const rate = this.#perSecond;
    this.#tokens = Math.min(2 * rate, this.#tokens + ((nowMs - this.#refilledMs) * rate) / 1000);
    this.#refilledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** More than half of what a burst may take is left. */
  get isCalm(): boolean {
    return this.#tokens > this.#perSecond;
  }
}
