/** Keeps the suite below the rates that a target allows one address, over all cases that run at once. */
import type { Clock } from "../../lib/net/clock.ts";

export class Pace {
  readonly #perSecond: number;
  readonly #burst: number;
  /** When the next one would leave if there were no bursts, on the clock of the first call. */
  #dueMs = -Infinity;

  /** So many a second, after `burst` at once. */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** How long the next one has to wait, which is then taken to have left. */
  takeMs(nowMs: number): number {
    const gapMs = 1000 / this.#perSecond;
    this.#dueMs = Math.max(this.#dueMs, nowMs - this.#burst * gapMs) + gapMs;
    return Math.max(0, this.#dueMs - nowMs);
  }

  async turn(clock: Clock): Promise<void> {
    const waitMs = this.takeMs(clock.nowMs());
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}
