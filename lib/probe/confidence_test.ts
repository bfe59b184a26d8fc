import assert from "node:assert/strict";
import { SeededRng, unit } from "../base/rng.ts";
import { medianRanks, MIN_FOR_MEDIAN, samplesFor } from "./confidence.ts";

Deno.test("confidence: samples for a percentile are the fewest with 1 - p^n >= 0.95", () => {
  for (const percent of [50, 75, 90, 95, 99, 99.9, 99.99]) {
    const n = samplesFor(percent);
    assert.ok(1 - (percent / 100) ** n >= 0.95, `p${percent} with ${n}`);
    assert.ok(1 - (percent / 100) ** (n - 1) < 0.95, `p${percent} with ${n - 1}`);
  }
});

Deno.test("confidence: ranks around the median as in the tables of order statistics", () => {
  assert.equal(medianRanks(MIN_FOR_MEDIAN - 1), undefined);
  assert.deepEqual(medianRanks(6), { low: 1, high: 6 });
  assert.deepEqual(medianRanks(8), { low: 1, high: 8 });
  assert.deepEqual(medianRanks(9), { low: 2, high: 8 });
  assert.deepEqual(medianRanks(20), { low: 6, high: 15 });
  assert.deepEqual(medianRanks(100), { low: 40, high: 61 });
});

Deno.test("confidence: the exact ranks and the normal ones meet", () => {
  const exact = medianRanks(1000);
  const normal = medianRanks(1001);
  assert.ok(exact !== undefined && normal !== undefined);
  assert.ok(Math.abs(exact.low - normal.low) <= 1, `${exact.low} and ${normal.low}`);
});

Deno.test("confidence: neighbours that repeat one another widen the ranks, opposite ones do not narrow them", () => {
  const plain = medianRanks(400);
  const repeated = medianRanks(400, 0.6);
  assert.ok(plain !== undefined && repeated !== undefined);
  assert.ok(Math.abs((200.5 - repeated.low) / (200.5 - plain.low) - 2) < 0.06);
  assert.deepEqual(medianRanks(400, -0.6), plain);
  assert.deepEqual(medianRanks(10, 1), { low: 1, high: 10 });
});

Deno.test("confidence: the bounds enclose the true median in about 95 of 100 runs", () => {
  const rng = new SeededRng(11);
  let hits = 0;
  for (let run = 0; run < 2000; run++) {
    // Skewed on purpose: exponential, its median is ln 2.
    const values = Array.from({ length: 41 }, () => -Math.log(1 - unit(rng))).sort((a, b) => a - b);
    const ranks = medianRanks(41);
    assert.ok(ranks !== undefined);
    if (values[ranks.low - 1] <= Math.LN2 && Math.LN2 <= values[ranks.high - 1]) hits++;
  }
  assert.ok(hits / 2000 > 0.94 && hits / 2000 < 0.985, `${hits} of 2000`);
});
