import assert from "node:assert/strict";
import { LoadSchedule } from "./load_schedule.ts";

const EVEN = { startMs: 1000, sources: 4, intervalMs: 20, rampMs: 0, durationMs: 100 };

function all(schedule: LoadSchedule): { source: number; dueMs: number }[] {
  const sent = [];
  for (; schedule.dueMs < Infinity; schedule.advance()) sent.push({ source: schedule.source, dueMs: schedule.dueMs });
  return sent;
}

Deno.test("load schedule: each source sends once in an interval, all of them evenly spread", () => {
  const sent = all(new LoadSchedule(EVEN));
  assert.equal(sent.length, 20);
  assert.deepEqual(sent.slice(0, 5).map(({ source }) => source), [0, 1, 2, 3, 0]);
  assert.deepEqual(sent.slice(0, 5).map(({ dueMs }) => dueMs), [1000, 1005, 1010, 1015, 1020]);
});

Deno.test("load schedule: in the ramp sources begin one by one and keep their own interval", () => {
  const schedule = new LoadSchedule({ ...EVEN, rampMs: 400, durationMs: 800 });
  const bySource = Map.groupBy(all(schedule), ({ source }) => source);
  const begin = (source: number) => bySource.get(source)?.[0].dueMs ?? NaN;
  assert.ok(begin(0) < begin(1) && begin(1) < begin(2) && begin(2) < begin(3));
  for (const times of bySource.values()) {
    for (let i = 1; i < times.length; i++) assert.equal(times[i].dueMs - times[i - 1].dueMs, 20);
  }
  assert.deepEqual([1000, 1100, 1101, 1400, 5000].map((ms) => schedule.activeSources(ms)), [1, 1, 2, 4, 4]);
});

Deno.test("load schedule: what a stall has made too late is passed over and counted; what is late is still sent", () => {
  const schedule = new LoadSchedule({ ...EVEN, durationMs: 10_000 });
  schedule.catchUp(1090);
  assert.deepEqual([schedule.skipped, schedule.dueMs], [0, 1000]);
  schedule.catchUp(2100);
  assert.deepEqual([schedule.skipped, schedule.dueMs], [200, 2000]);
  schedule.catchUp(1e9);
  assert.deepEqual([schedule.skipped, schedule.dueMs], [2000, Infinity]);
});
