/**
 * The shape of a vector file, and how one is put together: groups of cases for one operation of the testee interface.
 * `shape.ts` says the same as a JSON Schema.
 */

/** Any JSON object: the fields of a request, an answer, a fault. */
export type Json = { readonly [name: string]: unknown };

/**
 * - `valid`: every implementation gives `expected`.
 * - `invalid`: every implementation refuses the unit under test.
 * - `acceptable`: the specification leaves it open; what is written here is what the library does.
 */
export type Verdict = "valid" | "invalid" | "acceptable";

/** Why an input is refused; only `reason` is for comparing, the rest is for finding the place. */
export interface CaseFault {
  readonly reason: string;
  readonly offset?: number;
  readonly need?: number;
  readonly path?: string;
}

/** What a testee answers: a value, or that the input as a whole is bad. */
export type Outcome = { readonly expected: Json } | { readonly fault: CaseFault };

export interface VectorCase {
  readonly id: string;
  readonly comment: string;
  readonly result: Verdict;
  readonly flags: readonly string[];
  readonly requirements: readonly string[];
  readonly input: Json;
  readonly expected?: Json;
  readonly fault?: CaseFault;
  /** Intermediate values, for whoever has to find out where his own differ. */
  readonly trace?: Json;
}

export interface VectorGroup {
  readonly op: string;
  /** Fields of the request that all tests share; a test's own `input` goes over them. */
  readonly common: Json;
  readonly tests: readonly VectorCase[];
}

/** What a flag stands for. */
export interface VectorNote {
  readonly meaning: string;
  readonly requirements: readonly string[];
}

export interface VectorFile {
  readonly schema: "arcrtc.vectors/1";
  readonly area: string;
  readonly about: string;
  readonly spec_version: "1.0";
  readonly generator: string;
  readonly notes: { readonly [flag: string]: VectorNote };
  readonly groups: readonly VectorGroup[];
  readonly count: number;
  readonly counts: { readonly [V in Verdict]: number };
}

/** What a case may have besides its input and outcome. */
export interface CaseExtras {
  readonly flags?: readonly string[];
  readonly trace?: Json;
}

/** Collects the cases of one operation. */
export class Group implements VectorGroup {
  readonly tests: VectorCase[] = [];

  /** `prefix` is put before each id, where several groups would give the same one. */
  constructor(readonly op: string, readonly common: Json = {}, readonly prefix = "") {}

  valid(id: string, comment: string, requirements: string, input: Json, expected: Json, extras: CaseExtras = {}): void {
    this.#add("valid", id, comment, requirements, input, { expected }, extras);
  }

  /** `outcome` is a fault of the whole input, or an answer whose `results` hold the fault of the unit under test. */
  invalid(
    id: string,
    comment: string,
    requirements: string,
    input: Json,
    outcome: Outcome,
    extras: CaseExtras = {},
  ): void {
    this.#add("invalid", id, comment, requirements, input, outcome, extras);
  }

  acceptable(
    id: string,
    comment: string,
    requirements: string,
    input: Json,
    outcome: Outcome,
    extras: CaseExtras = {},
  ): void {
    this.#add("acceptable", id, comment, requirements, input, outcome, extras);
  }

  #add(
    result: Verdict,
    id: string,
    comment: string,
    requirements: string,
    input: Json,
    outcome: Outcome,
    { flags = [], trace }: CaseExtras,
  ): void {
    this.tests.push({
      id: `${this.prefix}${id}`,
      comment,
      result,
      flags,
      requirements: requirements.split(" "),
      input,
      ...outcome,
      ...(trace === undefined ? {} : { trace }),
    });
  }
}

/** A vector file of these groups; throws on a case without a distinct id or with an unexplained flag. */
export function vectorFile(
  area: string,
  about: string,
  notes: VectorFile["notes"],
  groups: readonly VectorGroup[],
): VectorFile {
  const tests = groups.flatMap((group) => group.tests);
  const ids = new Set<string>();
  const used = new Set<string>();
  for (const { id, flags } of tests) {
    if (ids.has(id)) throw new Error(`${area}: two cases are named ${id}`);
    ids.add(id);
    for (const flag of flags) {
      used.add(flag);
      if (!Object.hasOwn(notes, flag)) throw new Error(`${area}: ${id} has the unexplained flag ${flag}`);
    }
  }
  for (const flag of Object.keys(notes)) if (!used.has(flag)) throw new Error(`${area}: no case has the flag ${flag}`);
  const of = (verdict: Verdict) => tests.filter(({ result }) => result === verdict).length;
  return {
    schema: "arcrtc.vectors/1",
    area,
    about,
    spec_version: "1.0",
    generator: `conformance/vectors/${area}.ts`,
    notes,
    groups,
    count: tests.length,
    counts: { valid: of("valid"), invalid: of("invalid"), acceptable: of("acceptable") },
  };
}
