/** A spoilt file must fail at the reference, or the reference judges nothing. */
import assert from "node:assert/strict";
import type { VectorCase, VectorFile } from "./case.ts";
import { readVectorFiles } from "./read.ts";
import type { Due } from "./reference/judge.ts";
import { JUDGES } from "./reference/judges.ts";

/** At most so many wrong answers are tried for a case: half of them changed near the start, half near the end. */
const TRIES = 8;

/** The value with something else in its first leaf, or its last, and so on. */
function* spoilt(value: unknown): Generator<unknown> {
  if (typeof value === "string") {
    const other = (character: string) => character === "0" ? "1" : "0";
    yield value === "" ? "0" : other(value[0]) + value.slice(1);
    if (value.length > 1) yield value.slice(0, -1) + other(value[value.length - 1]);
  } else if (typeof value === "number") yield value + 1;
  else if (typeof value === "boolean") yield !value;
  else if (value === null) yield "something";
  else if (Array.isArray(value)) {
    yield [...value, 0];
    for (const i of new Set([0, value.length - 1])) {
      if (i in value) { for (const part of spoilt(value[i])) yield value.toSpliced(i, 1, part); }
    }
  } else if (typeof value === "object") {
    for (const [name, member] of Object.entries(value)) {
      for (const part of spoilt(member)) yield { ...value, [name]: part };
    }
  }
}

function wrongAnswers({ expected, fault, trace }: VectorCase): readonly unknown[] {
  if (fault !== undefined) return [{ expected: {} }, { fault: { ...fault, reason: "spoilt" } }];
  const answers = [...spoilt(expected)].map((answer) => ({ expected: answer, trace }));
  const tried = answers.length <= TRIES ? answers : [...answers.slice(0, TRIES / 2), ...answers.slice(-TRIES / 2)];
  const traces = [...spoilt(trace)].slice(0, 2).map((other) => ({ expected, trace: other }));
  return [{ fault: { reason: "spoilt" }, trace }, ...tried, ...traces];
}

function findUnnoticed({ area, groups }: VectorFile): readonly string[] {
  const unnoticed: string[] = [];
  for (const { op, common, tests } of groups) {
    for (const test of tests) {
      for (const due of wrongAnswers(test)) {
        let isNoticed = false;
        try {
          JUDGES[op]({ ...common, ...test.input }, due as Due);
        } catch {
          isNoticed = true;
        }
        if (!isNoticed) unnoticed.push(`${area}/${test.id}: ${JSON.stringify(due).slice(0, 200)}`);
      }
    }
  }
  return unnoticed;
}

for (const file of readVectorFiles()) {
  Deno.test(`vectors: the reference notices a wrong answer in ${file.area}`, () => {
    assert.deepEqual(findUnnoticed(file), []);
  });
}
