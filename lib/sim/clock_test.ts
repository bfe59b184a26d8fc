import assert from "node:assert/strict";
import fc from "fast-check";
import { type SimEvent, VirtualClock } from "./clock.ts";

Deno.test("VirtualClock: events run in order of time, ties in order of scheduling, whatever the order of insertion", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (times) => {
      const clock = new VirtualClock();
      const ran: { at: number; order: number }[] = [];
      times.forEach((at, order) => clock.at(at, () => ran.push({ at: clock.nowMs, order })));
      clock.runUntil(1000);
      const expected = times.map((at, order) => ({ at, order })).sort((a, b) => a.at - b.at || a.order - b.order);
      assert.deepEqual(ran, expected);
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("VirtualClock: cancelled events never run and the others all do, through rebuilds of the heap", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean()), { maxLength: 400 }), (plan) => {
      const clock = new VirtualClock();
      const ran: number[] = [];
      const events = plan.map(([at], i) => clock.at(at, () => ran.push(i)));
      plan.forEach(([, keep], i) => keep || clock.cancel(events[i]));
      const kept = plan.flatMap(([, keep], i) => keep ? [i] : []);
      assert.equal(clock.pending, kept.length);
      clock.runUntil(50);
      assert.deepEqual(ran.sort((a, b) => a - b), kept);
      assert.equal(clock.pending, 0);
    }),
    { seed: 2, numRuns: 100 },
  );
});

Deno.test("VirtualClock: re-arming one far timer for every packet leaves no heap of dead ones behind", () => {
  const clock = new VirtualClock();
  let timer: SimEvent = clock.at(86_400_000, () => {});
  for (let i = 0; i < 50_000; i++) {
    clock.cancel(timer);
    timer = clock.at(86_400_000 + i, () => {});
  }
  assert.equal(clock.pending, 1);
  assert.equal(clock.nextMs, 86_400_000 + 49_999);
});

Deno.test("VirtualClock: the deadline is included, the future is not, and an empty queue still moves the present", () => {
  const clock = new VirtualClock(100);
  const ran: number[] = [];
  clock.at(150, () => ran.push(150));
  clock.at(150.5, () => ran.push(150.5));
  assert.equal(clock.runUntil(150), 1);
  assert.deepEqual(ran, [150]);
  assert.equal(clock.nowMs, 150);
  clock.runUntil(500);
  assert.equal(clock.nowMs, 500);
  clock.runUntil(400);
  assert.equal(clock.nowMs, 500, "time never goes back");
  assert.equal(clock.step(), false);
});

Deno.test("VirtualClock: what an event schedules for the past or the present runs in the same instant, later", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.at(10, () => {
    clock.at(3, () => ran.push(`past at ${clock.nowMs}`));
    clock.after(0, () => ran.push(`now at ${clock.nowMs}`));
    ran.push("first");
  });
  clock.at(10, () => ran.push("second"));
  clock.runUntil(10);
  assert.deepEqual(ran, ["first", "second", "past at 10", "now at 10"]);
});

Deno.test("VirtualClock: cancelling twice, or after the run, counts nothing", () => {
  const clock = new VirtualClock();
  const event = clock.at(1, () => {});
  const other = clock.at(2, () => {});
  clock.runUntil(1);
  clock.cancel(event);
  assert.equal(clock.pending, 1);
  clock.cancel(other);
  clock.cancel(other);
  assert.equal(clock.pending, 0);
  assert.throws(() => clock.at(NaN, () => {}), RangeError);
});
