/** The shape that all parsers share: one unit in, a value or a fault out. */
import type { Fault, Parsed } from "../../base/parsed.ts";
import type { FieldNode } from "../../packet/field_node.ts";
import {
  type CaseRandom,
  type CaseShape,
  demand,
  type FixtureSeeds,
  type FuzzCase,
  type FuzzTarget,
} from "../target.ts";

export interface ParserTarget {
  readonly name: string;
  readonly summary: string;
  readonly shape?: CaseShape;
  readonly vectorOps?: readonly string[];
  readonly fixtures?: readonly FixtureSeeds[];
  /** Left out where `fixtures` has them all. */
  readonly seeds?: () => readonly Uint8Array[];
  readonly generate?: (random: CaseRandom) => Uint8Array;
  /** What became of the bytes, in a few words. */
  readonly parse: (bytes: Uint8Array) => string;
}

export function parserTarget(
  { shape = "bytes", seeds = () => [], generate, parse, ...rest }: ParserTarget,
): FuzzTarget {
  return {
    ...rest,
    area: "parser",
    shape,
    maxUnits: 1,
    seeds: () => seeds().map((bytes) => [bytes]),
    ...(generate === undefined ? {} : { generate: (random: CaseRandom): FuzzCase => [generate(random)] }),
    run: (units) => parse(units[0]),
  };
}

/** A fault in a word or two; its offset must lie within what was parsed. */
export function refusal(fault: Fault, inputLength: number): string {
  const { offset, need, reason, path } = fault;
  demand(
    offset === undefined || (offset >= 0 && offset <= inputLength),
    "state",
    () => `fault ${reason} at offset ${offset} of an input of ${inputLength}`,
  );
  demand(
    reason !== "truncated" || need === undefined || need > inputLength,
    "state",
    () => `truncated, but needs only ${need}`,
  );
  // The paths of schemas are few; those of malformed text, which have an offset too, are endless.
  return path !== undefined && offset === undefined ? `${reason} ${path.replace(/\[\d+\]/g, "[]")}` : reason;
}

export function parsedBehaviour<T>(parsed: Parsed<T>, inputLength: number, show: (value: T) => string): string {
  return parsed.ok ? show(parsed.value) : refusal(parsed.fault, inputLength);
}

/** Demands that what is written for a value is stable: written again after reading, the same bytes come out. */
export function demandStable(written: string, again: string, what: string): void {
  demand(written === again, "round_trip", () => `${what}: written, read and written again it differs`);
}

/** Nodes of a field tree lie within the packet, one behind the other. */
export function demandWithin(nodes: readonly FieldNode[], bytes: number): void {
  for (const node of nodes) {
    demand(
      node.bitOffset >= 0 && node.bitOffset + node.bitLength <= 8 * bytes,
      "state",
      () => `field ${node.name} at bit ${node.bitOffset} of ${8 * bytes}`,
    );
    if (node.children !== undefined) demandWithin(node.children, bytes);
  }
}
