import assert from "node:assert/strict";
import fc from "fast-check";
import { InterarrivalJitter } from "./interarrival.ts";

Deno.test("ARC-JITTER-interarrival: worked by hand at 8 kHz", () => {
  const jitter = new InterarrivalJitter(8000);
  jitter.handle(0, 1000);
  assert.equal(jitter.jitterTicks, 0);
  jitter.handle(160, 1020);
  assert.equal(jitter.jitterMs, 0, "20 ms of media in 20 ms");
  // 20 ms late: |D| = 160 ticks, J = 160 / 16 = 10 ticks = 1.25 ms. Then 20 ms early: J = 10 + (160 - 10) / 16.
  jitter.handle(320, 1060);
  assert.deepEqual([jitter.jitterTicks, jitter.jitterMs], [10, 1.25]);
  jitter.handle(480, 1060);
  assert.equal(jitter.jitterMs, (10 + 150 / 16) / 8);
  assert.equal(jitter.jitterTicks, 19);
});

Deno.test("an even stream has no jitter, across the wrap of timestamps and at any clock", () => {
  for (const [clockRateHz, ticks] of [[48_000, 960], [90_000, 3000], [8000, 160]]) {
    const jitter = new InterarrivalJitter(clockRateHz);
    for (let i = 0; i < 50; i++) {
      jitter.handle((0xffff_ffff - 10 * ticks + i * ticks) >>> 0, i * (ticks / clockRateHz) * 1000);
    }
    assert.ok(jitter.jitterMs < 1e-6);
  }
});

Deno.test("any input gives a finite number that fits the report", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(0xffff_ffff), fc.double({ min: 0, max: 1e9, noNaN: true })), { maxLength: 50 }),
      (packets) => {
        const jitter = new InterarrivalJitter(90_000);
        for (const [timestamp, arrivalMs] of packets) jitter.handle(timestamp, arrivalMs);
        assert.ok(Number.isInteger(jitter.jitterTicks) && jitter.jitterTicks >= 0 && jitter.jitterTicks <= 0xffff_ffff);
        assert.ok(Number.isFinite(jitter.jitterMs));
      },
    ),
    { seed: 81, numRuns: 200 },
  );
});
