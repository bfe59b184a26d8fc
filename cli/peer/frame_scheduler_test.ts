/** Timers are real here, but nothing asserts how long anything took: only what came, in which order, and never early. */
import assert from "node:assert/strict";
import type { Clock } from "../../lib/net/clock.ts";
import { FrameScheduler, type Track } from "./frame_scheduler.ts";

/** Real time and what is added to it. */
class TestClock implements Clock {
  readonly unixOffsetMs = 0;
  skippedMs = 0;
  nowMs(): number {
    return performance.now() + this.skippedMs;
  }
}

interface Sent {
  readonly name: string;
  readonly dueMs: number;
  readonly nowMs: number;
}

function track(
  name: string,
  times: number[],
  sent: Sent[],
  after?: (i: number) => void,
): { track: Track; ended: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let i = 0;
  return {
    ended: promise,
    track: {
      clockRateHz: 1000,
      get nextTicks() {
        return times[i];
      },
      send(dueMs, nowMs) {
        sent.push({ name, dueMs, nowMs });
        after?.(i);
        i++;
      },
      ended: resolve,
    },
  };
}

Deno.test("scheduler: every frame once, in order, at its own deadline or after it", async () => {
  const clock = new TestClock();
  const scheduler = new FrameScheduler(clock);
  const sent: Sent[] = [];
  const a = track("a", [0, 4, 8, 12, 16, 20], sent);
  const b = track("b", [0, 5, 5, 11], sent);
  const startMs = clock.nowMs();
  scheduler.add(a.track, startMs);
  scheduler.add(b.track, startMs);
  await Promise.all([a.ended, b.ended]);
  scheduler.stop();
  const of = (name: string) => sent.filter((each) => each.name === name);
  assert.deepEqual(of("a").map(({ dueMs }) => Math.round(dueMs - startMs)), [0, 4, 8, 12, 16, 20]);
  assert.deepEqual(of("b").map(({ dueMs }) => Math.round(dueMs - startMs)), [0, 5, 5, 11]);
  for (const { dueMs, nowMs } of sent) assert.ok(nowMs >= dueMs);
});

Deno.test("scheduler: a late waking hands over all that is due, and the deadlines after it stay", async () => {
  const clock = new TestClock();
  const scheduler = new FrameScheduler(clock);
  const sent: Sent[] = [];
  const startMs = clock.nowMs();
  const { track: a, ended } = track("a", [0, 10, 20, 30, 40, 400], sent, (i) => {
    if (i === 0) clock.skippedMs += 300;
  });
  scheduler.add(a, startMs);
  await ended;
  assert.deepEqual(sent.map(({ dueMs }) => Math.round(dueMs - startMs)), [0, 10, 20, 30, 40, 400]);
  assert.equal(new Set(sent.slice(1, 5).map(({ nowMs }) => nowMs)).size, 1, "one waking");
});

Deno.test("scheduler: after a standstill the rest moves on in time", async () => {
  const clock = new TestClock();
  const scheduler = new FrameScheduler(clock);
  const sent: Sent[] = [];
  const startMs = clock.nowMs();
  const { track: a, ended } = track("a", [0, 10, 20], sent, (i) => {
    if (i === 0) clock.skippedMs += 60_000;
  });
  scheduler.add(a, startMs);
  await ended;
  const [, second, third] = sent.map(({ dueMs }) => dueMs - startMs);
  assert.ok(second >= 60_000);
  assert.equal(Math.round(third - second), 10);
});

Deno.test("scheduler: nothing is sent after stop", async () => {
  const scheduler = new FrameScheduler(new TestClock());
  const sent: Sent[] = [];
  const stopped = track("a", [0, 0, 0, 5], sent, (i) => {
    if (i === 1) scheduler.stop();
  });
  scheduler.add(stopped.track, 0);
  // Another scheduler's frame, due long after the last one here, tells that the time for it has passed.
  const other = track("b", [20], []);
  new FrameScheduler(new TestClock()).add(other.track, performance.now());
  await other.ended;
  assert.equal(sent.length, 2);
});
