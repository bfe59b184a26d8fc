import assert from "node:assert/strict";
import { delays, figure, overruns } from "./measure.ts";

const BUDGET = { target: 1, maximum: 5 };

Deno.test("delays: the median is held against the target, the 99th percentile against the maximum", () => {
  const values = Array.from({ length: 100 }, (_, i) => (i + 1) / 10);
  assert.deepEqual(delays("delay", values.toReversed(), BUDGET), [
    { name: "delay p50", value: 5, unit: "ms", most: 1 },
    { name: "delay p99", value: 9.9, unit: "ms", most: 5 },
  ]);
  assert.deepEqual(delays("delay", [7], BUDGET).map(({ value }) => value), [7, 7]);
  assert.deepEqual(delays("delay", [], BUDGET), []);
});

Deno.test("overruns: what is over its bound, and what is no number; a figure without a bound never is", () => {
  const measures = [
    { name: "kept", value: 5, unit: "ms", most: 5 },
    { name: "over", value: 5.0167, unit: "ms", most: 5 },
    { name: "none", value: NaN, unit: "ms", most: 5 },
    { name: "told", value: 1e9, unit: "1/s" },
  ];
  assert.deepEqual(overruns(measures), [
    { at: "over", expected: "at most 5 ms", got: "5.02 ms" },
    { at: "none", expected: "at most 5 ms", got: "NaN ms" },
  ]);
  assert.deepEqual([0, 0.012345, 1.5, 99.96, 1234.5].map(figure), ["0", "0.0123", "1.5", "100", "1235"]);
});
