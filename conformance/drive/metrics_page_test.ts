import assert from "node:assert/strict";
import { Breach } from "./outcome.ts";
import { gaugeOf, parseMetrics } from "./metrics_page.ts";

const PAGE = `# HELP arcrtc_relay_load Share of the tightest limit, with a \\\\ and a \\n
# TYPE arcrtc_relay_load gauge
arcrtc_relay_load 2.5e-1
# a comment of the maker's
# TYPE units counter
units{priority="0", reason="a \\"quoted\\" one, with } and \\\\"} 3 1700000000000
units{priority="1",} +Inf

bare\t-7
`;

Deno.test("a page of metrics: samples without labels with their types; comments, labels and time stamps are passed over", () => {
  const page = parseMetrics(PAGE);
  assert.deepEqual([...page], [
    ["arcrtc_relay_load", { type: "gauge", value: 0.25 }],
    ["bare", { type: "untyped", value: -7 }],
  ]);
  assert.deepEqual([...parseMetrics(PAGE.replaceAll("\n", "\r\n"))], [...page]);
  assert.equal(gaugeOf(page, "arcrtc_relay_load"), 0.25);
  assert.throws(() => gaugeOf(page, "bare"), /expected bare declared as a gauge, got untyped/);
  assert.throws(() => gaugeOf(page, "absent"), /expected a gauge absent, got a page without it/);
});

Deno.test("a page of metrics: a line that is not of the format is a breach, and shown", () => {
  const wrong = [
    "load",
    "load =1",
    "load 1 2 3",
    "1load 1",
    'load{a="b} 1',
    "load{a=b} 1",
    "load 0x10",
    "load one",
    "{}",
  ];
  for (const line of [...wrong, "# TYPE load speed", "<html>"]) {
    assert.throws(
      () => parseMetrics(`ok 1\n${line}\n`),
      (error) => error instanceof Breach && error.got === line,
      line,
    );
  }
});
