/** Two ways to the same peer, probed in pairs: how much slower one is, and how sure that is. */
import { medianRanks, MIN_FOR_MEDIAN } from "./confidence.ts";
import { DelayHistogram } from "./delay_histogram.ts";

/** Of many differences `other - reference` in ms; positive: the reference is faster. */
export interface PairedDifference {
  readonly pairs: number;
  readonly meanMs: number;
  readonly medianMs: number;
  /** Bounds of the true median at 95 % confidence; undefined for fewer than {@link MIN_FOR_MEDIAN} pairs. */
  readonly lowMs: number | undefined;
  readonly highMs: number | undefined;
  /** Of each difference with the one before, -1..1: where it is positive the bounds are widened for it. */
  readonly correlation: number;
}

export type DifferenceVerdict =
  | "slower"
  | "faster"
  /** The bounds enclose 0. */
  | "no-difference"
  /** There is a difference, but a smaller one than our own noise. */
  | "within-noise"
  | "too-few-pairs";

/** `noiseMs` is the delay that this program measures where there is none. */
export function judgeDifference(difference: PairedDifference, noiseMs: number): DifferenceVerdict {
  const { lowMs, highMs } = difference;
  if (lowMs === undefined || highMs === undefined) return "too-few-pairs";
  if (lowMs <= 0 && highMs >= 0) return "no-difference";
  const surelyMs = Math.min(Math.abs(lowMs), Math.abs(highMs));
  if (surelyMs <= noiseMs) return "within-noise";
  return lowMs > 0 ? "slower" : "faster";
}

/** Signed differences in constant memory. */
export class DifferenceStatistics {
  readonly #above = new DelayHistogram();
  readonly #below = new DelayHistogram();
  #count = 0;
  #meanMs = 0;
  #squares = 0;
  /** Sums for the correlation of neighbours, about the first difference, so that large offsets cancel. */
  #firstMs = 0;
  #lastMs = NaN;
  #sumMs = 0;
  #products = 0;

  get count(): number {
    return this.#count;
  }

  record(differenceMs: number): void {
    if (Number.isNaN(differenceMs)) return;
    if (this.#count === 0) this.#firstMs = differenceMs;
    (differenceMs < 0 ? this.#below : this.#above).record(Math.abs(differenceMs));
    this.#count++;
    const fromOldMean = differenceMs - this.#meanMs;
    this.#meanMs += fromOldMean / this.#count;
    this.#squares += fromOldMean * (differenceMs - this.#meanMs);
    const shifted = differenceMs - this.#firstMs;
    this.#sumMs += shifted;
    if (!Number.isNaN(this.#lastMs)) this.#products += shifted * this.#lastMs;
    this.#lastMs = shifted;
  }

  /** Undefined while empty. */
  summary(): PairedDifference | undefined {
    if (this.#count === 0) return undefined;
    const correlation = this.#correlation();
    const ranks = medianRanks(this.#count, correlation);
    return {
      pairs: this.#count,
      meanMs: this.#meanMs,
      medianMs: this.#atRank(Math.ceil(this.#count / 2)),
      lowMs: ranks === undefined ? undefined : this.#atRank(ranks.low),
      highMs: ranks === undefined ? undefined : this.#atRank(ranks.high),
      correlation,
    };
  }

  #atRank(rank: number): number {
    const negative = this.#below.count;
    const ms = rank <= negative ? this.#below.atRankMs(negative - rank + 1) : this.#above.atRankMs(rank - negative);
    return rank <= negative ? -(ms ?? NaN) : ms ?? NaN;
  }

  #correlation(): number {
    if (this.#count < MIN_FOR_MEDIAN || this.#squares === 0) return 0;
    const mean = this.#sumMs / this.#count;
    const covariance = this.#products / (this.#count - 1) - mean * mean;
    return Math.max(-1, Math.min(1, covariance / (this.#squares / this.#count)));
  }
}

/** Rounds whose answers may still be waited for. */
const ROUNDS_KEPT = 1024;

/** Pairs the answers of each round with that of target 0, the reference. */
export class PairedComparison {
  readonly #targets: number;
  readonly #rounds = new Float64Array(ROUNDS_KEPT).fill(-1);
  readonly #delaysMs: Float64Array;
  readonly #differences: readonly DifferenceStatistics[];

  constructor(targets: number) {
    this.#targets = targets;
    this.#delaysMs = new Float64Array(ROUNDS_KEPT * targets);
    this.#differences = Array.from({ length: targets }, () => new DifferenceStatistics());
  }

  /** A target has answered in a round, once. Without the other's answer there is no pair. */
  record(round: number, target: number, delayMs: number): void {
    const slot = round % ROUNDS_KEPT;
    const at = slot * this.#targets;
    if (this.#rounds[slot] > round) return;
    if (this.#rounds[slot] < round) {
      this.#rounds[slot] = round;
      this.#delaysMs.fill(NaN, at, at + this.#targets);
    }
    this.#delaysMs[at + target] = delayMs;
    const referenceMs = this.#delaysMs[at];
    for (let other = 1; other < this.#targets; other++) {
      // `record` leaves out what is no number: the half of a pair.
      if (target === 0 || target === other) this.#differences[other].record(this.#delaysMs[at + other] - referenceMs);
    }
  }

  /** Of a target against target 0; undefined before the first pair. */
  difference(target: number): PairedDifference | undefined {
    return this.#differences[target].summary();
  }
}
