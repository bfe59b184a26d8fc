/**
 * Cases made of the published vectors: one case for each rule and op, its checks being all vectors that name the rule.
 *
 * ```ts
 * vectorCase("arcrtp/minimum-length", "ARC-RTP-minimum-length", "rtp.parse", "Fifteen bytes are refused, sixteen read");
 * ```
 */
import type { Check, Expectation, OpsCase } from "./case.ts";
import { answers, copes, refuses } from "./expect.ts";
import { type Dialect, DIALECTS } from "./testee/rtp_json.ts";
import type { Json } from "./testee/answer.ts";
import type { VectorCase } from "./vectors/case.ts";
import { publishedVectors } from "./vectors/read.ts";

/** Of a request that describes a unit which must not exist: an interface may be unable to say it at all. */
const WRITER_INPUT = "WriterInput";

export interface VectorCaseOptions {
  /** The reasons of faults are compared too, those in lists of results as well: for rules that name an error code. */
  readonly reasons?: true;
  readonly dialects?: readonly Dialect[];
}

export function vectorCase(
  id: string,
  requirement: string,
  op: string,
  title: string,
  { reasons, dialects }: VectorCaseOptions = {},
): OpsCase {
  return {
    id,
    requirements: [requirement],
    title,
    needs: "ops",
    ...(dialects === undefined ? {} : { dialects }),
    checks: ({ dialect }) => checksOf(requirement, op, dialect, reasons === true),
  };
}

function checksOf(requirement: string, op: string, dialect: Dialect, reasons: boolean): readonly Check[] {
  const named = vectorsOf(op, dialect).filter(({ test }) => test.requirements.includes(requirement));
  if (named.length === 0) throw new Error(`no vector of ${op} and ${dialect} names ${requirement}`);
  return named.map((vector) => vectorCheck(vector, reasons));
}

/** A published vector with the op that it asks and the whole of its request. */
export interface PublishedVector {
  readonly name: string;
  readonly op: string;
  readonly fields: Json;
  readonly test: VectorCase;
}

/** All published vectors of an op in a dialect. */
export function vectorsOf(op: string, dialect: Dialect): readonly PublishedVector[] {
  const vectors: PublishedVector[] = [];
  for (const { area, groups } of publishedVectors()) {
    for (const group of groups.filter((one) => one.op === op)) {
      for (const test of group.tests) {
        const fields = { ...group.common, ...test.input };
        if (dialectOf(fields) === dialect) vectors.push({ name: `${area}/${test.id}`, op, fields, test });
      }
    }
  }
  return vectors;
}

/** What is due of a vector, as a check. */
export function vectorCheck({ name, op, fields, test }: PublishedVector, reasons = false): Check {
  return { name, request: { op, ...fields }, ...dueOf(test, reasons) };
}

function dialectOf(fields: Json): Dialect {
  return DIALECTS.find((dialect) => dialect === fields.dialect) ?? "arcrtc-1.0";
}

function dueOf({ result, comment, expected, fault, flags }: VectorCase, reasons: boolean): Expectation {
  const due = result === "acceptable"
    ? copes()
    : fault !== undefined
    ? refuses(reasons ? fault.reason : undefined)
    : answers(expected ?? {}, reasons);
  return {
    expected: `${due.expected}. ${comment}`,
    judge: (answer) => answer.kind === "error" && flags.includes(WRITER_INPUT) ? undefined : due.judge(answer),
  };
}
