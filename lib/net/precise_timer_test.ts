import assert from "node:assert/strict";
import { PreciseTimer } from "./precise_timer.ts";

const now = () => performance.now();

Deno.test("precise timer: never early, near or far, one after the other", async () => {
  const timer = new PreciseTimer(now);
  for (const waitMs of [0, 0.3, 1, 4, 12, 2.5]) {
    const dueMs = now() + waitMs;
    await timer.until(dueMs);
    assert.ok(now() >= dueMs, `${waitMs} ms`);
  }
  timer.close();
});

Deno.test("precise timer: a wake ends the wait, and only that one", async () => {
  const timer = new PreciseTimer(now);
  const farMs = now() + 60_000;
  const waiting = timer.until(farMs);
  timer.wake();
  await waiting;
  // The timer that was made for the far wait serves a near one, too.
  const nearMs = now() + 5;
  await timer.until(nearMs);
  assert.ok(now() >= nearMs && now() < farMs);
  timer.close();
});

Deno.test("precise timer: what is due already still lets the event loop have a turn", async () => {
  const timer = new PreciseTimer(now);
  let hadTurn = false;
  setImmediate(() => hadTurn = true);
  await timer.until(now() - 5);
  assert.ok(hadTurn);
  timer.close();
});

Deno.test("precise timer: a quiet time is slept through, and the due time kept", async () => {
  const timer = new PreciseTimer(now);
  const dueMs = now() + 3;
  await timer.until(dueMs, now() + 10);
  assert.ok(now() >= dueMs);
  timer.close();
});
