/**
 * Deliberately broken testees: the suite is good when it catches every one of them, by a case of the right rule.
 *
 * A mutant is our own testee with one behaviour wrapped:
 *
 * ```ts
 * { id: "unit/rtcp-ends-early", broken: "takes 223 for no RTCP", breaks: ["ARC-UNIT-rtcp-second-byte"], needs: "ops",
 *   wrap: (ops) => ({ ...ops, "unit.classify": (request, context) => ... }) }
 * ```
 */
import type { CaseResult } from "../results.ts";
import type { Op, Ops } from "../testee/testee.ts";
import { countsAgainst } from "../verdict.ts";

export interface Mutant {
  /** `area/what-it-does-wrong`, in words. */
  readonly id: string;
  /** What it does, as the end of "it ...". */
  readonly broken: string;
  /** The rules that it breaks: a case of one of them must fail. */
  readonly breaks: readonly string[];
  readonly needs: "ops";
  readonly wrap: (ops: Ops) => Ops;
}

/** The ops with one of them changed; throws where there is no such op. */
export function replaceOp(ops: Ops, name: string, change: (op: Op) => Op): Ops {
  const op = ops[name];
  if (op === undefined) throw new Error(`no op named ${name} to break`);
  return { ...ops, [name]: change(op) };
}

/** The cases that caught a mutant for the right reason: each breaks and names one of its rules. */
export function killers({ breaks }: Mutant, results: readonly CaseResult[]): readonly CaseResult[] {
  return results.filter(({ verdict, requirements }) =>
    countsAgainst(verdict, true) && verdict !== "error" && requirements.some((rule) => breaks.includes(rule))
  );
}
