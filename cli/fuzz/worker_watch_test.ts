import assert from "node:assert/strict";
import { watchWorkers } from "./worker_watch.ts";
import type { WorkerFinding } from "./worker_protocol.ts";

Deno.test("fuzz: a case that never ends is found from outside, and the others go on without its target", async () => {
  const findings: WorkerFinding[] = [];
  await watchWorkers({
    targets: ["fine", "hanging"],
    seed: 1,
    countEach: 10,
    sliceMs: 10,
    usesCoverage: false,
    maxHeapBytes: 1e9,
    timeMs: 60_000,
    hangMs: 300,
    signal: new AbortController().signal,
    shapeOf: () => "bytes",
    worker: new URL("./testing/hanging_worker.ts", import.meta.url),
    replayWorker: new URL("./testing/hanging_replay_worker.ts", import.meta.url),
  }, { progress: () => {}, finding: (finding) => findings.push(finding), corpus: () => {} });
  assert.equal(findings.length, 1);
  const [{ target, failure, original, minimised, reproduced }] = findings;
  assert.equal(target, "hanging");
  assert.equal(failure.oracle, "hang");
  assert.equal(original, "AQcI -", "the case is known although nobody could tell it");
  assert.equal(minimised, "AQc");
  assert.deepEqual(reproduced, { failed: 3, tried: 3 });
});
