import assert from "node:assert/strict";
import { sequenceChart } from "./sequence_chart.ts";
import { type TimeChart, timeChart } from "./time_chart.ts";

const CHART: TimeChart = {
  title: "Rate <x>",
  summary: "at most 3",
  unit: "kbit/s",
  kind: "line",
  table: "t",
  fromS: 0,
  toS: 4,
  originS: 1,
  widthS: 1,
  series: [{ name: "rate", tone: "tone1", values: [1, 3, undefined], column: 1 }],
};

/** Points of the path of a class, plot area being x 44..392 for the time, y 128..10 for 0 to the last mark. */
function pathOf(text: string, name: string): string | undefined {
  return new RegExp(`<path class="${name}" d="([^"]+)"`).exec(text)?.[1];
}

Deno.test("time chart: values lie where time and height say", () => {
  const text = timeChart(CHART).text;
  // 1.5 s of 4 is 3/8 of the width, 1 of 3 a third of the height.
  assert.equal(pathOf(text, "line tone1"), "M174.5 88.7L261.5 10");
  assert.match(text, /Rate &lt;x&gt;/);
  assert.match(text, /role="img" tabindex="0" aria-label="Rate &lt;x&gt;\. at most 3\. The values are in the table/);
});

Deno.test("time chart: a gap where there is no value, a dot for one alone", () => {
  const values = [1, undefined, 2];
  const text = timeChart({ ...CHART, series: [{ ...CHART.series[0], values }] }).text;
  assert.equal(pathOf(text, "line tone1"), undefined);
  assert.equal(pathOf(text, "dots tone1")?.match(/M/g)?.length, 2);
});

Deno.test("time chart: steps keep their value, 0 at the top where that is the best; bars stand on one another", () => {
  const marks = [{ value: 0, text: "Q0" }, { value: 3, text: "Q3" }];
  const steps = timeChart({ ...CHART, kind: "step", marks, isInverted: true }).text;
  assert.equal(pathOf(steps, "line tone1"), "M131 49.3H218V128H305");
  const other = { name: "b", tone: "alarm" as const, values: [2, 0, undefined], column: 2 };
  const bars = timeChart({ ...CHART, kind: "bars", series: [CHART.series[0], other] }).text;
  assert.equal(pathOf(bars, "bars tone1"), "M131 128h78.3v-39.3h-78.3zM218 128h78.3v-118h-78.3z");
  assert.equal(pathOf(bars, "bars alarm"), "M131 88.7h78.3v-78.7h-78.3z");
  assert.match(bars, /<ul class="legend"><li class="tone1">rate<\/li><li class="alarm">b<\/li><\/ul>/);
});

Deno.test("sequence chart: every step is drawn and stands in the table", () => {
  const text = sequenceChart({
    title: "Ladder",
    lanes: ["a", "<b>"],
    steps: [
      { time: "0.1", packet: 1, from: 0, to: 1, label: "CONNECT", about: "<i>", isMedia: false },
      { time: "0.2", packet: 2, from: 1, to: 1, label: "self", about: "", isMedia: true },
    ],
  }).text;
  const cells = [...text.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map((match) => match[1]);
  assert.deepEqual(cells, [
    "0.1",
    "1",
    "a",
    "&lt;b&gt;",
    "CONNECT",
    "&lt;i&gt;",
    "0.2",
    "2",
    "&lt;b&gt;",
    "&lt;b&gt;",
    "self",
    "",
  ]);
  assert.equal(text.match(/<path class="line/g)?.length, 1);
  assert.doesNotMatch(text, /<b>|<i>/);
});
