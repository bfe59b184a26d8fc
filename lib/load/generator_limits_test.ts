import assert from "node:assert/strict";
import { DelayStatistics } from "../probe/delay_statistics.ts";
import { type GeneratorFigures, generatorLimits } from "./generator_limits.ts";

function delays(ms: number, count = 1000) {
  const statistics = new DelayStatistics();
  for (let i = 0; i < count; i++) statistics.record(ms);
  return statistics.summary();
}

const WELL: GeneratorFigures = {
  delays: delays(10),
  own: delays(0.2),
  sendLateness: delays(2),
  skipped: 0,
  sent: 10_000,
  cpuShare: 0.5,
  sinkDrops: 0,
  sendErrors: 0,
};

const kinds = (change: Partial<GeneratorFigures>) => generatorLimits({ ...WELL, ...change }).map(({ kind }) => kind);

Deno.test("generator limits: none while it keeps up, nor where the system does not say", () => {
  assert.deepEqual(kinds({}), []);
  assert.deepEqual(kinds({ cpuShare: undefined, sinkDrops: undefined, own: undefined, delays: undefined }), []);
  // Own delays that are no more than a timer's lateness are not worth a word, however short the measured ones are.
  assert.deepEqual(kinds({ own: delays(0.9), delays: delays(1) }), []);
});

Deno.test("generator limits: each thing that is measured has its own reason, with the figure", () => {
  assert.deepEqual(kinds({ sendLateness: delays(30) }), ["send-lateness"]);
  assert.deepEqual(kinds({ own: delays(6) }), ["own-delay"]);
  assert.deepEqual(kinds({ skipped: 9 }), []);
  assert.deepEqual(kinds({ skipped: 11 }), ["skipped"]);
  assert.deepEqual(kinds({ cpuShare: 0.95 }), ["processor"]);
  assert.deepEqual(kinds({ sinkDrops: 1 }), ["sink-drops"]);
  assert.deepEqual(kinds({ sendErrors: 1 }), ["send-errors"]);
  const [limit] = generatorLimits({ ...WELL, skipped: 40 });
  assert.equal(limit.words, "40 of 10040 packets were due and not sent");
});
