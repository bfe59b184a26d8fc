/** The seed specification's rule, as it stands there (SPEC §9.1): one set of metrics in, one word out. */

export interface AdaptationMetrics {
  /** Share of packets lost, 0..1. */
  readonly packetLoss: number;
  /** Round-trip time in ms. */
  readonly rttMs: number;
  /** Share of the processor time that the sender can have, 0..1. */
  readonly cpu: number;
}

export type Adaptation = "lower" | "current" | "higher";

/**
 * The seed's `adapt_quality`. Comparisons are strict: a value at a bound, and one that is not a number, decides nothing.
 * SPEC ARC-QUALITY-rule-lower, ARC-QUALITY-rule-higher, ARC-QUALITY-rule-current.
 */
export function adaptQuality(metrics: AdaptationMetrics): Adaptation {
  if (metrics.packetLoss > 0.05 || metrics.rttMs > 100) return "lower";
  if (metrics.packetLoss < 0.01 && metrics.rttMs < 50 && metrics.cpu < 0.5) return "higher";
  return "current";
}
