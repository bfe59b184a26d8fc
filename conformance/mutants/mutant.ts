/**
 * Deliberately broken testees: the suite is good when it catches every one of them, by a case of the right rule.
 *
 * ```ts
 * opsMutant({ id: "unit/rtcp-ends-early", broken: "takes 223 for no RTCP", breaks: ["ARC-UNIT-rtcp-second-byte"] },
 *   "unit.classify", (op) => (request, context) => ... a wrong answer, or op(request, context));
 * ```
 */
import { readU16 } from "../../lib/base/bytes.ts";
import type { CryptoBackend } from "../../lib/crypto/backend.ts";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import type { CaseResult } from "../results.ts";
import type { Subjects } from "../run/run_suite.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { Fields, type JsonObject } from "../testee/request.ts";
import { inProcess } from "../testee/ops_testee.ts";
import { allOps } from "../testee/own.ts";
import { type Op, opOk, type OpResult, type Ops, Testee } from "../testee/testee.ts";
import type { Verdict } from "../verdict.ts";

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
  return testeeMutant(head, () => {
    const ops = allOps({ version: VERSION, crypto: nobleBackend });
    const op = ops[name];
    if (op === undefined) throw new Error(`${head.id}: no op named ${name} to break`);
    return { ...ops, [name]: change(op) };
  });
}

/** Our own testee over a cryptography library that does something else than it should. */
export function cryptoMutant(head: MutantHead, crypto: CryptoBackend): Mutant {
  return testeeMutant(head, () => allOps({ version: VERSION, crypto }));
}

const VERSION = "0.0.0-mutant";

function testeeMutant(head: MutantHead, makeOps: () => Ops): Mutant {
  const ops = inProcess(`mutant ${head.id}`, () => new Testee(makeOps()));
  return { ...head, start: () => Promise.resolve({ subjects: { ops }, stop: () => Promise.resolve() }) };
}

/** The same request with other fields. */
export function asking(request: Fields, changes: JsonObject): Fields {
  return new Fields({ ...request.raw, ...changes });
}

/** The same answer with other fields, where it is no refusal. */
export function answered(result: OpResult, change: (value: Json) => object): OpResult {
  return result.kind === "ok" ? opOk({ ...result.value, ...change(result.value as Json) }) : result;
}

/** The same answer with each entry of one of its lists made into others: one, several or none. */
export function eachOf(result: OpResult, list: string, change: (entry: Json, i: number) => readonly Json[]): OpResult {
  return answered(result, (value) => {
    const entries = value[list];
    return Array.isArray(entries) ? { [list]: entries.filter(isJson).flatMap(change) } : {};
  });
}

/** A receiver that forgets all after each unit. */
export function eachUnitAlone(list: string): (op: Op) => Op {
  return (op) => (request, context) => {
    const results: unknown[] = [];
    for (const unit of request.raw[list] as readonly unknown[]) {
      const result: OpResult = op(asking(request, { [list]: [unit] }), context);
      if (result.kind !== "ok" || !("results" in result.value)) return result;
      results.push(...result.value.results as readonly unknown[]);
    }
    return opOk({ results });
  };
}

/** Where the Arc block of a full packet begins, behind CSRCs and extension. */
export function arcBlockAt(packet: Uint8Array): number {
  const csrcEnd = 12 + 4 * (packet[0] & 0x0f);
  const hasExtension = (packet[0] & 0x10) !== 0;
  return hasExtension ? csrcEnd + 4 + 4 * readU16(packet, csrcEnd + 2) : csrcEnd;
}

/** What a case has found against a testee; that a MAY is not made use of is found like anything else. */
const BREACHES: readonly Verdict[] = ["fail", "weak", "info"];

/** The cases that caught a mutant for the right reason: each names one of the rules that it breaks. */
export function killers({ breaks }: MutantHead, results: readonly CaseResult[]): readonly CaseResult[] {
  return results.filter(({ verdict, requirements }) =>
    BREACHES.includes(verdict) && requirements.some((rule) => breaks.includes(rule))
  );
}
