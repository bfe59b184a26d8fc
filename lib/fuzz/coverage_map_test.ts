import assert from "node:assert/strict";
import { CoverageMap, coveredRanges } from "./coverage_map.ts";

const range = (startOffset: number, endOffset: number, count: number) => ({ startOffset, endOffset, count });

Deno.test("coverage: of nested ranges the innermost count holds", () => {
  const functions = [{ ranges: [range(0, 100, 1), range(10, 40, 0), range(20, 30, 5), range(60, 70, 0)] }];
  assert.deepEqual(coveredRanges("s", functions).map(({ start, end }) => [start, end]), [
    [0, 10],
    [20, 30],
    [40, 60],
    [70, 100],
  ]);
});

Deno.test("coverage: only what had not run before is news", () => {
  const map = new CoverageMap();
  const first = [{ script: "s", start: 0, end: 2000 }];
  assert.ok(map.hasNews(first));
  map.add(first);
  assert.ok(!map.hasNews([{ script: "s", start: 100, end: 1999 }]));
  assert.ok(map.hasNews([{ script: "s", start: 1999, end: 2001 }]));
  assert.ok(map.hasNews([{ script: "t", start: 0, end: 1 }]));
  assert.ok(!map.hasNews([]));
  assert.equal(map.coveredBytes, 2000);
});
