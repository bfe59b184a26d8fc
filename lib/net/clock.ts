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

export function systemClock(): Clock {
  return { nowMs: () => performance.now(), unixOffsetMs: Date.now() - performance.now() };
}
