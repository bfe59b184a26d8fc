/** Every case through our own library: exactly the answer that the file holds. */
import assert from "node:assert/strict";
import { nobleBackend } from "../../lib/crypto/backend_noble.ts";
import { ownTestee } from "../testee/own.ts";
import { Testee } from "../testee/testee.ts";
import type { VectorFile } from "./case.ts";
import { VECTOR_OPS } from "./library_ops.ts";
import { readVectorFiles } from "./read.ts";

const own = ownTestee({ version: "0", crypto: nobleBackend });
const extra = new Testee(VECTOR_OPS);

/** The fields of an answer that the vectors hold. */
function answerTo(request: { readonly op: string }): unknown {
  const testee = Object.hasOwn(VECTOR_OPS, request.op) ? extra : own;
  const { id: _, ...answer } = testee.answer(request) as { readonly id: unknown };
  return answer;
}

function check(file: VectorFile): void {
  const wrong: string[] = [];
  for (const { op, common, tests } of file.groups) {
    for (const { id, input, expected, fault } of tests) {
      const answer = answerTo({ op, ...common, ...input });
      try {
        assert.deepEqual(answer, expected === undefined ? { fault } : { ok: expected });
      } catch {
        wrong.push(
          `${op} ${id}\n  expected ${JSON.stringify(expected ?? fault)}\n  answered ${JSON.stringify(answer)}`,
        );
      }
    }
  }
  assert.deepEqual(wrong, [], `${file.area}: ${wrong.length} cases differ\n${wrong.join("\n")}`);
}

for (const file of readVectorFiles()) {
  Deno.test(`vectors: the library answers every case of ${file.area} as the file says`, () => check(file));
}
