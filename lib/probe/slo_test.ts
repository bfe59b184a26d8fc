import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRng } from "../base/rng.ts";
import { unwrap } from "../base/parsed.ts";
import { ProbeRun } from "./probe_run.ts";
import { answersFor, judgeSlo, parseSlo, probeFigures } from "./slo.ts";

/** `answered` probes that took `delayMs` each (by number), then `lost` ones. */
function runOf(answered: number, lost: number, delayMs: (i: number) => number): ProbeRun {
  const run = new ProbeRun({
    method: "websocket-ping",
    isDatagram: false,
    waitMs: 1000,
    sizeBytes: 0,
    rng: new SeededRng(1),
    unixOffsetMs: 0,
  });
  for (let i = 0; i < answered + lost; i++) {
    const question = run.ask(i * 10, i, i * 10 + 2);
    run.sent(question, i * 10 + 2);
    if (i < answered) run.echo(question.sequence, i * 10 + 2 + delayMs(i));
  }
  run.timeout(1e9);
  return run;
}

const verdicts = (text: string, run: ProbeRun) =>
  judgeSlo(unwrap(parseSlo(text)), probeFigures(run)).map(({ verdict }) => verdict);

Deno.test("SLO: levels are read, with their units", () => {
  const levels = unwrap(parseSlo("p99<50ms, loss<1%,planned-p99.9 <= 0.2s,jitter<500us,min>1ms,median<9ms"));
  assert.deepEqual(levels.map(({ limit }) => limit), [50, 0.01, 200, 0.5, 1, 9]);
  assert.deepEqual(levels[2].metric, { kind: "percentile", percent: 99.9, fromPlanned: true });
  assert.deepEqual(levels.map(({ operator }) => operator), ["<", "<", "<=", "<", ">", "<"]);
  assert.equal(levels[1].text, "loss<1%");
});

Deno.test("SLO: a level of one class is held against the figures of that class, and of no other", () => {
  const levels = unwrap(parseSlo("pr0-loss<5%,pr2-loss<5%,loss<5%"));
  assert.deepEqual(levels.map(({ priority }) => priority), [0, 2, undefined]);
  const [good, bad] = [runOf(100, 0, () => 1), runOf(50, 50, () => 1)].map(probeFigures);
  const judged = judgeSlo(levels, bad, [good, good, bad, good]);
  assert.deepEqual(judged.map(({ verdict }) => verdict), ["met", "missed", "missed"]);
  assert.deepEqual(judgeSlo(levels, good).map(({ verdict }) => verdict), ["undecided", "undecided", "met"]);
});

Deno.test("SLO: what is not understood is named, with its place", () => {
  for (
    const [text, offset, words] of [
      ["", 0, "expected a metric"],
      ["p99<50ms,", 9, "expected a metric"],
      ["p99<50ms,losss<1%", 9, "unknown metric 'losss'"],
      ["p99<50", 0, "its limit is in us, ms or s"],
      ["loss<1ms", 0, "its limit is in %"],
      ["p100<5ms", 0, "unknown metric 'p100'"],
      ["p0<5ms", 0, "unknown metric 'p0'"],
      ["planned-loss<5%", 0, "unknown metric"],
      ["p99=5ms", 0, "expected a metric"],
    ] as const
  ) {
    const parsed = parseSlo(text);
    assert.ok(!parsed.ok, text);
    assert.equal(parsed.fault.offset, offset, text);
    assert.ok(parsed.fault.message.includes(words), `${text}: ${parsed.fault.message}`);
  }
});

Deno.test("SLO: any text gives levels or a fault", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseSlo(text);
      assert.equal(parsed.ok ? "" : parsed.fault.reason, parsed.ok ? "" : "bad_value");
    }),
    { seed: 8, numRuns: 300 },
  );
});

Deno.test("SLO: met, missed, and from the planned time what the sender's own lateness adds", () => {
  const run = runOf(400, 2, (i) => i % 100 === 0 ? 80 : 10);
  assert.deepEqual(verdicts("p99<50ms,p50<11ms,max<100ms,loss<1%,min>=10ms", run), [
    "met",
    "met",
    "met",
    "met",
    "met",
  ]);
  assert.deepEqual(verdicts("p99.5<50ms,max<=79ms,loss<0.3%,mean>11ms", run), [
    "undecided",
    "missed",
    "missed",
    "missed",
  ]);
  assert.deepEqual(verdicts("median<=11ms,planned-median<=11ms", run), ["met", "missed"]);
});

Deno.test("SLO: too few answers leave a level undecided, and say how many it needs", () => {
  const [verdict] = judgeSlo(unwrap(parseSlo("p99<50ms")), probeFigures(runOf(298, 0, () => 1)));
  assert.deepEqual([verdict.verdict, verdict.why], ["undecided", "needs 299 answers, got 298"]);
  assert.deepEqual(verdicts("p99<50ms", runOf(299, 0, () => 1)), ["met"]);
  assert.deepEqual(verdicts("loss<1%", runOf(99, 0, () => 1)), ["undecided"]);
  assert.deepEqual(verdicts("loss<1%", runOf(100, 0, () => 1)), ["met"]);
  assert.equal(answersFor(unwrap(parseSlo("p99.99<1ms"))[0]), 29_956);
});

Deno.test("SLO: losses that no further answer can make good are a miss at once", () => {
  assert.deepEqual(verdicts("loss<1%", runOf(8, 2, () => 1)), ["missed"]);
  assert.deepEqual(verdicts("p99<50ms,loss<1%", runOf(0, 10, () => 1)), ["undecided", "missed"]);
});
