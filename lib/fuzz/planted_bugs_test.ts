import assert from "node:assert/strict";
import { TargetFuzzer } from "./fuzzer.ts";
import { shrinkWith } from "./shrink.ts";
import { runCase } from "./target.ts";
import { PLANTED_BUGS } from "./testing/planted_bugs.ts";

const SEED = 20_261_129;
const BATCH = 256;

for (const { name, target, budget } of PLANTED_BUGS) {
  Deno.test(`fuzz finds a planted bug within ${budget} executions: ${name}`, () => {
    const fuzzer = new TargetFuzzer(target, { seed: SEED });
    while (fuzzer.failures.size === 0 && fuzzer.executions < budget) fuzzer.run(fuzzer.nextBatch(BATCH), target);
    const [found] = fuzzer.failures.values();
    assert.ok(found !== undefined, `not found in ${fuzzer.executions} executions`);
    console.log(`${name}: found after ${found.execution} of ${budget} executions`);

    const fails = (units: typeof found.units) => runCase(target, units).kind === "failed";
    const { units } = shrinkWith(found.units, target.shape, fails);
    const bytesOf = (all: typeof units) => all.reduce((sum, unit) => sum + unit.length, 0);
    assert.ok(fails(units), "the smallest case still fails");
    assert.ok(bytesOf(units) <= bytesOf(found.units));
  });
}
