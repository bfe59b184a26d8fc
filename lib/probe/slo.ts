/**
 * Service levels: `p99<50ms,loss<1%`.
 *
 * ```
 * levels  = level *("," level)      level = [class] metric op number unit        op = < | <= | > | >=
 * class   = "pr0-" ... "pr3-"       of one priority alone; only where packets have priorities
 * metric  = ["planned-"] (p50 p95 p99.9 ... | min | mean | median | max | stddev) | jitter     unit us ms s
 *         | loss | late | duplicates | reordered                                               unit %
 * ```
 *
 * A metric of time is that from the moment of sending; with `planned-` from the moment when it was due.
 */
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { samplesFor } from "./confidence.ts";
import type { DelayStatistics } from "./delay_statistics.ts";
import type { ProbeRun } from "./probe_run.ts";

const MOMENTS = ["min", "mean", "median", "max", "stddev"] as const;
const RATIOS = ["loss", "late", "duplicates", "reordered"] as const;

type Moment = (typeof MOMENTS)[number];
export type Ratio = (typeof RATIOS)[number];
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
  /** PR, 0..3, where the level is of one class; undefined: of everything. */
  readonly priority: number | undefined;
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

/** What levels are held against. */
export interface SloFigures {
  readonly fromSent: DelayStatistics;
  readonly fromPlanned: DelayStatistics;
  readonly jitterMs: number | undefined;
  /** What is measured and what is {@link decided}, for people: answers, probes. */
  readonly names: { readonly measured: string; readonly decided: string };
  /** How many are known to have arrived or not. */
  readonly decided: number;
  /** Of the decided, 0..1; undefined where there are none. */
  ratio(name: Ratio): number | undefined;
}

const LEVEL = /^(?:pr([0-3])-)?([a-z][a-z-]*[0-9.]*)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s|%)?$/;
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
  const [, priority, name, operator, number, unit] = match;
  const metric = parseMetric(name);
  if (metric === undefined) {
    return `unknown metric '${name}': p50 ... p99.99, ${MOMENTS.join(", ")}, jitter, ${RATIOS.join(", ")}`;
  }
  const isRatio = metric.kind === "ratio";
  if (isRatio !== (unit === "%") || unit === undefined) {
    return isRatio ? "its limit is in %: loss<1%" : "its limit is in us, ms or s: p99<50ms";
  }
  const limit = isRatio ? Number(number) / 100 : Number(number) * UNIT_IN_MS[unit];
  return {
    text,
    priority: priority === undefined ? undefined : Number(priority),
    metric,
    operator: operator as Operator,
    limit,
  };
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

/** Holds figures against levels; `classes` are those of each PR, for the levels of one. */
export function judgeSlo(
  levels: readonly SloLevel[],
  figures: SloFigures,
  classes: readonly SloFigures[] = [],
): readonly SloVerdict[] {
  return levels.map((level) => {
    const of = level.priority === undefined ? figures : classes[level.priority];
    if (of === undefined) return { level, verdict: "undecided", measured: undefined, why: "there are no priorities" };
    const measured = measure(level.metric, of);
    const need = answersFor(level);
    const isRatio = level.metric.kind === "ratio";
    const got = isRatio ? of.decided : of.fromSent.count;
    if (measured === undefined || (got < need && !isPastSaving(level, measured, got, need))) {
      const what = isRatio ? of.names.decided : of.names.measured;
      return { level, verdict: "undecided", measured, why: `needs ${need} ${what}, got ${got}` };
    }
    return { level, verdict: compare(measured, level.operator, level.limit) ? "met" : "missed", measured };
  });
}

/** The figures of a prober's run. */
export function probeFigures(run: ProbeRun): SloFigures {
  const { fromSent, fromPlanned, counters } = run;
  // Of the probes whose time is over.
  const decided = counters.asked - run.pending;
  const { lossRatio, jitterMs } = run.summary();
  return {
    fromSent,
    fromPlanned,
    jitterMs,
    names: { measured: "answers", decided: "probes" },
    decided,
    ratio: (name) => decided === 0 ? undefined : name === "loss" ? lossRatio : counters[name] / decided,
  };
}

/** More are missing already than the limit allows to be, if all further probes went well. */
function isPastSaving({ metric, operator, limit }: SloLevel, measured: number, got: number, need: number): boolean {
  return metric.kind === "ratio" && operator.startsWith("<") && measured * got > limit * need;
}

function measure(metric: SloMetric, figures: SloFigures): number | undefined {
  const delays = "fromPlanned" in metric && metric.fromPlanned ? figures.fromPlanned : figures.fromSent;
  switch (metric.kind) {
    case "percentile":
      return delays.percentile(metric.percent).ms;
    case "moment":
      return delays.summary()?.[`${metric.moment}Ms`];
    case "jitter":
      return figures.jitterMs;
    case "ratio":
      return figures.ratio(metric.ratio);
  }
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
