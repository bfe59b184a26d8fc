import assert from "node:assert/strict";
import fc from "fast-check";
import { unwrap } from "../base/parsed.ts";
import { QualityController, type QualityControllerOptions, type QualitySample } from "./controller.ts";
import { levelBitrateBps, parseLadder } from "./ladder.ts";

const GOOD: QualitySample = { packetLoss: 0, rttMs: 20, cpu: 0.2 };
const LOSSY: QualitySample = { packetLoss: 0.06, rttMs: 20, cpu: 0.2 };
const FAIR: QualitySample = { packetLoss: 0.02, rttMs: 20, cpu: 0.2 };

/** One sample a second from 0 on; the rung after each. */
function rungs(samples: readonly QualitySample[], options: QualityControllerOptions = {}): number[] {
  const controller = new QualityController(0, options);
  return samples.map((sample, i) => {
    controller.handle(sample, i * 1000);
    return controller.rung;
  });
}

function repeat(sample: QualitySample, times: number): QualitySample[] {
  return new Array(times).fill(sample);
}

Deno.test("ARC-QUALITY-one-rung: each second of bad metrics is one rung down, at once, and the last rung holds", () => {
  assert.deepEqual(rungs(repeat(LOSSY, 6)), [1, 2, 3, 3, 3, 3]);
  assert.deepEqual(rungs(repeat({ ...GOOD, rttMs: 101 }, 2)), [1, 2]);
});

Deno.test("ARC-QUALITY-hold-up: a move up needs five seconds on the present rung, and then five more", () => {
  assert.deepEqual(rungs(repeat(GOOD, 12), { rung: 3 }), [3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1]);
});

Deno.test("ARC-QUALITY-hold-up: a move down starts the five seconds again", () => {
  // Two of three seconds with loss in the window: down at 0; the window still holds the loss at 1 s.
  const samples = [{ ...GOOD, packetLoss: 0.3 }, ...repeat(GOOD, 7)];
  assert.deepEqual(rungs(samples, { rung: 1 }), [2, 3, 3, 3, 3, 3, 2, 2]);
});

Deno.test("ARC-QUALITY-window: the rule sees the means of the last two seconds, not a single sample", () => {
  // A sample at 6 % after one at 0 % makes 3 %: neither up nor down. The next makes 6 %.
  assert.deepEqual(rungs([GOOD, LOSSY, LOSSY], { rung: 1 }), [1, 1, 2]);
  const controller = new QualityController(0, { rung: 1 });
  assert.equal(controller.handle(GOOD, 0)?.rule, "higher");
  assert.equal(controller.handle(LOSSY, 1000)?.rule, "current");
  assert.equal(controller.handle(LOSSY, 2000)?.rule, "lower");
  assert.equal(controller.poll(3999)?.rule, "lower", "the sample of 2000 ms is still within");
  assert.equal(controller.poll(5000), undefined, "nothing is left to judge by");
});

Deno.test("ARC-QUALITY-window: decisions are a second apart, however often samples come", () => {
  const controller = new QualityController(0);
  const times: number[] = [];
  for (let nowMs = 0; nowMs <= 3000; nowMs += 100) if (controller.handle(GOOD, nowMs)) times.push(nowMs);
  assert.deepEqual(times, [0, 1000, 2000, 3000]);
  assert.equal(controller.nextTimeoutMs(), 4000);
  assert.ok(controller.handle(GOOD, 9500));
  assert.equal(controller.nextTimeoutMs(), 10_500, "a beat that was missed is not made up for");
});

Deno.test("ARC-QUALITY-loss-measure: loss is weighed by the packets that it is a share of", () => {
  const controller = new QualityController(0, { rung: 1 });
  controller.handle({ ...GOOD, packetLoss: 0.5, expectedPackets: 10 }, 0);
  assert.equal(controller.rung, 2);
  // 5 of 10 and 0 of 90 lost are 5 of 100: at the bound, so not above it.
  assert.equal(controller.handle({ ...GOOD, expectedPackets: 90 }, 1000)?.rule, "current");
});

Deno.test("values at the bounds of the rule stay there in the means of any number of equal samples", () => {
  for (const stepMs of [150, 300, 700, 1000]) {
    const controller = new QualityController(0, { rung: 1 });
    for (let nowMs = 0; nowMs < 9000; nowMs += stepMs) {
      const decision = controller.handle({ packetLoss: 0.05, rttMs: 100, cpu: 0.5 }, nowMs);
      assert.notEqual(decision?.rule, "lower", `${stepMs} ms`);
    }
  }
});

Deno.test("ARC-QUALITY-bandwidth-down: an estimate below the rung's bit rate moves down whatever the rule says", () => {
  assert.deepEqual(rungs(repeat({ ...GOOD, bandwidthBps: 1_600_000 }, 4)), [1, 2, 2, 2]);
  assert.deepEqual(rungs([{ ...FAIR, bandwidthBps: 4_999_999 }]), [1]);
  assert.deepEqual(rungs([{ ...FAIR, bandwidthBps: 5_000_000 }]), [0], "not below");
  const decision = new QualityController(0).handle({ ...GOOD, bandwidthBps: 1 }, 0);
  assert.deepEqual([decision?.move, decision?.because], ["down", "bandwidth"]);
});

