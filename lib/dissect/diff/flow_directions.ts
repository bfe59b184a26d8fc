/**
 * Which way the flows of two captures go: from A to B, or from B to A.
 *
 * Clocks that disagree hide it: what takes 20 ms to a clock that is a second slow seems to arrive before it was sent. But of
 * the two directions of a conversation the one towards B has the greater difference (time at B less time at A), by a
 * round trip. A flow without its other direction is like those that have it, or, with none to compare, like two
 * clocks that agree.
 */
import { originDistanceS, type UnitTape } from "./unit_tape.ts";

export type DiffDirection = "a>b" | "b>a";

export interface FlowDirections {
  /** By flow; those without a unit in both captures are not there. */
  readonly a: ReadonlyMap<number, DiffDirection>;
  readonly b: ReadonlyMap<number, DiffDirection>;
  /** True where nothing but agreeing clocks told a direction. */
  readonly isAssumed: boolean;
}

interface FlowMatches {
  /** Seconds at B less seconds at A. */
  readonly differencesS: number[];
  /** Flows of B that have its units, and how many. */
  readonly seenIn: Map<number, number>;
}

/** `matchOfA` has for each unit of A its match in B, or -1. */
export function flowDirections(a: UnitTape, b: UnitTape, matchOfA: Int32Array): FlowDirections {
  const flows = matchedFlows(a, b, matchOfA);
  const medians = new Map([...flows].map(([flow, { differencesS }]) => [flow, median(differencesS)]));
  const directions = new Map<number, DiffDirection>();
  for (const [flow, own] of medians) {
    const other = medians.get(flow ^ 1);
    if (other !== undefined && other !== own) directions.set(flow, own > other ? "a>b" : "b>a");
  }
  const known = [...directions];
  const there = known.filter(([, way]) => way === "a>b").map(([flow]) => medians.get(flow) ?? 0);
  const back = known.filter(([, way]) => way === "b>a").map(([flow]) => medians.get(flow) ?? 0);
  let isAssumed = false;
  for (const [flow, own] of medians) {
    if (directions.has(flow)) continue;
    isAssumed ||= known.length === 0;
    const middle = known.length === 0 ? 0 : (median(there) + median(back)) / 2;
    directions.set(flow, own >= middle ? "a>b" : "b>a");
  }
  return { a: directions, b: seenDirections(flows, directions), isAssumed };
}

function matchedFlows(a: UnitTape, b: UnitTape, matchOfA: Int32Array): Map<number, FlowMatches> {
  const flows = new Map<number, FlowMatches>();
  const apartS = originDistanceS(a, b);
  matchOfA.forEach((j, i) => {
    if (j < 0) return;
    const { flow } = a.groups[a.groupOf[i]];
    let matches = flows.get(flow);
    if (matches === undefined) flows.set(flow, matches = { differencesS: [], seenIn: new Map() });
    matches.differencesS.push(apartS + b.timesS[j] - a.timesS[i]);
    const seenIn = b.groups[b.groupOf[j]].flow;
    matches.seenIn.set(seenIn, (matches.seenIn.get(seenIn) ?? 0) + 1);
  });
  return flows;
}

/** A flow of B goes as most of its units do in A. */
function seenDirections(
  flows: ReadonlyMap<number, FlowMatches>,
  directions: ReadonlyMap<number, DiffDirection>,
): ReadonlyMap<number, DiffDirection> {
  const votes = new Map<number, number>();
  for (const [flow, { seenIn }] of flows) {
    const sign = directions.get(flow) === "a>b" ? 1 : -1;
    for (const [seen, count] of seenIn) votes.set(seen, (votes.get(seen) ?? 0) + sign * count);
  }
  return new Map([...votes].map(([flow, vote]) => [flow, vote >= 0 ? "a>b" : "b>a"]));
}

/** Of at least one value. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1];
}
