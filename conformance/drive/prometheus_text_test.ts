import assert from "node:assert/strict";
import { readPrometheus } from "./prometheus_text.ts";

Deno.test("a page is read: comments, labels with all that may be in them, every form of number", () => {
  const page = [
    "# HELP a_total What it counts.",
    "# TYPE a_total counter",
    'a_total{path="a\\\\b\\"c\\nd",other="{},="} 3',
    "a_total 1.5e+3 1700000000000",
    "",
    "# TYPE h histogram",
    'h_bucket{le="+Inf"} 2',
    "h_sum -Inf",
    "h_count NaN",
    "untyped\t7 ",
    "",
  ].join("\n");
  const read = readPrometheus(page);
  assert.ok(typeof read !== "string", String(read));
  assert.deepEqual([...read.types], [["a_total", "counter"], ["h", "histogram"]]);
  assert.deepEqual([...read.samples], [
    ['a_total{path="a\\\\b\\"c\\nd",other="{},="}', 3],
    ["a_total", 1500],
    ['h_bucket{le="+Inf"}', 2],
    ["h_sum", -Infinity],
    ["h_count", NaN],
    ["untyped", 7],
  ]);
});

Deno.test("what a scraper would stumble over is named with its line", () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["# TYPE a gauge\na 1", /^it does not end/],
    ["# TYPE a gauge\na one\n", /^line 2 has no number/],
    ["# TYPE a gauge\na{b=c} 1\n", /^line 2 is no sample/],
    ['# TYPE a gauge\na{b="c} 1\n', /^line 2 is no sample/],
    ["# TYPE a gauge\na 1\na 2\n", /^line 3 has a again/],
    ["a 1\n# TYPE a gauge\n", /^line 2 names a type of a behind a sample/],
    ["# TYPE a gauge\n# TYPE a counter\n", /^line 2 names a type of a again/],
    ["# TYPE a speed\n", /^line 1 names no type/],
    ["a 1 2 3\n", /^line 1 is no sample/],
    ["1a 1\n", /^line 1 is no sample/],
    ["<html>\n", /^line 1 is no sample/],
  ];
  for (const [page, problem] of rows) assert.match(String(readPrometheus(page)), problem);
});
