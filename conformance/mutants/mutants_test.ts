import assert from "node:assert/strict";
import { CASES, RULES } from "../registry.ts";
import { ownOps, resultsOf, runCases } from "../run/testing.ts";
import { killers } from "./mutant.ts";
import { MUTANTS } from "./registry.ts";

const OPS_CASES = CASES.filter(({ needs }) => needs === "ops");

Deno.test("mutants have distinct ids of words, and break rules that exist", () => {
  assert.equal(new Set(MUTANTS.map(({ id }) => id)).size, MUTANTS.length);
  for (const { id, breaks } of MUTANTS) {
    assert.match(id, /^[a-z0-9]+\/[a-z]+(-[a-z]+)*$/);
    for (const rule of breaks) assert.ok(RULES.has(rule), `${id} breaks ${rule}, which is not in SPEC.md`);
  }
});

for (const mutant of MUTANTS) {
  Deno.test(`mutant ${mutant.id}: the suite catches it by a case of ${mutant.breaks.join(" or ")}`, async () => {
    const results = resultsOf(await runCases(OPS_CASES, { subjects: { ops: ownOps(mutant.wrap) } }));
    const seen = results.filter(({ verdict }) => verdict !== "pass").map(({ id, verdict }) => `${verdict} ${id}`);
    assert.notEqual(killers(mutant, results).length, 0, `it ${mutant.broken}; only these were seen: ${seen}`);
  });
}
