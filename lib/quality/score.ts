/** Connection quality as one number for people. */

export interface ScoreInputs {
  /** Share of packets lost, 0..1. */
  readonly loss?: number;
  readonly rttMs?: number;
  readonly jitterMs?: number;
}

/** 0 below `good`, 1 above `bad`, straight between. */
function ramp(value: number, good: number, bad: number): number {
  return Math.min(1, Math.max(0, (value - good) / (bad - good)));
}

/**
 * 100 the best, 0 the worst. Three penalties that grow in straight lines, chosen so that the bounds of the seed's rule
 * come out as steps that people know:
 *
 * ```
 * score = 100 - 60 x ramp(loss, 0, 10 %) - 30 x ramp(RTT, 50 ms, 250 ms) - 10 x ramp(jitter, 5 ms, 50 ms)
 * ```
 *
 * 5 % loss takes 30 points, 100 ms RTT takes 7.5, a jitter at the jitter buffer's maximum takes 10. What was not measured
 * takes none; undefined where nothing was. Rounded to an integer.
 */
export function connectionScore({ loss, rttMs, jitterMs }: ScoreInputs): number | undefined {
  if (loss === undefined && rttMs === undefined && jitterMs === undefined) return undefined;
  const penalty = 60 * ramp(loss ?? 0, 0, 0.1) + 30 * ramp(rttMs ?? 0, 50, 250) + 10 * ramp(jitterMs ?? 0, 5, 50);
  return Math.round(100 - penalty);
}
