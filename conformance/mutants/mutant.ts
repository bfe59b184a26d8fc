/**
 * Deliberately broken testees: the suite is good when it catches every one of them, by a case of the right rule.
 *
 * ```ts
 * opsMutant({ id: "unit/rtcp-ends-early", broken: "takes 223 for no RTCP", breaks: ["ARC-UNIT-rtcp-second-byte"] },
 *   "unit.classify", (op) => (request, context) => ... a wrong answer, or op(request, context));
 * ```
 */
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import type { CaseResult } from "../results.ts";
import type { Subjects } from "../run/run_suite.ts";
import { Fields, type JsonObject } from "../testee/request.ts";
import { inProcess } from "../testee/ops_testee.ts";
import { allOps } from "../testee/own.ts";
import { type Op, Testee } from "../testee/testee.ts";
import { countsAgainst } from "../verdict.ts";

export interface MutantHead {
  /** `area/what-it-does-wrong`, in words. */
  readonly id: string;
  /** What it does, as the end of "it ...". */
  readonly broken: string;
  /** The rules that it breaks: a case of one of them must fail. */
  readonly breaks: readonly string[];
}

export interface RunningMutant {
  /** What the suite tests: the cases of these facets. */
  readonly subjects: Subjects;
  stop(): Promise<void>;
}

export interface Mutant extends MutantHead {
  start(): Promise<RunningMutant>;
}

/** Our own testee with one op changed. */
export function opsMutant(head: MutantHead, name: string, change: (op: Op) => Op): Mutant {
  const make = () => {
    const ops = allOps({ version: "0.0.0-mutant", crypto: nobleBackend });
    const op = ops[name];
    if (op === undefined) throw new Error(`${head.id}: no op named ${name} to break`);
    return new Testee({ ...ops, [name]: change(op) });
  };
  const running = { subjects: { ops: inProcess(`mutant ${head.id}`, make) }, stop: () => Promise.resolve() };
  return { ...head, start: () => Promise.resolve(running) };
}

/** The same request with other fields. */
export function asking(request: Fields, changes: JsonObject): Fields {
  return new Fields({ ...request.raw, ...changes });
}

/** The cases that caught a mutant for the right reason: each names one of the rules that it breaks. */
export function killers({ breaks }: MutantHead, results: readonly CaseResult[]): readonly CaseResult[] {
  return results.filter(({ verdict, requirements }) =>
    countsAgainst(verdict, true) && verdict !== "error" && requirements.some((rule) => breaks.includes(rule))
  );
}
