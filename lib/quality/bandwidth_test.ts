import assert from "node:assert/strict";
import { SeededRng, unit } from "../base/rng.ts";
import { BandwidthEstimator } from "./bandwidth.ts";
import { QualityController } from "./controller.ts";
import { TransportFeedbackCollector } from "./feedback_collector.ts";
import { SentPackets } from "./sent_packets.ts";

interface Path {
  readonly capacityBps: (nowMs: number) => number;
  /** Longest wait in the queue before packets are dropped. */
  readonly queueMs: number;
  readonly loss: number;
  /** Random delay on top, up to this. */
  readonly jitterMs: number;
}

const CLEAR: Path = { capacityBps: () => 100_000_000, queueMs: 300, loss: 0, jitterMs: 0 };
const ONE_WAY_MS = 20;
const PACKET_BYTES = 1200;

/**
 * A sender on virtual time over one bottleneck; it sends at `rateBps(estimate)`. Answers the estimate at the end of each
 * second. The receiver's clock is 1000 s ahead.
 */
function run(seconds: number, path: Path, rateBps: (estimateBps: number, nowMs: number) => number, seed = 1): number[] {
  const rng = new SeededRng(seed);
  const estimator = new BandwidthEstimator();
  const collector = new TransportFeedbackCollector();
  const arrivals: { sequence16: number; atMs: number }[] = [];
  const estimates: number[] = [];
  let sequence16 = 65_000;
  let queueFreeMs = 0;
  let nextSendMs = 0;
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs++) {
    while (nextSendMs <= nowMs) {
      const bps = rateBps(estimator.bps ?? 1_000_000, nowMs);
      estimator.handleSent(sequence16, PACKET_BYTES, nextSendMs);
      const startMs = Math.max(nextSendMs, queueFreeMs);
      if (startMs - nextSendMs <= path.queueMs && unit(rng) >= path.loss) {
        queueFreeMs = startMs + (PACKET_BYTES * 8 * 1000) / path.capacityBps(nextSendMs);
        arrivals.push({ sequence16, atMs: queueFreeMs + ONE_WAY_MS + unit(rng) * path.jitterMs });
      }
      sequence16 = (sequence16 + 1) & 0xffff;
      nextSendMs += (PACKET_BYTES * 8 * 1000) / bps;
    }
    arrivals.sort((a, b) => a.atMs - b.atMs);
    while (arrivals.length > 0 && arrivals[0].atMs <= nowMs) {
      const arrival = arrivals.shift();
      if (arrival) collector.handle(arrival.sequence16, arrival.atMs + 1_000_000);
    }
    for (const feedback of collector.poll({ senderSsrc: 1, mediaSsrc: 2 }, nowMs + 1_000_000)) {
      estimator.handleFeedback(feedback, nowMs + ONE_WAY_MS, 2 * ONE_WAY_MS);
    }
    if (nowMs % 1000 === 999) estimates.push(estimator.bps ?? NaN);
  }
  return estimates;
}

Deno.test("there is no estimate before feedback has come", () => {
  const estimator = new BandwidthEstimator();
  estimator.handleSent(1, 1000, 0);
  assert.equal(estimator.bps, undefined);
});

Deno.test("on a clear path the estimate grows, to three times what arrives and no further", () => {
  const estimates = run(40, CLEAR, () => 800_000);
  assert.ok(estimates[3] > 1_100_000, `${estimates}`);
  assert.ok(estimates[39] > 1_920_000, `enough for the rung above: ${estimates}`);
  assert.ok(estimates[39] <= 2_500_000, `${estimates}`);
});

Deno.test("what a sender gets through without a queue is believed at once", () => {
  const estimates = run(3, CLEAR, () => 5_000_000);
  assert.ok(estimates[0] > 4_800_000 && estimates[0] < 5_800_000, `${estimates}`);
});

Deno.test("with jitter and no queue it grows as well", () => {
  for (const seed of [1, 2, 3]) {
    const estimates = run(20, { ...CLEAR, jitterMs: 6 }, () => 1_500_000, seed);
    assert.ok(estimates[19] > 2_000_000, `seed ${seed}: ${estimates}`);
  }
});

for (const capacityBps of [600_000, 2_000_000, 6_000_000]) {
  Deno.test(`a sender that follows the estimate settles near a bottleneck of ${capacityBps / 1e6} Mbps`, () => {
    const path = { ...CLEAR, capacityBps: () => capacityBps };
    const estimates = run(60, path, (bps) => bps);
    const settled = estimates.slice(40);
    const mean = settled.reduce((sum, bps) => sum + bps, 0) / settled.length;
    assert.ok(mean > 0.7 * capacityBps && mean < 1.15 * capacityBps, `mean ${mean} of ${settled}`);
    assert.ok(Math.max(...settled) < 1.4 * capacityBps, `${settled}`);
  });
}

