/**
 * Service levels: `p99<50ms,loss<1%`.
 *
 * ```
 * levels  = level *("," level)              level = metric op number unit        op = < | <= | > | >=
 * metric  = ["planned-"] (p50 p95 p99.9 ... | min | mean | median | max | stddev) | jitter     unit us ms s
 *         | loss | late | duplicates | reordered                                               unit %
 * ```
 *
 * A metric of time is that from the moment of sending; with `planned-` from the moment when the probe was due.
 */
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { samplesFor } from "./confidence.ts";
import type { DelayStatistics } from "./delay_statistics.ts";
import type { ProbeRun } from "./probe_run.ts";

const MOMENTS = ["min", "mean", "median", "max", "stddev"] as const;
const RATIOS = ["loss", "late", "duplicates", "reordered"] as const;

type Moment = (typeof MOMENTS)[number];
type Ratio = (typeof RATIOS)[number];
type Operator = "<" | "<=" | ">" | ">=";

/** Without a limit's unit; limits are in ms, or 0..1. */
export type SloMetric =
  | { readonly kind: "percentile"; readonly percent: number; readonly fromPlanned: boolean }
  | { readonly kind: "moment"; readonly moment: Moment; readonly fromPlanned: boolean }
  | { readonly kind: "jitter" }
  | { readonly kind: "ratio"; readonly ratio: Ratio };

export interface SloLevel {
  /** As it was written. */
  readonly text: string;
  readonly metric: SloMetric;
  readonly operator: Operator;
  /** Milliseconds, or a ratio 0..1. */
  readonly limit: number;
}

export interface SloVerdict {
  readonly level: SloLevel;
  /** `undecided` where the run was too short to tell: never counts as met. */
  readonly verdict: "met" | "missed" | "undecided";
  /** In the unit of the limit; undefined where nothing was measured. */
  readonly measured: number | undefined;
  /** Why it is undecided. */
  readonly why?: string;
}

const LEVEL = /^([a-z][a-z-]*[0-9.]*)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s|%)?$/;
const UNIT_IN_MS: Readonly<Record<string, number>> = { us: 1e-3, "µs": 1e-3, ms: 1, s: 1000 };

/** Fault `bad_value` with the offset of the level that is not understood. */
export function parseSlo(text: string): Parsed<readonly SloLevel[]> {
  const levels: SloLevel[] = [];
  let offset = 0;
  for (const part of text.split(",")) {
    const level = parseLevel(part.trim());
    if (typeof level === "string") return fault("bad_value", `Cannot read '${part.trim()}': ${level}`, { offset });
    levels.push(level);
    offset += part.length + 1;
  }
  return ok(levels);
}

function parseLevel(text: string): SloLevel | string {
  const match = LEVEL.exec(text);
  if (match === null) return "expected a metric, < or >, and a limit: p99<50ms or loss<1%";
  const [, name, operator, number, unit] = match;
  const metric = parseMetric(name);
  if (metric === undefined) {
    return `unknown metric '${name}': p50 ... p99.99, ${MOMENTS.join(", ")}, jitter, ${RATIOS.join(", ")}`;
  }
  const isRatio = metric.kind === "ratio";
  if (isRatio !== (unit === "%") || unit === undefined) {
    return isRatio ? "its limit is in %: loss<1%" : "its limit is in us, ms or s: p99<50ms";
  }
  const limit = isRatio ? Number(number) / 100 : Number(number) * UNIT_IN_MS[unit];
  return { text, metric, operator: operator as Operator, limit };
}

function parseMetric(name: string): SloMetric | undefined {
  const fromPlanned = name.startsWith("planned-");
  const base = fromPlanned ? name.slice("planned-".length) : name;
  const percent = /^p(\d{1,2}(?:\.\d{1,3})?)$/.exec(base);
  if (percent !== null) {
    return Number(percent[1]) > 0 ? { kind: "percentile", percent: Number(percent[1]), fromPlanned } : undefined;
  }
  if (isOneOf(MOMENTS, base)) return { kind: "moment", moment: base, fromPlanned };
  if (fromPlanned) return undefined;
  if (base === "jitter") return { kind: "jitter" };
  return isOneOf(RATIOS, base) ? { kind: "ratio", ratio: base } : undefined;
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}

/** How many answers a level needs before it can be decided. */
export function answersFor({ metric, limit }: SloLevel): number {
  switch (metric.kind) {
    case "percentile":
      return samplesFor(metric.percent);
    // One in so many must be able to show.
    case "ratio":
      return limit > 0 && limit < 1 ? Math.ceil(1 / limit - 1e-9) : 1;
    case "moment":
    case "jitter":
      return metric.kind === "moment" && metric.moment !== "stddev" ? 1 : 2;
  }
}

/** Holds a run against its levels. */
export function judgeSlo(levels: readonly SloLevel[], run: ProbeRun): readonly SloVerdict[] {
  return levels.map((level) => {
    const measured = measure(level.metric, run);
    const need = answersFor(level);
    const { asked, answered } = run.counters;
    const got = level.metric.kind === "ratio" ? asked - run.pending : answered;
    if (measured === undefined || (got < need && !isPastSaving(level, measured, got, need))) {
      const what = level.metric.kind === "ratio" ? "probes" : "answers";
      return { level, verdict: "undecided", measured, why: `needs ${need} ${what}, got ${got}` };
    }
    return { level, verdict: compare(measured, level.operator, level.limit) ? "met" : "missed", measured };
  });
}

/** More are missing already than the limit allows to be, if all further probes went well. */
function isPastSaving({ metric, operator, limit }: SloLevel, measured: number, got: number, need: number): boolean {
  return metric.kind === "ratio" && operator.startsWith("<") && measured * got > limit * need;
}

function measure(metric: SloMetric, run: ProbeRun): number | undefined {
  switch (metric.kind) {
    case "percentile":
      return delays(metric.fromPlanned, run).percentile(metric.percent).ms;
    case "moment":
      return delays(metric.fromPlanned, run).summary()?.[`${metric.moment}Ms`];
    case "jitter":
      return run.summary().jitterMs;
    case "ratio":
      return ratio(metric.ratio, run);
  }
}

function delays(fromPlanned: boolean, run: ProbeRun): DelayStatistics {
  return fromPlanned ? run.fromPlanned : run.fromSent;
}

/** Of the probes whose time is over. */
function ratio(name: Ratio, run: ProbeRun): number | undefined {
  const decided = run.counters.asked - run.pending;
  if (decided === 0) return undefined;
  return name === "loss" ? run.summary().lossRatio : run.counters[name] / decided;
}

function compare(measured: number, operator: Operator, limit: number): boolean {
  switch (operator) {
    case "<":
      return measured < limit;
    case "<=":
      return measured <= limit;
    case ">":
      return measured > limit;
    case ">=":
      return measured >= limit;
  }
}
