import assert from "node:assert/strict";
import fc from "fast-check";
import { NackScheduler, type PlayoutClock } from "./nack.ts";

const LATER: PlayoutClock = { playoutTimeMs: () => 1e9 };

Deno.test("ARC-LOSS-detect ARC-LOSS-nack-delay: a gap is asked for when 3 later packets have come", () => {
  const nack = new NackScheduler();
  nack.handle(10, 0);
  nack.handle(12, 1);
  nack.handle(13, 2);
  assert.deepEqual(nack.poll(2, 50, LATER), []);
  nack.handle(14, 3);
  assert.deepEqual(nack.poll(3, 50, LATER), [11]);
  assert.deepEqual(nack.poll(3, 50, LATER), []);
});

Deno.test("ARC-LOSS-nack-delay: or when 5 ms have passed, whichever is first", () => {
  const nack = new NackScheduler();
  nack.handle(65_535, 0);
  nack.handle(65_538, 1);
  assert.equal(nack.nextTimeoutMs(), 6);
  assert.deepEqual(nack.poll(5.9, 50, LATER), []);
  assert.deepEqual(nack.poll(6, 50, LATER), [0, 1], "as sequence numbers, wrapped");
});

Deno.test("a packet that comes within the time, in whatever way, is not asked for", () => {
  const nack = new NackScheduler();
  for (const [index, atMs] of [[1, 0], [4, 1], [2, 2], [3, 3]]) nack.handle(index, atMs);
  assert.equal(nack.missing, 0);
  assert.equal(nack.nextTimeoutMs(), undefined);
  assert.deepEqual(nack.poll(100, 50, LATER), []);
});

Deno.test("ARC-LOSS-nack-retry: once per round trip, 3 times in all", () => {
  const nack = new NackScheduler();
  nack.handle(1, 0);
  nack.handle(3, 0);
  const asked: number[] = [];
  for (let nowMs = 0; nowMs <= 500; nowMs++) if (nack.poll(nowMs, 40, LATER).length > 0) asked.push(nowMs);
  assert.deepEqual(asked, [5, 45, 85]);
  assert.equal(nack.missing, 0);
});

Deno.test("ARC-LOSS-nack-deadline: never at or past playout time, nor where the time is over already", () => {
  const clock = (playoutMs: number | undefined): PlayoutClock => ({ playoutTimeMs: () => playoutMs });
  const gap = () => {
    const nack = new NackScheduler();
    nack.handle(1, 0);
    nack.handle(3, 0);
    return nack;
  };
  assert.deepEqual(gap().poll(10, 50, clock(10)), []);
  assert.deepEqual(gap().poll(10, 50, clock(undefined)), []);
  assert.deepEqual(gap().poll(10, 50, clock(10.1)), [2]);
  const nack = gap();
  assert.deepEqual(nack.poll(5, 10, clock(14)), [2]);
  assert.deepEqual(nack.poll(15, 10, clock(14)), []);
  assert.equal(nack.missing, 0);
});

Deno.test("of a gap beyond the capacity the newest are asked for; work and memory do not grow with the jump", () => {
  const nack = new NackScheduler(8);
  nack.handle(0, 0);
  nack.handle(2, 0);
  nack.handle(2 ** 47, 1);
  assert.equal(nack.missing, 8);
  assert.deepEqual(nack.poll(6, 50, LATER), [65_528, 65_529, 65_530, 65_531, 65_532, 65_533, 65_534, 65_535]);
});

Deno.test("any arrivals: only missing packets, each at most 3 times, none twice within a round trip", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: -6, max: 9 }), fc.nat(30)), { maxLength: 80 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 60 }), (list, rttMs) => {
      const nack = new NackScheduler();
      const arrived = new Set<number>();
      const asked = new Map<number, number[]>();
      let highest = 1000;
      let nowMs = 0;
      for (const [step, laterMs] of list) {
        nowMs += laterMs;
        const index = Math.max(0, highest + step);
        highest = Math.max(highest, index);
        nack.handle(index, nowMs);
        arrived.add(index);
        for (const seq16 of nack.poll(nowMs, rttMs, LATER)) {
          assert.ok(!arrived.has(seq16) && seq16 < highest);
          const times = asked.get(seq16) ?? [];
          assert.ok(times.length < 3 && (times.length === 0 || nowMs - times[times.length - 1] >= rttMs));
          asked.set(seq16, [...times, nowMs]);
        }
      }
    }),
    { seed: 91, numRuns: 300 },
  );
});
