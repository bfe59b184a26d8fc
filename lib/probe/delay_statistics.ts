/** What is said of many delays: moments, percentiles where the count supports them, jitter. */
import { samplesFor } from "./confidence.ts";
import { DelayHistogram } from "./delay_histogram.ts";

export const PERCENTS = [50, 90, 95, 99, 99.9, 99.99] as const;

export interface DelaySummary {
  readonly count: number;
  readonly minMs: number;
  readonly meanMs: number;
  readonly medianMs: number;
  readonly maxMs: number;
  /** Of the sample; undefined for a single delay. */
  readonly stddevMs: number | undefined;
  readonly percentiles: readonly PercentileSummary[];
}

export interface PercentileSummary {
  readonly percent: number;
  /** Undefined where there are fewer delays than it `needs`. */
  readonly ms: number | undefined;
  readonly needs: number;
}

/** Constant memory, whatever the count. */
export class DelayStatistics {
  readonly histogram = new DelayHistogram();
  #meanMs = 0;
  /** Sum of squared distances from the mean (Welford: no cancellation over long runs). */
  #squares = 0;

  get count(): number {
    return this.histogram.count;
  }

  /** Milliseconds; what is no number is left out. */
  record(delayMs: number): void {
    if (Number.isNaN(delayMs)) return;
    this.histogram.record(delayMs);
    const fromOldMean = delayMs - this.#meanMs;
    this.#meanMs += fromOldMean / this.count;
    this.#squares += fromOldMean * (delayMs - this.#meanMs);
  }

  /** A percentile, where the count supports it. */
  percentile(percent: number): PercentileSummary {
    const needs = samplesFor(percent);
    return { percent, ms: this.count < needs ? undefined : this.histogram.percentileMs(percent), needs };
  }

  /** Undefined while empty. */
  summary(): DelaySummary | undefined {
    const { count, minMs, maxMs } = this.histogram;
    if (count === 0) return undefined;
    return {
      count,
      minMs,
      meanMs: this.#meanMs,
      medianMs: this.histogram.percentileMs(50) ?? minMs,
      maxMs,
      stddevMs: count < 2 ? undefined : Math.sqrt(this.#squares / (count - 1)),
      percentiles: PERCENTS.map((percent) => this.percentile(percent)),
    };
  }
}

/**
 * Jitter of RFC 3550 §6.4.1 for what is measured as a whole way in ms: D is the difference of two delays that follow
 * each other in the order of arrival, `J = J + (|D| - J) / 16`. Of round trips it holds both directions.
 */
export class SmoothedJitter {
  #lastMs = NaN;
  #jitterMs = 0;
  #differences = 0;

  handle(delayMs: number): void {
    const difference = Math.abs(delayMs - this.#lastMs);
    this.#lastMs = delayMs;
    if (Number.isNaN(difference)) return;
    this.#differences++;
    this.#jitterMs += (difference - this.#jitterMs) / 16;
  }

  /** Undefined before the second delay. */
  get jitterMs(): number | undefined {
    return this.#differences === 0 ? undefined : this.#jitterMs;
  }
}
