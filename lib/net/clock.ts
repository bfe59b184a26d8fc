/**
 * The one clock of a process: monotonic milliseconds for machines, Unix milliseconds for the wire, tied together once
 * so that a stepped wall clock never moves a running session.
 */
export interface Clock {
  /** Monotonic milliseconds, fractional. */
  nowMs(): number;
  /** Unix milliseconds = monotonic + this. */
  readonly unixOffsetMs: number;
}

/** Ticks of the wall clock that are watched: one of them is hardly disturbed. */
const TICKS = 5;

/**
 * The process's clock, its Unix time right to a few microseconds: `Date.now` counts whole milliseconds, so the moment is
 * caught at which it changes. Takes some five milliseconds to make.
 */
export function systemClock(): Clock {
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