Deno.test("ARC-QUALITY-bandwidth-up: where there is an estimate, up needs 1.2 times the next rung's bit rate", () => {
  assert.deepEqual(rungs(repeat({ ...GOOD, bandwidthBps: 1_799_999 }, 7), { rung: 3 }).at(-1), 3);
  assert.deepEqual(rungs(repeat({ ...GOOD, bandwidthBps: 1_800_000 }, 12), { rung: 3 }).at(-1), 2);
  assert.deepEqual(rungs(repeat(GOOD, 7), { rung: 3 }).at(-1), 2, "no estimate, no condition");
});

Deno.test("ARC-QUALITY-adapt-cap: a request is obeyed at once and caps the way up until the next one", () => {
  const controller = new QualityController(0);
  assert.equal(controller.handleRequest({ bitrateBps: 1_000_000, heightPx: 720, fps: 30 }, 10), 3);
  for (let nowMs = 1000; nowMs <= 20_000; nowMs += 1000) {
    const decision = controller.handle(GOOD, nowMs);
    if (nowMs > 6000) assert.equal(decision?.because, "cap");
  }
  assert.equal(controller.rung, 3);
  assert.equal(
    controller.handleRequest({ bitrateBps: 3_000_000 }, 20_500),
    3,
    "lifting the cap does not move by itself",
  );
  const seen: number[] = [];
  for (let nowMs = 21_000; nowMs <= 40_000; nowMs += 1000) {
    controller.handle(GOOD, nowMs);
    seen.push(controller.rung);
  }
  assert.deepEqual([...new Set(seen)], [2, 1], "up rung by rung, not beyond the new cap");
});

Deno.test("ARC-QUALITY-below-ladder: only a stream with audio stops its video below the last rung, and starts it again", () => {
  const controller = new QualityController(0, { media: "both", rung: 3 });
  controller.handle(LOSSY, 0);
  assert.deepEqual([controller.rung, controller.isVideoStopped], [3, true]);
  for (let nowMs = 1000; nowMs <= 7000; nowMs += 1000) controller.handle(GOOD, nowMs);
  assert.deepEqual([controller.rung, controller.isVideoStopped], [3, false]);
  for (const options of [{ media: "video" }, { media: "both", mayStopVideo: false }, { media: "audio" }] as const) {
    const other = new QualityController(0, { ...options, rung: 3 });
    assert.equal(other.handle(LOSSY, 0)?.because, "end_of_ladder");
    assert.equal(other.isVideoStopped, false);
  }
});

Deno.test("ARC-QUALITY-index-range: shorter ladders end where they end", () => {
  const ladder = unwrap(parseLadder(["high", "low"]));
  assert.deepEqual(rungs(repeat(LOSSY, 3), { ladder }), [1, 1, 1]);
  assert.deepEqual(rungs([], { ladder, rung: 3 }), []);
  assert.equal(new QualityController(0, { ladder, rung: 3 }).rung, 1);
});

Deno.test("whatever the samples: one rung at a time, never above the cap, never up before five seconds, never beyond the ladder", () => {
  const sample = fc.record({
    packetLoss: fc.constantFrom(0, 0.005, 0.02, 0.07, 1),
    rttMs: fc.constantFrom(10, 60, 150),
    cpu: fc.constantFrom(0.1, 0.9),
    bandwidthBps: fc.option(fc.integer({ min: 100_000, max: 8_000_000 }), { nil: undefined }),
  });
  const steps = fc.array(
    fc.tuple(fc.oneof(fc.constant(1000), fc.nat(4000)), sample, fc.option(fc.integer({ min: 1, max: 6_000_000 }))),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, fc.nat(3), (list, rung) => {
      const controller = new QualityController(0, { media: "both", rung });
      let nowMs = 0;
      let sinceMs = 0;
      for (const [laterMs, next, request] of list) {
        nowMs += laterMs;
        if (request !== null) {
          const was = controller.rung;
          if (controller.handleRequest({ bitrateBps: request }, nowMs) !== was) sinceMs = nowMs;
        }
        const before = controller.rung;
        const decision = controller.handle(next, nowMs);
        assert.ok(Math.abs(controller.rung - before) <= 1);
        assert.ok(controller.rung >= controller.capRung && controller.rung <= 3);
        if (decision?.move === "up") {
          assert.ok(nowMs - sinceMs >= 5000);
          const bitrateBps = levelBitrateBps(controller.level, "both");
          assert.ok(next.bandwidthBps === undefined || next.bandwidthBps >= 1.2 * bitrateBps);
        }
        if (decision && decision.move !== "hold") sinceMs = nowMs;
      }
    }),
    { seed: 52, numRuns: 300 },
  );
});
