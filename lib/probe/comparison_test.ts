import assert from "node:assert/strict";
import { SeededRng, unit } from "../base/rng.ts";
import { DifferenceStatistics, judgeDifference, PairedComparison } from "./comparison.ts";

/** Roughly normal: 12 uniform values less 6. */
function normal(rng: SeededRng): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += unit(rng);
  return sum;
}

/** Rounds of two ways whose delays share what the network does to both. */
function compare(rounds: number, extraMs: number, seed: number) {
  const rng = new SeededRng(seed);
  const comparison = new PairedComparison(2);
  for (let round = 0; round < rounds; round++) {
    const sharedMs = 30 + 25 * unit(rng);
    comparison.record(round, 0, sharedMs + 0.5 * normal(rng));
    comparison.record(round, 1, sharedMs + extraMs + 0.5 * normal(rng));
  }
  const difference = comparison.difference(1);
  assert.ok(difference !== undefined);
  return difference;
}

Deno.test("comparison: pairs show a difference far below the delays' own spread", () => {
  const difference = compare(200, 1, 1);
  assert.ok((difference.lowMs ?? NaN) > 0.8 && (difference.highMs ?? NaN) < 1.2);
  assert.ok(Math.abs(difference.medianMs - 1) < 0.15 && Math.abs(difference.meanMs - 1) < 0.15);
  assert.equal(judgeDifference(difference, 0.1), "slower");
  assert.equal(judgeDifference(difference, 3), "within-noise");
  assert.equal(judgeDifference(compare(200, -4, 2), 0.1), "faster");
});

Deno.test("comparison: bounds of 95 % enclose 0 in about 95 of 100 comparisons of the same with the same", () => {
  let enclosed = 0;
  for (let seed = 0; seed < 400; seed++) {
    if (judgeDifference(compare(30, 0, 1000 + seed), 0) === "no-difference") enclosed++;
  }
  assert.ok(enclosed > 370 && enclosed < 400, `${enclosed} of 400`);
});

Deno.test("comparison: five pairs say nothing", () => {
  assert.equal(judgeDifference(compare(5, 50, 3), 0), "too-few-pairs");
  assert.equal(judgeDifference(compare(6, 50, 3), 0), "slower");
});

Deno.test("comparison: slow swings between neighbours widen the bounds", () => {
  const independent = new DifferenceStatistics();
  const swinging = new DifferenceStatistics();
  const rng = new SeededRng(9);
  let level = 0;
  for (let i = 0; i < 2000; i++) {
    independent.record(normal(rng));
    level = 0.9 * level + Math.sqrt(1 - 0.81) * normal(rng);
    swinging.record(level);
  }
  const width = (s: DifferenceStatistics) => (s.summary()?.highMs ?? NaN) - (s.summary()?.lowMs ?? NaN);
  assert.ok(Math.abs((swinging.summary()?.correlation ?? NaN) - 0.9) < 0.05);
  assert.ok(Math.abs(independent.summary()?.correlation ?? NaN) < 0.1);
  assert.ok(width(swinging) > 3 * width(independent));
});

Deno.test("comparison: signed ranks: the median of negative and positive differences", () => {
  const statistics = new DifferenceStatistics();
  for (const ms of [-30, -20, -10, 0, 5, 15, 25]) statistics.record(ms);
  const { medianMs = NaN, lowMs, highMs, pairs } = statistics.summary() ?? {};
  assert.ok(Math.abs(medianMs) < 0.001);
  assert.deepEqual([lowMs, highMs, pairs], [-30, 25, 7]);
});

Deno.test("comparison: a round without one answer makes no pair, and answers of long ago none either", () => {
  const comparison = new PairedComparison(3);
  comparison.record(0, 1, 10);
  assert.equal(comparison.difference(1), undefined);
  comparison.record(0, 0, 4);
  comparison.record(0, 2, 1);
  assert.equal(comparison.difference(1)?.medianMs, 6);
  assert.equal(comparison.difference(2)?.medianMs, -3);
  comparison.record(1024, 0, 1);
  comparison.record(0, 1, 1);
  assert.equal(comparison.difference(1)?.pairs, 1);
});
