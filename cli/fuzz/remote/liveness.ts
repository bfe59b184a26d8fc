/** Is the other side still as it was? Its answers to a canary, and how long they take now and took at first. */
import { Breach } from "../../../lib/fuzz/target.ts";

const BASELINE_SAMPLES = 8;
const RECENT_SAMPLES = 8;
/** So many times slower than at first, and by so many milliseconds at least: noise of a busy machine is neither. */
const SLOWER_TIMES = 20;
const SLOWER_BY_MS = 400;

export class Liveness {
  readonly #baselineMs: number[] = [];
  readonly #recentMs: number[] = [];

  /**
   * Takes the time that a canary's answer needed; undefined: it did not come.
   *
   * @throws Breach for silence, and for a side that has become slow.
   */
  canary(answeredMs: number | undefined, what: string): void {
    if (answeredMs === undefined) throw new Breach("silence", `${what} is not answered any more`);
    if (this.#baselineMs.length < BASELINE_SAMPLES) {
      this.#baselineMs.push(answeredMs);
      return;
    }
    this.#recentMs.push(answeredMs);
    if (this.#recentMs.length > RECENT_SAMPLES) this.#recentMs.shift();
    if (this.#recentMs.length < RECENT_SAMPLES) return;
    const [before, now] = [median(this.#baselineMs), median(this.#recentMs)];
    if (now > SLOWER_TIMES * before && now > before + SLOWER_BY_MS) {
      this.#recentMs.length = 0;
      throw new Breach("slow", `${what} takes ${now.toFixed(1)} ms, at first it took ${before.toFixed(1)} ms`);
    }
  }
}

/** The middle one of at least one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >>> 1];
}
