import assert from "node:assert/strict";
import fc from "fast-check";
import { byLabel, counter, gauge, Histogram, writePrometheus } from "./prometheus.ts";

Deno.test("families are written with their help and type, samples with their labels", () => {
  const text = writePrometheus([
    counter("a_total", "Things.", 3),
    gauge("b", "States.", byLabel("kind", { x: 1, y: 2.5 })),
    gauge("c", "Odd ones.", [{ value: NaN }, { value: Infinity }, { value: -Infinity }]),
  ]);
  assert.equal(
    text,
    [
      "# HELP a_total Things.",
      "# TYPE a_total counter",
      "a_total 3",
      "# HELP b States.",
      "# TYPE b gauge",
      'b{kind="x"} 1',
      'b{kind="y"} 2.5',
      "# HELP c Odd ones.",
      "# TYPE c gauge",
      "c NaN",
      "c +Inf",
      "c -Inf",
      "",
    ].join("\n"),
  );
});

Deno.test("no label or help text can make a line of its own", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "\n", '"', "\\", "}", " ") }), (word) => {
      const text = writePrometheus([gauge("a", word, byLabel("kind", { [word]: 1 }))]);
      assert.equal(text.split("\n").length, 4);
      const label = /^a\{kind="((?:[^"\\\n]|\\["\\n])*)"\} 1$/m.exec(text)?.[1];
      assert.equal(label?.replace(/\\(.)/g, (_, char) => char === "n" ? "\n" : char), word);
    }),
    { seed: 31, numRuns: 200 },
  );
  assert.throws(() => writePrometheus([gauge("a b", "x", 1)]), RangeError);
  assert.throws(() => writePrometheus([gauge("a", "x", byLabel("a-b", { x: 1 }))]), RangeError);
});

Deno.test("a histogram counts cumulatively, bounds included, and keeps sum and count", () => {
  const histogram = new Histogram([1, 2.5]);
  for (const value of [0, 1, 1.5, 2.5, 3, -1]) histogram.observe(value);
  assert.equal(
    writePrometheus([histogram.family("h", "Values.")]),
    [
      "# HELP h Values.",
      "# TYPE h histogram",
      'h_bucket{le="1"} 3',
      'h_bucket{le="2.5"} 5',
      'h_bucket{le="+Inf"} 6',
      "h_sum 7",
      "h_count 6",
      "",
    ].join("\n"),
  );
});
