/**
 * Two captures of the same traffic at two places: which unit got lost between them, came twice, late or changed, and how
 * long each took. Both tapes are whole before they are compared.
 */
import { type ClockFit, type ClockPoint, fitClocks } from "./clock_fit.ts";
import { type DiffDirection, type FlowDirections, flowDirections } from "./flow_directions.ts";
import { UnitCopies } from "./unit_copies.ts";
import { originDistanceS, type UnitGroup, type UnitTape } from "./unit_tape.ts";

/** What became of one unit. */
export interface DiffRow {
  readonly direction: DiffDirection;
  readonly group: UnitGroup;
  /** Places on the tapes; undefined where it is not there. */
  readonly a: number | undefined;
  readonly b: number | undefined;
  /**
   * `lost` was sent and did not come; `new` came without having been sent; `outside` would have come while the other capture
   * did not run.
   */
  readonly verdict: "came" | "lost" | "new" | "outside";
  readonly isAltered: boolean;
  /** Behind one that was sent later. */
  readonly isReordered: boolean;
  /** Copies that came beyond those that were sent; below 0 where copies got lost. */
  readonly extraCopies: number;
  /** Above the least of the direction where the clocks' offset is not known. Undefined without both moments. */
  readonly delayS: number | undefined;
}

export interface CaptureDiff {
  readonly clock: ClockFit;
  readonly directions: FlowDirections;
  /** Units that both captures have. */
  readonly matched: number;
  /** Of flows that both captures have: A to B in the order of A, then B to A in the order of B. */
  rows(): Generator<DiffRow>;
  /** Groups that cannot be expected in the other capture, with their units: other flows, and messages for a server or relay. */
  readonly onlyA: readonly GroupCount[];
  readonly onlyB: readonly GroupCount[];
}

export interface GroupCount {
  readonly group: UnitGroup;
  readonly units: number;
}

export function diffCaptures(a: UnitTape, b: UnitTape): CaptureDiff {
  const copiesA = new UnitCopies(a);
  const copiesB = new UnitCopies(b);
  const matchOfA = new Int32Array(a.count).fill(-1);
  const matchOfB = new Int32Array(b.count).fill(-1);
  let matched = 0;
  for (let i = 0; i < a.count; i++) {
    const j = copiesA.isFirst(i) ? copiesB.first(a.keys[i]) : undefined;
    if (j === undefined) continue;
    matchOfA[i] = j;
    matchOfB[j] = i;
    matched++;
  }
  const directions = flowDirections(a, b, matchOfA);
  const pointsOf = (direction: DiffDirection): ClockPoint[] => {
    const points: ClockPoint[] = [];
    matchOfA.forEach((j, i) => {
      if (j < 0 || directions.a.get(flowOf(a, i)) !== direction) return;
      // A unit said several times does not tell which time it is.
      const isOnce = direction === "a>b" ? copiesA.count(i) === 1 : copiesB.count(j) === 1;
      if (!isOnce) return;
      const isAside = a.groups[a.groupOf[i]].transport !== "udp";
      points.push({ x: a.timesS[i], y: originDistanceS(a, b) + b.timesS[j] - a.timesS[i], isAside });
    });
    return points;
  };
  const clock = fitClocks(pointsOf("a>b"), pointsOf("b>a"));
  const sideA: Side = { tape: a, copies: copiesA, matches: matchOfA, flows: directions.a, isA: true };
  const sideB: Side = { tape: b, copies: copiesB, matches: matchOfB, flows: directions.b, isA: false };
  const crossing = crossingGroups(sideA, sideB);
  return {
    clock,
    directions,
    matched,
    *rows() {
      yield* directionRows("a>b", sideA, sideB, clock, crossing);
      yield* directionRows("b>a", sideB, sideA, clock, crossing);
    },
    onlyA: staying(sideA, crossing),
    onlyB: staying(sideB, crossing),
  };
}

interface Side {
  readonly tape: UnitTape;
  readonly copies: UnitCopies;
  readonly matches: Int32Array;
  readonly flows: ReadonlyMap<number, DiffDirection>;
  readonly isA: boolean;
}

function flowOf(tape: UnitTape, at: number): number {
  return tape.groups[tape.groupOf[at]].flow;
}

/** Names of groups that pass from one place to the other: media and RTCP of matched flows, messages of which one did. */
function crossingGroups(sideA: Side, sideB: Side): ReadonlySet<string> {
  const crossing = new Set<string>();
  for (const { tape, matches, flows } of [sideA, sideB]) {
    for (const group of tape.groups) {
      const direction = flows.get(group.flow);
      if (direction !== undefined && group.ssrc !== undefined) crossing.add(groupKey(direction, group));
    }
    matches.forEach((match, i) => {
      const group = tape.groups[tape.groupOf[i]];
      const direction = flows.get(group.flow);
      if (match >= 0 && direction !== undefined) crossing.add(groupKey(direction, group));
    });
  }
  return crossing;
}

