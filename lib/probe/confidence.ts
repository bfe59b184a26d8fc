/** How much may be said of how many samples, at 95 % confidence and without assuming a distribution. */

const CONFIDENCE = 0.95;
/** Two-sided normal quantile of {@link CONFIDENCE}. */
const Z = 1.959964;

/**
 * How many samples a percentile needs before it is stated: so many that with 95 % confidence the largest of them lies
 * above it (`1 - p^n >= 0.95`). 5 for the median, 299 for p99, 29,956 for p99.99.
 */
export function samplesFor(percent: number): number {
  return Math.ceil(Math.log(1 - CONFIDENCE) / Math.log(percent / 100));
}

/** Fewest samples whose smallest and largest enclose the median with 95 % confidence: `2 (1/2)^n <= 0.05`. */
export const MIN_FOR_MEDIAN = 6;

/**
 * Ranks (1-based) of the two of `count` sorted samples that enclose the true median with 95 % confidence; undefined for
 * fewer than {@link MIN_FOR_MEDIAN}. `correlation` is that of neighbouring samples: positive, it says that they repeat
 * one another, and widens the interval as if there were fewer.
 */
export function medianRanks(count: number, correlation = 0): { low: number; high: number } | undefined {
  if (count < MIN_FOR_MEDIAN) return undefined;
  const low = count <= 1000 ? exactLowRank(count) : Math.floor((count - Z * Math.sqrt(count)) / 2);
  const rho = Math.min(0.99, Math.max(0, correlation));
  const middle = (count + 1) / 2;
  const halfWidth = (middle - low) * Math.sqrt((1 + rho) / (1 - rho));
  const widened = Math.max(1, Math.floor(middle - halfWidth));
  return { low: widened, high: count + 1 - widened };
}

/** The largest rank below which a binomial(count, 1/2) falls with a probability of at most 2.5 %. */
function exactLowRank(count: number): number {
  // 2^-1000 is still a double.
  let term = 2 ** -count;
  let sum = term;
  let rank = 0;
  while (sum <= (1 - CONFIDENCE) / 2) {
    rank++;
    term *= (count - rank + 1) / rank;
    sum += term;
  }
  return rank;
}
