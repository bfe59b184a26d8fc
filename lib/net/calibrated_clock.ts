import type { Clock } from "./clock.ts";

/** Ticks of the wall clock that are watched: one of them is hardly disturbed. */
const TICKS = 5;

/**
 * A clock whose Unix time is right to a few microseconds, for holding others' clocks against: `Date.now` counts whole
 * milliseconds, so the moment is caught at which it changes. Takes some milliseconds to make.
 */
export function calibratedClock(): Clock {
  let tightestMs = Infinity;
  let unixOffsetMs = 0;
  for (let i = 0; i < TICKS; i++) {
    const startUnixMs = Date.now();
    let beforeMs = performance.now();
    for (;;) {
      const unixMs = Date.now();
      const afterMs = performance.now();
      if (unixMs !== startUnixMs) {
        if (afterMs - beforeMs < tightestMs) {
          tightestMs = afterMs - beforeMs;
          unixOffsetMs = unixMs - (beforeMs + afterMs) / 2;
        }
        break;
      }
      beforeMs = afterMs;
    }
  }
  return { nowMs: () => performance.now(), unixOffsetMs };
}
