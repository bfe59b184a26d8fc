import assert from "node:assert/strict";
import fc from "fast-check";
import { TimeGrid } from "./time_grid.ts";

Deno.test("time grid: any values give the same sums, least and greatest as counting them bucket by bucket", () => {
  const value = fc.record({ timeS: fc.double({ min: 0, max: 1e6, noNaN: true }), value: fc.integer() });
  fc.assert(fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
    const grid = new TimeGrid(0, { buckets: 8, widthS: 0.5 });
    const column = grid.column();
    for (const { timeS, value } of values) column.add(grid.bucketAt(timeS), value);
    assert.ok(grid.used <= 8);
    for (let i = 0; i < grid.used; i++) {
      const inside = values.filter(({ timeS }) => Math.floor(timeS / grid.widthS) === i).map(({ value }) => value);
      assert.equal(column.count(i), inside.length);
      assert.equal(column.sum(i), inside.reduce((sum, each) => sum + each, 0));
      assert.equal(column.min(i), inside.length === 0 ? undefined : Math.min(...inside));
      assert.equal(column.max(i), inside.length === 0 ? undefined : Math.max(...inside));
    }
  }));
});

Deno.test("time grid: a moment before the origin counts in the first bucket, one years later in the last", () => {
  const grid = new TimeGrid(100, { buckets: 4, widthS: 1 });
  const column = grid.column();
  column.add(grid.bucketAt(99), 1);
  column.add(grid.bucketAt(103.5), 2);
  assert.deepEqual([grid.used, column.sum(0), column.sum(3), column.mean(1)], [4, 1, 2, undefined]);
  column.add(grid.bucketAt(1e9), 4);
  assert.ok(grid.used <= 4 && grid.widthS > 2e8);
  assert.equal(column.sum(0), 3);
  assert.equal(column.sum(grid.used - 1), 4);
});
