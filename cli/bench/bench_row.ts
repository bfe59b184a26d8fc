/** What a measurement gives, for the table and for `--json`. */

export const BENCH_AREAS = ["parse", "protect", "unprotect", "relay", "timer", "startup"] as const;

export type BenchArea = (typeof BENCH_AREAS)[number];

export interface BenchRow {
  readonly area: BenchArea;
  /** Backend and suite, or how the work is done. */
  readonly subject: string;
  /** Of the payload; absent where there is no packet. */
  readonly payloadBytes?: number;
  /** Packets, timers or processes that were measured. */
  readonly count: number;
  /** Each with its unit in its name. */
  readonly figures: Readonly<Record<string, number>>;
}

/** What this machine, or its permissions, do not allow. */
export interface BenchGap {
  readonly area: BenchArea;
  readonly subject: string;
  /** One sentence for people. */
  readonly why: string;
}

export type BenchResult = BenchRow | BenchGap;

export const PAYLOAD_SIZES_BYTES = [160, 1200] as const;

/** The value that `percent` of them do not exceed; sorts in place. NaN of nothing. */
export function percentile(values: number[], percent: number): number {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor((values.length * percent) / 100))] ?? NaN;
}

export function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
