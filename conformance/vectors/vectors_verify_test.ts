/**
 * Every case of every published file, judged a second time by code that shares nothing with the library: see
 * `reference/`. A wrong byte, verdict, reason or intermediate value fails, and so does a case that nobody judges.
 */
import assert from "node:assert/strict";
import type { VectorFile } from "./case.ts";
import { readVectorFiles } from "./read.ts";
import { JUDGES } from "./reference/judges.ts";

const ROOT = new URL("../../", import.meta.url);

/** The cases that a judge agreed with; throws when one does not, or there is none. */
function countJudged({ area, groups }: VectorFile): number {
  const wrong: string[] = [];
  let judged = 0;
  for (const { op, common, tests } of groups) {
    for (const { id, input, expected, fault, trace } of tests) {
      const judge = JUDGES[op];
      if (judge === undefined) wrong.push(`${id}: nobody judges ${op}`);
      else {
        try {
          judge({ ...common, ...input }, { expected, fault, trace });
          judged++;
        } catch (error) {
          wrong.push(`${id}: ${error instanceof Error ? error.message : error}`);
        }
      }
    }
  }
  assert.equal(wrong.length, 0, `${area}: ${wrong.length} cases are not what the reference says\n${wrong.join("\n")}`);
  return judged;
}

/** Every file that these imports reach, by its path below the project. */
function reachedFrom(path: string, reached: Set<string> = new Set()): ReadonlySet<string> {
  if (reached.has(path)) return reached;
  reached.add(path);
  const text = Deno.readTextFileSync(new URL(path, ROOT));
  for (const [, specifier] of text.matchAll(/from "(\.[^"]+)"/g)) {
    const target = new URL(specifier, new URL(path, ROOT)).pathname.slice(ROOT.pathname.length);
    reachedFrom(target, reached);
  }
  return reached;
}

Deno.test("vectors: the reference reaches no file of the library", () => {
  const reached = [...reachedFrom("conformance/vectors/vectors_verify_test.ts")];
  assert.ok(reached.includes("conformance/vectors/reference/protection.ts"));
  assert.deepEqual(reached.filter((path) => path.startsWith("lib/")), []);
});

for (const file of readVectorFiles()) {
  Deno.test(`vectors: every case of ${file.area} is judged alike by the reference`, () => {
    const judged = countJudged(file);
    console.log(`${file.area}: ${judged} of ${file.count} cases judged independently`);
    assert.equal(judged, file.count);
  });
}
