/** Delays in `--json` documents. */
import type { DelaySummary } from "../../lib/probe/delay_statistics.ts";

/** `null` where nothing was measured; below `floor`, ms, nothing is claimed. */
export function delaysJson(delays: DelaySummary | undefined, floor = 0): object | null {
  if (delays === undefined) return null;
  const { count, minMs, meanMs, medianMs, maxMs, stddevMs, percentiles } = delays;
  const stated = percentiles.filter((percentile) => percentile.ms !== undefined);
  return {
    count,
    min_ms: tidy(minMs),
    mean_ms: tidy(meanMs),
    median_ms: tidy(medianMs),
    max_ms: tidy(maxMs),
    stddev_ms: tidyOrNull(stddevMs),
    percentiles_ms: Object.fromEntries(stated.map(({ percent, ms }) => [`p${percent}`, tidyOrNull(ms)])),
    ...(floor === 0 ? {} : { median_below_floor: medianMs < floor }),
  };
}

/** To a nanosecond: further digits are the arithmetic's own. */
export function tidy(ms: number): number {
  return Math.round(ms * 1e6) / 1e6;
}

export function tidyOrNull(ms: number | undefined): number | null {
  return ms === undefined ? null : tidy(ms);
}
