import assert from "node:assert/strict";
import { DelayStatistics } from "./delay_statistics.ts";
import { judgeBudget } from "./latency_budget.ts";

function trips(ms: number, count = 10) {
  const statistics = new DelayStatistics();
  for (let i = 0; i < count; i++) statistics.record(ms);
  return statistics.summary();
}

/** Round trips that took so long each; undefined: none. */
function asked(ms: number | undefined, count = 10) {
  return { fromSent: ms === undefined ? undefined : trips(ms, count), oneWay: undefined };
}

const verdictOf = (component: string, ms: number) =>
  judgeBudget(asked(ms)).find((row) => row.component === component)?.verdict;

Deno.test("latency budget: the rows and figures are those of the specification's table", () => {
  const rows = judgeBudget(asked(undefined)).map((
    { component, targetMs, maximumMs },
  ) => [component, targetMs, maximumMs]);
  assert.deepEqual(rows, [
    ["Encoding", 10, 20],
    ["Network", 20, 50],
    ["Routing", 1, 5],
    ["Decoding", 10, 20],
    ["Buffering", 5, 10],
    ["Total", 50, 100],
  ]);
});

Deno.test("latency budget: the network's row follows from bounds, never from half a round trip", () => {
  assert.equal(verdictOf("Network", 19), "within-target");
  assert.equal(verdictOf("Network", 45), "within-maximum");
  // Between 50 and 100 one way may be above or below 50: half would have called it within.
  assert.equal(verdictOf("Network", 60), "undecided");
  assert.equal(verdictOf("Network", 101), "over-maximum");
});

Deno.test("latency budget: what cannot be seen from outside says so", () => {
  for (const { component, verdict, words } of judgeBudget(asked(5))) {
    if (component === "Network") continue;
    assert.equal(verdict, "not-measurable", component);
    assert.match(words, /^not measurable from here: /);
  }
  assert.equal(verdictOf("Total", 201), "over-maximum");
  assert.equal(judgeBudget(asked(undefined))[1].verdict, "undecided");
});

Deno.test("latency budget: p99 counts where there are answers enough, else the median, and it says which", () => {
  assert.match(judgeBudget(asked(5, 10))[1].words, /^round trip median 5\.00 ms/);
  assert.match(judgeBudget(asked(5, 300))[1].words, /^round trip p99 5\.00 ms/);
});

Deno.test("latency budget: through a relay with both ends ours, one way is measured and bounds the routing", () => {
  const through = (ms: number) =>
    judgeBudget({ fromSent: trips(2 * ms), oneWay: trips(ms) }).filter(({ component }) =>
      component === "Network" || component === "Routing"
    ).map(({ verdict }) => verdict);
  assert.deepEqual(through(0.8), ["within-target", "within-target"]);
  assert.deepEqual(through(4), ["within-target", "within-maximum"]);
  assert.deepEqual(through(30), ["within-maximum", "undecided"]);
  assert.deepEqual(through(51), ["over-maximum", "undecided"]);
});
