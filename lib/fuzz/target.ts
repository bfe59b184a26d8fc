/**
 * What is fuzzed: something that takes units, the messages or packets of a case, and says how it behaved. Every target
 * is a pure function of its case: the same units give the same outcome, whatever ran before.
 */

/** One case: a packet, a document, or the steps of a sequence. */
export type FuzzCase = readonly Uint8Array[];

/** How cases of a target are made and mutated. `json`: text in UTF-8; `steps`: a machine's, see steps.ts. */
export type CaseShape = "bytes" | "json" | "text" | "steps";

export type TargetArea = "parser" | "machine" | "differential" | "subprocess" | "network";

/** How cases of a target are made. */
export interface CaseSpec {
  /** Stable dotted name: `packet.arcrtp`. */
  readonly name: string;
  readonly area: TargetArea;
  /** One line for `--list`. */
  readonly summary: string;
  readonly shape: CaseShape;
  /** Well-formed cases to start from. */
  seeds(): readonly FuzzCase[];
  /** Vector operations whose inputs are further seeds. */
  readonly vectorOps?: readonly string[];
  /** Files of `fixtures/` that hold further seeds. */
  readonly fixtures?: readonly FixtureSeeds[];
  /** A mutation of its own in place of the shape's: another version of `unit`, `other` being a unit of another case. */
  mutate?(unit: Uint8Array, other: Uint8Array, random: CaseRandom, maxBytes: number): Uint8Array;
  /** A case made from schemas or field tables; left out where mutation has to do. */
  generate?(random: CaseRandom): FuzzCase;
  /** Units that a case has at most; 1 for parsers. */
  readonly maxUnits: number;
  /** Cases that are run between two looks at the coverage; fewer where one takes long. Default 128. */
  readonly batchCases?: number;
}

/** A target in this process. */
export interface FuzzTarget extends CaseSpec {
  /**
   * Runs one case and answers how it behaved in a few words: the reason of a refusal, the kinds of what came out. Cases
   * that behave in a new way are kept to be mutated further.
   *
   * @throws Breach when an oracle says that a rule is broken; anything else that is thrown is a crash.
   */
  run(units: FuzzCase): string;
}

/** A file of `fixtures/` and the cases in it; the bytes are the file's beginning. */
export interface FixtureSeeds {
  readonly path: string;
  cases(bytes: Uint8Array): readonly FuzzCase[];
}

/** The randomness that makes a case. */
export interface CaseRandom {
  /** A uniform integer in 0..limit-1. */
  below(limit: number): number;
  u32(): number;
  bool(): boolean;
  /** True once in `n`. */
  oneIn(n: number): boolean;
  pick<T>(list: readonly T[]): T;
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** What can be wrong with a target. */
export const ORACLES = {
  exception: "something was thrown that is no answer",
  hang: "a case did not end in time",
  memory: "a case took or kept more memory than its bound",
  divergence: "two implementations of the same rule answer differently",
  round_trip: "what was read and written again is not what was read",
  response: "an answer breaks a rule: ERROR for ERROR, more bytes than allowed, or one that is itself malformed",
  state: "a machine is in a state that it may not be in",
  crash: "the other side died",
  silence: "the other side no longer answers what it must",
  slow: "the other side has become slow",
} as const;

export type Oracle = keyof typeof ORACLES;

/** Thrown by a target when a rule is broken. `rule` is its requirement id, where there is one. */
export class Breach extends Error {
  readonly oracle: Oracle;
  readonly rule: string | undefined;

  constructor(oracle: Oracle, message: string, rule?: string) {
    super(message);
    this.oracle = oracle;
    this.rule = rule;
  }
}

/** Throws a {@link Breach} unless `holds`. A message with figures in it is a function: most cases need none. */
export function demand(
  holds: boolean,
  oracle: Oracle,
  message: string | (() => string),
  rule?: string,
): asserts holds {
  if (!holds) throw new Breach(oracle, typeof message === "string" ? message : message(), rule);
}

/** How a case went. */
export type CaseOutcome =
  | { readonly kind: "passed"; readonly behaviour: string }
  | { readonly kind: "failed"; readonly failure: Failure };

/** Why a case failed; `signature` is the same for cases that fail in the same way. */
export interface Failure {
  readonly oracle: Oracle;
  readonly message: string;
  readonly rule?: string;
  readonly signature: string;
  readonly stack?: string;
}

/** Runs one case; never throws. */
export function runCase(target: Pick<FuzzTarget, "name" | "run">, units: FuzzCase): CaseOutcome {
  try {
    return { kind: "passed", behaviour: target.run(units) };
  } catch (error) {
    return { kind: "failed", failure: failureOf(target.name, error) };
  }
}

const MAX_MESSAGE = 400;

/** What was thrown as a failure, told apart by where it was thrown and by its message without the numbers. */
export function failureOf(targetName: string, error: unknown): Failure {
  const isError = error instanceof Error;
  const message = (isError ? `${error.message}` : String(error)).slice(0, MAX_MESSAGE);
  const isBreach = error instanceof Breach;
  const oracle: Oracle = isBreach ? error.oracle : "exception";
  const stack = isError ? error.stack ?? "" : "";
  const place = isBreach ? "" : `${isError ? error.name : typeof error} ${placesOf(stack)}`;
  return {
    oracle,
    message: isBreach || !isError ? message : `${error.name}: ${message}`,
    ...(isBreach && error.rule !== undefined ? { rule: error.rule } : {}),
    signature: `${targetName} ${oracle} ${place === "" ? withoutNumbers(message) : place}`,
    ...(stack === "" ? {} : { stack: shortStack(stack) }),
  };
}

/** The two innermost places of ours in a stack, by file and function: lines move with every change. */
function placesOf(stack: string): string {
  const places = [...stack.matchAll(/at (?:\w+ )??([\w.#<>]+)?[^\n]*?([\w.-]+\.[tj]s):\d+:\d+/g)]
    .map(([, name, file]) => `${file}:${name ?? "?"}`);
  return places.slice(0, 2).join(" < ");
}

function withoutNumbers(text: string): string {
  return text.replace(/"[^"]*"/g, '""').replace(/\b(?:0x)?[0-9a-f]*\d[0-9a-f]*\b/gi, "N").slice(0, 160);
}

/** A stack without the paths of the machine that it was taken on. */
function shortStack(stack: string): string {
  return stack.split("\n").slice(0, 12).join("\n").replace(/(?:file:\/\/)?\/[^\s()]*\/(lib|cli|conformance)\//g, "$1/");
}
