import assert from "node:assert/strict";
import { judgeSlo, parseSlo } from "../probe/slo.ts";
import { unwrap } from "../base/parsed.ts";
import { LoadRun } from "./load_run.ts";

/** Sends `count` packets of a class at 0, 1, 2 ... ms. */
function sent(run: LoadRun, session: number, priority: number, count: number): void {
  for (let i = 0; i < count; i++) run.sent(priority, 100, run.nextSequence(session, priority), i);
}

const arrive = (run: LoadRun, session: number, priority: number, sequence: number, delayMs = 2) =>
  run.received({ session, priority, sequence }, sequence, sequence + 1, sequence + 1 + delayMs);

Deno.test("load run: loss, duplicates and order are told for each session and class", () => {
  const run = new LoadRun(2, 0);
  sent(run, 0, 0, 4);
  sent(run, 0, 3, 4);
  sent(run, 1, 3, 2);
  // The class that may pass does so, which is no reordering; number 2 of PR 3 is lost, 0 comes behind 1 and twice.
  for (const sequence of [0, 1, 2, 3]) arrive(run, 0, 0, sequence);
  for (const sequence of [1, 0, 0, 3]) arrive(run, 0, 3, sequence);
  arrive(run, 1, 3, 0);
  const { counts } = run.total;
  assert.deepEqual([counts.sent, counts.received, run.total.lost], [10, 8, 2]);
  assert.deepEqual([counts.duplicates, counts.reordered, counts.tooOld], [1, 1, 0]);
  assert.deepEqual(run.classes.map(({ lost }) => lost), [0, 0, 0, 2]);
  assert.equal(run.classes[3].ratio("loss"), 2 / 6);
  assert.equal(run.classes[1].ratio("loss"), undefined);
});

Deno.test("load run: what was never sent is a stray, what is too old to tell is no arrival", () => {
  const run = new LoadRun(1, 0);
  sent(run, 0, 2, 2000);
  arrive(run, 0, 2, 2000);
  arrive(run, 5, 2, 0);
  assert.equal(run.strays, 2);
  arrive(run, 0, 2, 1999);
  arrive(run, 0, 2, 3);
  assert.deepEqual([run.total.counts.received, run.total.counts.tooOld], [1, 1]);
});

Deno.test("load run: delays from sending and from the schedule, jitter, and levels of one class", () => {
  const run = new LoadRun(1, 0);
  sent(run, 0, 0, 400);
  sent(run, 0, 3, 400);
  for (let i = 0; i < 400; i++) arrive(run, 0, 0, i, i % 2 === 0 ? 2 : 4);
  run.end();
  assert.deepEqual([run.total.fromSent.summary()?.minMs, run.total.fromPlanned.summary()?.minMs], [2, 3]);
  assert.ok(Math.abs((run.total.jitterMs ?? 0) - 2) < 0.01);
  const levels = unwrap(parseSlo("pr0-p99<5ms,pr0-loss<1%,pr3-loss<1%,loss<60%"));
  assert.deepEqual(judgeSlo(levels, run.total, run.classes).map(({ verdict }) => verdict), [
    "met",
    "met",
    "missed",
    "met",
  ]);
});

Deno.test("load run: an interval has what happened in it, and the next begins at nothing", () => {
  const run = new LoadRun(1, 500);
  sent(run, 0, 1, 3);
  arrive(run, 0, 1, 0);
  const first = run.interval(1500);
  assert.deepEqual([first.fromMs, first.untilMs, first.sentBytes], [500, 1500, 300]);
  assert.deepEqual([first.sent, first.received, first.delays.count], [[0, 3, 0, 0], [0, 1, 0, 0], 1]);
  arrive(run, 0, 1, 1);
  const second = run.interval(2500);
  assert.deepEqual([second.sent, second.received, second.fromMs], [[0, 0, 0, 0], [0, 1, 0, 0], 1500]);
});
