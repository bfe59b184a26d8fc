/** The protocol's end-to-end latency budget, held against what probing from outside can know of it. */
import type { DelaySummary } from "./delay_statistics.ts";

export interface BudgetRow {
  readonly component: string;
  readonly targetMs: number;
  readonly maximumMs: number;
  readonly verdict: BudgetVerdict;
  /** What was measured, or why it cannot be from here. */
  readonly words: string;
}

export type BudgetVerdict =
  | "within-target"
  | "within-maximum"
  | "over-maximum"
  /** Measured, but it can be either. */
  | "undecided"
  | "not-measurable";

const ROWS = [
  ["Encoding", 10, 20],
  ["Network", 20, 50],
  ["Routing", 1, 5],
  ["Decoding", 10, 20],
  ["Buffering", 5, 10],
  ["Total", 50, 100],
] as const;

type Component = (typeof ROWS)[number][0];

type Judgement = Pick<BudgetRow, "verdict" | "words">;

/** What was measured: round trips, and single ways through a relay where both ends were ours. */
export interface BudgetFigures {
  readonly fromSent: DelaySummary | undefined;
  readonly oneWay: DelaySummary | undefined;
}

/** The rows in the seed's order. */
export function judgeBudget(figures: BudgetFigures): readonly BudgetRow[] {
  return ROWS.map(([component, targetMs, maximumMs]) => ({
    component,
    targetMs,
    maximumMs,
    ...judge(component, targetMs, maximumMs, figures),
  }));
}

function judge(component: Component, targetMs: number, maximumMs: number, figures: BudgetFigures): Judgement {
  const { fromSent: trips, oneWay } = figures;
  switch (component) {
    case "Encoding":
    case "Decoding":
      return unmeasurable("it happens inside of a peer");
    case "Routing":
      return judgeRouting(targetMs, maximumMs, oneWay);
    case "Buffering":
      return unmeasurable(variation(trips));
    case "Total":
      return judgeTotal(maximumMs, trips);
    case "Network":
      return oneWay === undefined ? judgeNetwork(targetMs, maximumMs, trips) : judgeOneWay(targetMs, maximumMs, oneWay);
  }
}

/**
 * One way cannot be had from round trips (half of one is a guess), but bounds can: neither way takes longer than both,
 * and one of them takes at least half.
 */
function judgeNetwork(targetMs: number, maximumMs: number, trips: DelaySummary | undefined): Judgement {
  if (trips === undefined) return { verdict: "undecided", words: "nothing was answered" };
  const { name, ms } = typical(trips);
  const both = `round trip ${name} ${round(ms)} ms`;
  if (ms <= targetMs) return { verdict: "within-target", words: `${both}: neither way takes longer` };
  if (ms / 2 > maximumMs) {
    return { verdict: "over-maximum", words: `${both}: one of the ways takes at least half of it` };
  }
  if (ms <= maximumMs) return { verdict: "within-maximum", words: `${both}: neither way takes longer` };
  return { verdict: "undecided", words: `${both}: how it divides between the ways is not known` };
}

/** Measured by one clock at both ends. */
function judgeOneWay(targetMs: number, maximumMs: number, oneWay: DelaySummary): Judgement {
  const { name, ms } = typical(oneWay);
  const verdict = ms <= targetMs ? "within-target" : ms <= maximumMs ? "within-maximum" : "over-maximum";
  return { verdict, words: `one way through the relay, ${name} ${round(ms)} ms` };
}

/** A relay takes no longer to route than the whole way through it. */
function judgeRouting(targetMs: number, maximumMs: number, oneWay: DelaySummary | undefined): Judgement {
  if (oneWay === undefined) return unmeasurable("it takes the way through a relay: relay://host:port");
  const { name, ms } = typical(oneWay);
  const words = `less than one way through the relay, ${name} ${round(ms)} ms`;
  if (ms <= maximumMs) return { verdict: ms <= targetMs ? "within-target" : "within-maximum", words };
  return { verdict: "undecided", words: `${words}: the network's part in it is not known` };
}

function judgeTotal(maximumMs: number, trips: DelaySummary | undefined): Judgement {
  if (trips !== undefined && typical(trips).ms / 2 > maximumMs) {
    return { verdict: "over-maximum", words: "the network alone takes more, one way or the other" };
  }
  return unmeasurable("its parts inside of the peers are missing");
}

function unmeasurable(why: string): Judgement {
  return { verdict: "not-measurable", words: `not measurable from here: ${why}` };
}

/** p99 where there are enough answers for it, else the median. */
function typical(trips: DelaySummary): { name: string; ms: number } {
  const p99 = trips.percentiles.find(({ percent }) => percent === 99)?.ms;
  return p99 === undefined ? { name: "median", ms: trips.medianMs } : { name: "p99", ms: p99 };
}

function variation(trips: DelaySummary | undefined): string {
  const why = "it is the receiver's choice";
  if (trips === undefined) return why;
  const { name, ms } = typical(trips);
  return `${why}; round trips vary by ${round(ms - trips.minMs)} ms (${name} less min)`;
}

function round(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms.toFixed(1);
}
