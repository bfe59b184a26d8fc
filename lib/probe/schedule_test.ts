import assert from "node:assert/strict";
import { SeededRng } from "../base/rng.ts";
import { FixedSchedule, FloodSchedule, type Pacer, type ProbeSlot } from "./schedule.ts";

/** Takes every slot at the moment it is due, as a process that is never late. */
function punctual(pacer: Pacer, most = 1000): ProbeSlot[] {
  const slots: ProbeSlot[] = [];
  let nowMs = 0;
  for (let slot = pacer.peek(nowMs); slot !== undefined && slots.length < most; slot = pacer.peek(nowMs)) {
    slots.push(slot);
    nowMs = slot.plannedMs;
    pacer.take(nowMs);
  }
  return slots;
}

Deno.test("fixed schedule: planned times are multiples of the interval, whatever was late", () => {
  const schedule = new FixedSchedule({ startMs: 1000, targets: 1, intervalMs: 0.1, count: 400 });
  const slots = punctual(schedule);
  assert.equal(slots.length, 400);
  assert.equal(slots[399].plannedMs, 1000 + 399 * 0.1);
  assert.deepEqual(slots.map(({ round }) => round), Array.from({ length: 400 }, (_, i) => i));
});

Deno.test("fixed schedule: several targets share the interval evenly", () => {
  const schedule = new FixedSchedule({ startMs: 0, targets: 4, intervalMs: 100, count: 2 });
  assert.deepEqual(punctual(schedule).map(({ target, plannedMs }) => [target, plannedMs]), [
    [0, 0],
    [1, 25],
    [2, 50],
    [3, 75],
    [0, 100],
    [1, 125],
    [2, 150],
    [3, 175],
  ]);
});

Deno.test("fixed schedule: with a shuffle every target is in every round, and none is always first", () => {
  const schedule = new FixedSchedule({ startMs: 0, targets: 3, intervalMs: 30, count: 300, shuffle: new SeededRng(5) });
  const slots = punctual(schedule);
  const firsts = [0, 0, 0];
  for (let round = 0; round < 300; round++) {
    const targets = slots.slice(3 * round, 3 * round + 3).map((slot) => slot.target);
    assert.deepEqual(targets.toSorted(), [0, 1, 2]);
    firsts[targets[0]]++;
  }
  for (const count of firsts) assert.ok(count > 70, `first ${firsts} times`);
});

Deno.test("fixed schedule: the duration ends it as the count does", () => {
  assert.equal(punctual(new FixedSchedule({ startMs: 5, targets: 1, intervalMs: 10, durationMs: 100 })).length, 10);
  assert.equal(punctual(new FixedSchedule({ startMs: 5, targets: 1, intervalMs: 10, count: 0 })).length, 0);
});

Deno.test("fixed schedule: after a stall the last 64 rounds are sent late, older ones skipped and counted", () => {
  const schedule = new FixedSchedule({ startMs: 0, targets: 2, intervalMs: 10, count: 1000 });
  for (let i = 0; i < 3; i++) {
    schedule.peek(i * 5);
    schedule.take(i * 5);
  }
  const next = schedule.peek(5000);
  assert.deepEqual(next, { round: 500 - 64, target: 0, plannedMs: 4360 });
  // Rounds 1 (target 1 only) and 2 to 435.
  assert.deepEqual(schedule.skipped, [434, 435]);
  const late = new FixedSchedule({ startMs: 0, targets: 1, intervalMs: 10, count: 20 });
  assert.equal(late.peek(1e6), undefined);
  assert.deepEqual(late.skipped, [20]);
});

Deno.test("flood: goes on at each answer, not closer than its gap, and after 10 ms without one", () => {
  const flood = new FloodSchedule({ startMs: 0, targets: 1, minGapMs: 0.5, count: 4 });
  const due: (number | undefined)[] = [flood.peek(0)?.plannedMs];
  flood.take(0);
  due.push(flood.peek(0)?.plannedMs);
  flood.answered(0, 0.1);
  due.push(flood.peek(0.1)?.plannedMs);
  flood.take(0.5);
  flood.answered(0, 3);
  due.push(flood.peek(3)?.plannedMs);
  flood.take(3);
  flood.take(13);
  due.push(flood.peek(13)?.plannedMs);
  assert.deepEqual(due, [0, 10, 0.5, 3, undefined]);
  assert.equal(flood.isFixed, false);
});

Deno.test("flood: a target that does not answer does not hold up the others", () => {
  const flood = new FloodSchedule({ startMs: 0, targets: 2, minGapMs: 1, durationMs: 50 });
  const sent = [0, 0];
  let nowMs = 0;
  for (let slot = flood.peek(nowMs); slot !== undefined; slot = flood.peek(nowMs)) {
    nowMs = Math.max(nowMs, slot.plannedMs);
    sent[slot.target]++;
    flood.take(nowMs);
    if (slot.target === 1) flood.answered(1, nowMs + 0.2);
  }
  assert.deepEqual(sent, [5, 50]);
});