Deno.test("with the controller: to the rung that fits, with a try of the next one no more than each 10 s", () => {
  for (const [capacityBps, fitting] of [[100_000_000, 0], [2_200_000, 2], [1_300_000, 3]]) {
    const controller = new QualityController(0, { rung: 3 });
    const rungs: number[] = [];
    run(100, { ...CLEAR, capacityBps: () => capacityBps }, (bandwidthBps, nowMs) => {
      if (controller.handle({ packetLoss: 0, rttMs: 2 * ONE_WAY_MS, cpu: 0.1, bandwidthBps }, nowMs)) {
        rungs.push(controller.rung);
      }
      return controller.level.video.bitrateBps;
    });
    const settled = rungs.slice(40);
    const tries = settled.filter((rung) => rung < fitting).length;
    assert.ok(tries <= 6 && settled.every((rung) => rung <= fitting), `${capacityBps}: ${rungs}`);
  }
});

Deno.test("when the path shrinks, the estimate is below its new capacity within two seconds", () => {
  const path = { ...CLEAR, capacityBps: (nowMs: number) => nowMs < 20_000 ? 4_000_000 : 1_000_000 };
  const estimates = run(25, path, (bps) => bps);
  assert.ok(estimates[19] > 2_000_000, `${estimates}`);
  assert.ok(Math.min(...estimates.slice(20, 23)) < 1_100_000, `${estimates}`);
});

Deno.test("loss above 10 % brings the estimate down, loss below 2 % does not", () => {
  const heavy = run(15, { ...CLEAR, loss: 0.3 }, (bps) => bps);
  assert.ok(heavy[14] < 500_000, `${heavy}`);
  const light = run(15, { ...CLEAR, loss: 0.01 }, (bps) => bps);
  assert.ok(light[14] > 2_000_000, `${light}`);
});

Deno.test("a sender that does not give way is still told what gets through", () => {
  const estimates = run(20, { ...CLEAR, capacityBps: () => 2_000_000 }, () => 5_000_000);
  assert.ok(estimates[19] > 1_500_000 && estimates[19] < 2_200_000, `${estimates}`);
});

Deno.test("the estimate stays within its bounds", () => {
  const estimator = new BandwidthEstimator({ startBps: 5_000_000, minBps: 100_000, maxBps: 900_000 });
  const collector = new TransportFeedbackCollector();
  for (let nowMs = 0; nowMs < 3000; nowMs += 5) {
    estimator.handleSent(nowMs & 0xffff, 1200, nowMs);
    collector.handle(nowMs & 0xffff, nowMs);
    for (const feedback of collector.poll({ senderSsrc: 1, mediaSsrc: 2 }, nowMs)) {
      assert.ok((estimator.handleFeedback(feedback, nowMs) ?? 0) <= 900_000);
    }
  }
  assert.ok(run(30, { ...CLEAR, loss: 0.9 }, (bps) => bps).every((bps) => Number.isNaN(bps) || bps >= 64_000));
});

Deno.test("feedback on packets that were never sent changes nothing", () => {
  const estimator = new BandwidthEstimator();
  const feedback = {
    kind: "transport_feedback",
    senderSsrc: 1,
    mediaSsrc: 2,
    baseSequence16: 5,
    statusCount: 65_535,
    referenceTime24: 9,
    feedbackCount8: 0,
    received: [{ sequence16: 7, deltaTicks: 3 }],
  } as const;
  assert.equal(estimator.handleFeedback(feedback, 1), undefined);
});

Deno.test("sent packets: a loss can be taken back, an arrival cannot; the table forgets what is a table's length behind", () => {
  const sent = new SentPackets(16);
  sent.add(65_535, 100, 7);
  sent.add(0, 200, 8);
  assert.equal(sent.note(65_535, false), "lost");
  assert.equal(sent.note(65_535, false), "nothing_new");
  assert.equal(sent.note(65_535, true), "arrived_after_all");
  assert.equal(sent.note(65_535, false), "nothing_new");
  assert.equal(sent.note(0, true), "arrived");
  assert.deepEqual([sent.sendMs(0), sent.bytes(0)], [8, 200]);
  assert.equal(sent.note(1, true), "nothing_new", "never sent");
  sent.add(16, 300, 9);
  assert.equal(sent.note(0, true), "nothing_new", "overwritten");
});
