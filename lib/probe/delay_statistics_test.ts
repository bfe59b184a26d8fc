import assert from "node:assert/strict";
import { SeededRng, unit } from "../base/rng.ts";
import { DelayStatistics, SmoothedJitter } from "./delay_statistics.ts";

Deno.test("delay statistics: moments of a known distribution", () => {
  const statistics = new DelayStatistics();
  for (const delay of [2, 4, 4, 4, 5, 5, 7, 9]) statistics.record(delay);
  const summary = statistics.summary();
  assert.equal(summary?.meanMs, 5);
  assert.equal(summary?.minMs, 2);
  assert.equal(summary?.maxMs, 9);
  assert.ok(Math.abs((summary?.medianMs ?? NaN) - 4) < 0.004);
  assert.ok(Math.abs((summary?.stddevMs ?? NaN) - Math.sqrt(32 / 7)) < 1e-12);
});

Deno.test("delay statistics: nothing recorded is nothing said; one delay has no spread", () => {
  const statistics = new DelayStatistics();
  assert.equal(statistics.summary(), undefined);
  statistics.record(NaN);
  assert.equal(statistics.summary(), undefined);
  statistics.record(3);
  assert.equal(statistics.summary()?.stddevMs, undefined);
  assert.equal(statistics.summary()?.medianMs, 3);
});

Deno.test("delay statistics: a percentile is stated from the count on that supports it, and says which", () => {
  const statistics = new DelayStatistics();
  const stated = () => statistics.summary()?.percentiles.filter(({ ms }) => ms !== undefined).map((p) => p.percent);
  const needs = { 50: 5, 90: 29, 95: 59, 99: 299, 99.9: 2995, 99.99: 29_956 };
  const seen: number[] = [];
  for (let count = 1; count <= 29_956; count++) {
    statistics.record(count);
    if (!Object.values(needs).some((need) => count === need || count === need - 1)) continue;
    seen.push(stated()?.length ?? 0);
  }
  assert.deepEqual(seen, [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
  assert.deepEqual(statistics.summary()?.percentiles.map(({ percent, needs }) => [percent, needs]), [
    [50, 5],
    [90, 29],
    [95, 59],
    [99, 299],
    [99.9, 2995],
    [99.99, 29_956],
  ]);
});

Deno.test("jitter: RFC 3550's formula, step by step", () => {
  const jitter = new SmoothedJitter();
  assert.equal(jitter.jitterMs, undefined);
  jitter.handle(10);
  assert.equal(jitter.jitterMs, undefined);
  jitter.handle(26);
  assert.equal(jitter.jitterMs, 1);
  jitter.handle(10);
  assert.equal(jitter.jitterMs, 1 + 15 / 16);
});

Deno.test("jitter: settles at the mean difference of neighbours", () => {
  const rng = new SeededRng(7);
  const jitter = new SmoothedJitter();
  let sum = 0;
  for (let i = 0; i < 20_000; i++) {
    jitter.handle(unit(rng) * 30);
    if (i >= 10_000) sum += jitter.jitterMs ?? 0;
  }
  // Of two uniform values 0..30 the mean distance is 10.
  assert.ok(Math.abs(sum / 10_000 - 10) < 0.3, `mean jitter ${sum / 10_000}`);
});
