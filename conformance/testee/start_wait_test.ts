import assert from "node:assert/strict";
import { START_MS, StartWait } from "./start_wait.ts";

const PATIENCE_MS = 5000;

Deno.test("start wait: a program has its own time to start, and no less than an answer has", () => {
  assert.equal(new StartWait().nextMs(PATIENCE_MS), START_MS);
  assert.equal(new StartWait().nextMs(2 * START_MS), 2 * START_MS);
});

Deno.test("start wait: after three starts in a row that came to nothing the wait is an answer's, until one speaks", () => {
  const wait = new StartWait();
  const waits = [false, false, true, false, false, false, true].map((hasSpoken) => {
    wait.ended(hasSpoken);
    return wait.nextMs(PATIENCE_MS);
  });
  assert.deepEqual(waits, [...Array(5).fill(START_MS), PATIENCE_MS, START_MS]);
});
