/** Every case that is kept passes: findings that were fixed stay fixed. */
import assert from "node:assert/strict";
import { runCase } from "../../lib/fuzz/target.ts";
import { CORPUS, FOUND, readCorpus } from "./seed_files.ts";
import { TARGETS } from "./target_table.ts";

Deno.test("fuzz corpus: every file is a target's", () => {
  const names = new Set(TARGETS.map(({ name }) => name));
  for (const { name } of [...Deno.readDirSync(CORPUS), ...Deno.readDirSync(FOUND)]) {
    if (name.endsWith(".txt")) assert.ok(names.has(name.replace(/\.txt$/, "")), `${name} belongs to no target`);
  }
});

for (const target of TARGETS) {
  Deno.test(`fuzz corpus: ${target.name} passes all of it`, () => {
    const cases = [...readCorpus(FOUND, target.name), ...readCorpus(CORPUS, target.name)];
    const failures = cases.map((units) => runCase(target, units)).filter(({ kind }) => kind === "failed");
    assert.deepEqual(failures, []);
    console.log(`${target.name}: ${cases.length} cases`);
  });
}
