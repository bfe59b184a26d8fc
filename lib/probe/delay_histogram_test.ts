import assert from "node:assert/strict";
import fc from "fast-check";
import { DelayHistogram } from "./delay_histogram.ts";

const PERCENTS = [50, 90, 99, 99.9, 99.99];

/** Nearest rank over the values themselves. */
function percentileOf(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length - 1e-9)) - 1];
}

Deno.test("delay histogram: percentiles are within 0.1 % of the sorted values' own, microseconds to an hour", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -3, max: 6.5, noNaN: true }), { minLength: 1, maxLength: 400 }),
      (exponents) => {
        const delays = exponents.map((exponent) => 10 ** exponent);
        const histogram = new DelayHistogram();
        for (const delay of delays) histogram.record(delay);
        const sorted = delays.toSorted((a, b) => a - b);
        for (const percent of PERCENTS) {
          const want = percentileOf(sorted, percent);
          const got = histogram.percentileMs(percent) ?? NaN;
          assert.ok(Math.abs(got - want) <= want * 0.001, `p${percent}: expected ${want}, got ${got}`);
        }
        assert.equal(histogram.minMs, sorted[0]);
        assert.equal(histogram.maxMs, sorted.at(-1));
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("delay histogram: a million delays keep their p99.99", () => {
  const histogram = new DelayHistogram();
  for (let i = 1; i <= 1_000_000; i++) histogram.record(i / 1000);
  for (const percent of PERCENTS) {
    const want = percent * 10;
    assert.ok(Math.abs((histogram.percentileMs(percent) ?? NaN) - want) <= want * 0.001, `p${percent}`);
  }
  assert.equal(histogram.count, 1_000_000);
});

Deno.test("delay histogram: zero, negative, huge and not a number", () => {
  const histogram = new DelayHistogram();
  assert.equal(histogram.percentileMs(50), undefined);
  for (const delay of [0, -5, NaN, 1e12, Infinity]) histogram.record(delay);
  assert.equal(histogram.count, 4);
  assert.equal(histogram.minMs, 0);
  assert.equal(histogram.maxMs, Infinity);
  assert.equal(histogram.atRankMs(1), 0);
  assert.equal(histogram.atRankMs(4), Infinity);
  assert.equal(histogram.atRankMs(0), undefined);
  assert.equal(histogram.atRankMs(5), undefined);
});

Deno.test("delay histogram: counts between edges add up", () => {
  const histogram = new DelayHistogram();
  for (const delay of [0.5, 1, 1.5, 2, 3, 4, 100]) histogram.record(delay);
  assert.equal(histogram.countBetween(0, 1), 1);
  assert.equal(histogram.countBetween(1, 2), 2);
  assert.equal(histogram.countBetween(2, 4), 2);
  assert.equal(histogram.countBetween(4, Infinity), 2);
});
