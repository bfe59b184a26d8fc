import assert from "node:assert/strict";
import { CASES, RULES } from "../registry.ts";
import { resultsOf, runCases } from "../run/testing.ts";
import { killers } from "./mutant.ts";
import { MUTANTS } from "./registry.ts";

/** Of a wait that is in vain; long enough for loopback. */
const PATIENCE_MS = 2000;
/** Dialogues mostly wait. */
const JOBS = 8;

Deno.test("mutants have distinct ids of words, and break rules that exist", () => {
  assert.equal(new Set(MUTANTS.map(({ id }) => id)).size, MUTANTS.length);
  for (const { id, breaks } of MUTANTS) {
    assert.match(id, /^[a-z0-9]+\/[a-z]+(-[a-z]+)*$/);
    for (const rule of breaks) assert.ok(RULES.has(rule), `${id} breaks ${rule}, which is not in SPEC.md`);
  }
});

for (const mutant of MUTANTS) {
  Deno.test(`mutant ${mutant.id}: the suite catches it by a case of ${mutant.breaks.join(" or ")}`, async () => {
    const { subjects, stop } = await mutant.start();
    // Only a case of the right rule counts, so only those are run.
    const cases = CASES.filter(({ needs, requirements }) =>
      subjects[needs] !== undefined && requirements.some((rule) => mutant.breaks.includes(rule))
    );
    const running = runCases(cases, { subjects, patienceMs: PATIENCE_MS, jobs: JOBS });
    const results = resultsOf(await running.finally(stop));
    const seen = results.filter(({ verdict }) => verdict !== "pass").map(({ id, verdict }) => `${verdict} ${id}`);
    assert.notEqual(killers(mutant, results).length, 0, `it ${mutant.broken}; only these were seen: ${seen}`);
  });
}
