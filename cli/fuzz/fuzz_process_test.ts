import assert from "node:assert/strict";
import { fuzzInProcess } from "./fuzz_process.ts";
import { SpinningChildren } from "./testing/spinning_children.ts";
import type { WorkerFinding } from "./worker_protocol.ts";

Deno.test("fuzz: a loop without end is found from outside, and the others go on without its target", async () => {
  const children = new SpinningChildren();
  const findings: WorkerFinding[] = [];
  await fuzzInProcess({
    order: {
      targets: ["fine", "spinning"],
      seed: 1,
      countEach: 10,
      sliceMs: 10,
      usesCoverage: false,
      maxHeapBytes: 1e9,
      hangMs: 300,
    },
    timeMs: 60_000,
    signal: new AbortController().signal,
    shapeOf: () => "bytes",
    start: children.start,
  }, { progress: () => {}, finding: (finding) => findings.push(finding), corpus: () => {} });
  assert.equal(findings.length, 1);
  const [{ target, failure, original, minimised, reproduced }] = findings;
  assert.equal(target, "spinning");
  assert.equal(failure.oracle, "hang");
  assert.equal(original, "AQcI -", "the case is known although nobody could tell it");
  assert.equal(minimised, "AQc");
  assert.deepEqual(reproduced, { failed: 3, tried: 3 });
  children.assertGone();
});
