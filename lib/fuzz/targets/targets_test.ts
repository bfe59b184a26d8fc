import assert from "node:assert/strict";
import { TargetFuzzer } from "../fuzzer.ts";
import { LIBRARY_TARGETS } from "./targets.ts";

/** Enough to see that a target works; the fuzzing itself is `arcrtc fuzz`. */
const EXECUTIONS = { parser: 150, machine: 8, differential: 60 } as const;

Deno.test("fuzz targets: names are distinct words", () => {
  const names = LIBRARY_TARGETS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z]+\.[a-z0-9_]+$/);
});

for (const target of LIBRARY_TARGETS) {
  Deno.test(`fuzz target ${target.name}: seeds and made cases pass every oracle`, () => {
    const fuzzer = new TargetFuzzer(target, { seed: 42 });
    const count = EXECUTIONS[target.area as keyof typeof EXECUTIONS];
    while (fuzzer.executions < count) fuzzer.run(fuzzer.nextBatch(Math.min(count, 50)), target);
    assert.deepEqual([...fuzzer.failures.values()].map(({ failure }) => failure), []);
    assert.ok(fuzzer.newBehaviours > 0);
  });
}
