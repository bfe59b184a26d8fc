/** Every case through our own library: exactly the answer that the file holds. */
import assert from "node:assert/strict";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { ownTestee } from "../testee/own.ts";
import type { CaseFault, Json, VectorFile } from "./case.ts";
import { readVectorFiles } from "./read.ts";

interface Answer {
  readonly ok?: Json;
  readonly fault?: Json;
}

const own = ownTestee({ version: "0", crypto: nobleBackend });

function answerTo(request: { readonly op: string }): Answer {
  return own.answer(request);
}

/** A fault of the library may say more than a case wants: the path of a malformed text is nobody's to compare. */
function wanted(answer: Answer, fault: CaseFault): unknown {
  return Object.fromEntries(Object.keys(fault).map((name) => [name, answer.fault?.[name]]));
}

function check(file: VectorFile): void {
  const wrong: string[] = [];
  for (const { op, common, tests } of file.groups) {
    for (const { id, input, expected, fault } of tests) {
      const answer = answerTo({ op, ...common, ...input });
      const [got, due] = fault === undefined ? [answer.ok, expected] : [wanted(answer, fault), fault];
      if (isEqual(got, due)) continue;
      wrong.push(`${op} ${id}\n  expected ${JSON.stringify(due)}\n  answered ${JSON.stringify(answer)}`);
    }
  }
  assert.equal(wrong.length, 0, `${file.area}: ${wrong.length} cases differ\n${wrong.join("\n")}`);
}

function isEqual(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

for (const file of readVectorFiles()) {
  Deno.test(`vectors: the library answers every case of ${file.area} as the file says`, () => check(file));
}
