import assert from "node:assert/strict";
import { DelayHistogram } from "../../lib/probe/delay_histogram.ts";
import { histogramLines } from "./histogram_text.ts";

function drawn(delays: readonly number[], columns = 80): string[] {
  const histogram = new DelayHistogram();
  for (const delay of delays) histogram.record(delay);
  return histogramLines(histogram, columns);
}

const countsOf = (lines: readonly string[]) => lines.map((line) => Number(/ms +(\d+)/.exec(line)?.[1]));

Deno.test("histogram text: all delays are in it, the fullest range is the longest bar, every delay is seen", () => {
  const delays = [...Array.from({ length: 500 }, (_, i) => 1 + i / 1000), 40, 90];
  const lines = drawn(delays);
  assert.equal(countsOf(lines).reduce((sum, n) => sum + n, 0), 502);
  assert.equal(lines.length, 12);
  assert.match(lines[0], /^ *1\.00 - \S+ ms +\d+ {2}█+/);
  assert.match(lines[11], / 90\.0 ms +1 {2}▏$/);
  for (const line of lines) assert.ok(line.length <= 80, line);
});

Deno.test("histogram text: the same delay over and over, one delay, none", () => {
  assert.deepEqual(drawn([]), []);
  assert.deepEqual(countsOf(drawn([5])), [1]);
  assert.deepEqual(countsOf(drawn([5, 5, 5])), [3]);
  assert.deepEqual(countsOf(drawn([0, 0])), [2]);
  assert.equal(countsOf(drawn([0, 10])).reduce((sum, n) => sum + n, 0), 2);
});

Deno.test("histogram text: a narrow terminal gets short bars", () => {
  for (const line of drawn([1, 2, 3, 4, 5], 40)) assert.ok(line.length <= 40, line);
});