/** One name for a group in both captures, whatever the addresses there. */
export function groupKey(direction: DiffDirection, { kind, ssrc, what }: UnitGroup): string {
  return `${direction} ${kind} ${ssrc ?? what}`;
}

function* directionRows(
  direction: DiffDirection,
  sender: Side,
  receiver: Side,
  clock: ClockFit,
  crossing: ReadonlySet<string>,
): Generator<DiffRow> {
  const isLate = lateUnits(direction, sender, receiver);
  const isCrossing = ({ tape, flows }: Side, i: number) => {
    const group = tape.groups[tape.groupOf[i]];
    return flows.get(group.flow) === direction && crossing.has(groupKey(direction, group));
  };
  for (let i = 0; i < sender.tape.count; i++) {
    if (!isCrossing(sender, i)) continue;
    const j = sender.matches[i];
    if (j < 0 && !sender.copies.isFirst(i)) continue;
    const places = sender.isA ? { a: i, b: j } : { a: j, b: i };
    const isThere = j >= 0;
    yield {
      direction,
      group: sender.tape.groups[sender.tape.groupOf[i]],
      a: places.a < 0 ? undefined : places.a,
      b: places.b < 0 ? undefined : places.b,
      verdict: isThere ? "came" : isWithin(sender, receiver, i, direction, clock) ? "lost" : "outside",
      isAltered: isThere && sender.tape.isAltered(i, receiver.tape, j),
      isReordered: isThere && isLate[j] === 1,
      extraCopies: isThere ? receiver.copies.count(j) - sender.copies.count(i) : 0,
      delayS: isThere ? delayOf(places, sender, receiver, direction, clock) : undefined,
    };
  }
  for (let j = 0; j < receiver.tape.count; j++) {
    if (receiver.matches[j] >= 0 || !receiver.copies.isFirst(j) || !isCrossing(receiver, j)) continue;
    yield {
      direction,
      group: receiver.tape.groups[receiver.tape.groupOf[j]],
      a: receiver.isA ? j : undefined,
      b: receiver.isA ? undefined : j,
      verdict: isWithin(receiver, sender, j, direction, clock) ? "new" : "outside",
      isAltered: false,
      isReordered: false,
      extraCopies: 0,
      delayS: undefined,
    };
  }
}

/** Of the receiver's units, those behind one of their group that was sent later. */
function lateUnits(direction: DiffDirection, sender: Side, receiver: Side): Uint8Array {
  const { tape, matches, flows } = receiver;
  const isLate = new Uint8Array(tape.count);
  const latest = new Map<string, number>();
  const keys = tape.groups.map((group) => groupKey(direction, group));
  matches.forEach((i, j) => {
    if (i < 0 || flows.get(flowOf(tape, j)) !== direction || sender.flows.get(flowOf(sender.tape, i)) !== direction) {
      return;
    }
    const key = keys[tape.groupOf[j]];
    const before = latest.get(key) ?? -1;
    if (i < before) isLate[j] = 1;
    else latest.set(key, i);
  });
  return isLate;
}

/** True where the other capture ran when the unit passed there, as the clocks and the least delay say. */
function isWithin(here: Side, there: Side, at: number, direction: DiffDirection, clock: ClockFit): boolean {
  const [a, b] = here.isA ? [here.tape, there.tape] : [there.tape, here.tape];
  const intercept = (direction === "a>b" ? clock.thereS : clock.backS) ?? clock.offsetS ?? 0;
  const apartS = originDistanceS(a, b);
  const own = here.tape.timesS[at];
  const other = here.isA ? own * (1 + clock.skew) + intercept - apartS : (own + apartS - intercept) / (1 + clock.skew);
  return other >= 0 && other <= there.tape.lastS;
}

function delayOf(
  { a, b }: { readonly a: number; readonly b: number },
  sender: Side,
  receiver: Side,
  direction: DiffDirection,
  { offsetS, skew, thereS, backS }: ClockFit,
): number {
  const [tapeA, tapeB] = sender.isA ? [sender.tape, receiver.tape] : [receiver.tape, sender.tape];
  const x = tapeA.timesS[a];
  const y = originDistanceS(tapeA, tapeB) + tapeB.timesS[b] - x - skew * x;
  const zero = offsetS ?? (direction === "a>b" ? thereS : backS) ?? 0;
  return direction === "a>b" ? y - zero : zero - y;
}

function staying({ tape, matches, flows }: Side, crossing: ReadonlySet<string>): GroupCount[] {
  const counts = new Map<UnitGroup, number>();
  matches.forEach((_, i) => {
    const group = tape.groups[tape.groupOf[i]];
    const direction = flows.get(group.flow);
    if (direction !== undefined && crossing.has(groupKey(direction, group))) return;
    counts.set(group, (counts.get(group) ?? 0) + 1);
  });
  return [...counts].map(([group, units]) => ({ group, units }));
}
