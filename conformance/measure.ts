/** What a case has measured: every report tells it. A figure over its bound is a breach of the case's rule, which is a MAY. */
import type { BreachRecord } from "./results.ts";

export interface Measure {
  /** Distinct in its case: `delay p99`. */
  readonly name: string;
  readonly value: number;
  /** `ms`, `1/s`, or what is counted. */
  readonly unit: string;
  /** What the specification wants it to be at most; absent where it wants nothing. */
  readonly most?: number;
}

/** A part of the latency budget, SPEC 12.4: half of all within the target, 99 of 100 within the maximum; milliseconds. */
export interface Budget {
  readonly target: number;
  readonly maximum: number;
}

export const BUDGETS = {
  encoding: { target: 10, maximum: 20 },
  routing: { target: 1, maximum: 5 },
  decoding: { target: 10, maximum: 20 },
  total: { target: 50, maximum: 100 },
} as const satisfies Readonly<Record<string, Budget>>;

/** Median and 99th percentile of what something took; nothing of nothing. */
export function delays(name: string, valuesMs: readonly number[], { target, maximum }: Budget): readonly Measure[] {
  if (valuesMs.length === 0) return [];
  const sorted = valuesMs.toSorted((a, b) => a - b);
  // The least value that so many are not above.
  const below = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return [
    { name: `${name} p50`, value: below(0.5), unit: "ms", most: target },
    { name: `${name} p99`, value: below(0.99), unit: "ms", most: maximum },
  ];
}

export function isOver({ value, most }: Measure): boolean {
  return most !== undefined && !(value <= most);
}

export function overruns(measures: readonly Measure[]): readonly BreachRecord[] {
  return measures.filter(isOver).map((measure) => ({
    at: measure.name,
    expected: `at most ${measure.most} ${measure.unit}`,
    got: `${figure(measure.value)} ${measure.unit}`,
  }));
}

/** ` (at most 5 ms)`, and whether it is more; empty where nothing is wanted. */
export function boundText(measure: Measure): string {
  const { most, unit } = measure;
  return most === undefined ? "" : ` (at most ${figure(most)} ${unit}${isOver(measure) ? ": over" : ""})`;
}

/** Three digits that count. */
export function figure(value: number): string {
  return Math.abs(value) >= 100 || value === 0 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
