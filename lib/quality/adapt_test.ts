import assert from "node:assert/strict";
import fc from "fast-check";
import { type Adaptation, adaptQuality } from "./adapt.ts";

Deno.test("ARC-QUALITY-rule-lower ARC-QUALITY-rule-higher ARC-QUALITY-rule-current: the rule at and beside its bounds", () => {
  const table: readonly [number, number, number, Adaptation][] = [
    [0.0501, 10, 0.1, "lower"],
    [0.05, 10, 0.1, "current"],
    [0, 100.001, 0.1, "lower"],
    [0, 100, 0.1, "current"],
    [0.06, 200, 0.9, "lower"],
    [0, 0, 0, "higher"],
    [0.00999, 49.999, 0.4999, "higher"],
    [0.01, 49, 0.4, "current"],
    [0.009, 50, 0.4, "current"],
    [0.009, 49, 0.5, "current"],
    [0.009, 49, 1, "current"],
    [1, 0, 0, "lower"],
    [NaN, NaN, NaN, "current"],
  ];
  for (const [packetLoss, rttMs, cpu, expected] of table) {
    assert.equal(adaptQuality({ packetLoss, rttMs, cpu }), expected, `${packetLoss} ${rttMs} ${cpu}`);
  }
});

Deno.test("worse metrics never give a better word", () => {
  const rank: readonly Adaptation[] = ["lower", "current", "higher"];
  const metrics = fc.record({
    packetLoss: fc.double({ min: 0, max: 0.1, noNaN: true }),
    rttMs: fc.double({ min: 0, max: 200, noNaN: true }),
    cpu: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(metrics, metrics, (a, b) => {
      const worse = {
        packetLoss: Math.max(a.packetLoss, b.packetLoss),
        rttMs: Math.max(a.rttMs, b.rttMs),
        cpu: Math.max(a.cpu, b.cpu),
      };
      assert.ok(rank.indexOf(adaptQuality(worse)) <= rank.indexOf(adaptQuality(a)));
    }),
    { seed: 51, numRuns: 500 },
  );
});
