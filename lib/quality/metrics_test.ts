import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { MetricsSchema } from "../signaling/messages/metrics.ts";
import { LatencyHistogram } from "./latency_histogram.ts";
import { METRICS_INTERVAL_MS, MetricsCollector } from "./metrics.ts";
import { RateWindow } from "./rate_window.ts";
import { ReceptionStatistics } from "./reception.ts";
import { connectionScore } from "./score.ts";

Deno.test("percentiles are within 0.8 % and 16 us of the exact nearest rank", () => {
  const delays = fc.array(
    fc.oneof(fc.double({ min: 0, max: 60_000, noNaN: true }), fc.double({ min: 0, max: 30, noNaN: true })),
    { minLength: 1, maxLength: 200 },
  );
  fc.assert(
    fc.property(delays, fc.constantFrom(0, 1, 50, 95, 99, 99.9, 100), (list, percent) => {
      const histogram = new LatencyHistogram();
      for (const delayMs of list) histogram.record(delayMs);
      const sorted = [...list].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil((percent / 100) * list.length)) - 1];
      const got = histogram.percentileMs(percent) ?? NaN;
      assert.ok(Math.abs(got - exact) <= 0.008 * exact + 0.016, `${got} for ${exact}`);
      assert.equal(histogram.minMs, sorted[0]);
      assert.equal(histogram.maxMs, sorted.at(-1));
    }),
    { seed: 71, numRuns: 500 },
  );
});

Deno.test("a histogram takes any number, and none", () => {
  const histogram = new LatencyHistogram();
  assert.deepEqual([histogram.percentileMs(50), histogram.meanMs, histogram.minMs, histogram.maxMs], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  for (const delayMs of [-5, NaN, Infinity, 1e12]) histogram.record(delayMs);
  assert.equal(histogram.count, 3);
  assert.equal(histogram.minMs, -5);
  assert.equal(histogram.percentileMs(1), 0);
  assert.ok((histogram.percentileMs(60) ?? 0) > 64_000);
  histogram.reset();
  assert.deepEqual([histogram.count, histogram.percentileMs(99)], [0, undefined]);
});

Deno.test("rates are what came within the window, per second", () => {
  const rate = new RateWindow(1000);
  assert.equal(rate.perSecond(0), undefined);
  for (let nowMs = 0; nowMs < 5000; nowMs += 10) rate.add(2, nowMs);
  const steady = rate.perSecond(5000) ?? NaN;
  assert.ok(Math.abs(steady - 200) < 4, `${steady}`);
  const halfway = rate.perSecond(5500) ?? NaN;
  assert.ok(halfway > 80 && halfway < 105, `${halfway}`);
  assert.equal(rate.perSecond(7000), 0);
  rate.add(1, 10_000_000);
  assert.equal(rate.perSecond(10_000_000), 1 / 0.95, "one in the window after a long pause");
});

Deno.test("ARC-LOSS-detect: loss is what is missing between the first and the highest packet, by intervals", () => {
  const statistics = new ReceptionStatistics();
  assert.equal(statistics.takeReport(), undefined);
  for (const index of [65_534, 65_535, 65_537, 65_536]) statistics.handle(index);
  assert.deepEqual(statistics.takeReport(), {
    fractionLost256: 0,
    cumulativeLost: 0,
    extendedHighestSequence32: 0x1_0001,
    expected: 4,
    lost: 0,
  });
  for (const index of [65_540, 65_541]) statistics.handle(index);
  assert.deepEqual(statistics.takeReport(), {
    fractionLost256: 128,
    cumulativeLost: 2,
    extendedHighestSequence32: 0x1_0005,
    expected: 4,
    lost: 2,
  });
  // The two come late: the interval expected nothing and lost less than nothing, the total is right again.
  for (const index of [65_538, 65_539]) statistics.handle(index);
  assert.deepEqual(statistics.takeReport(), {
    fractionLost256: 0,
    cumulativeLost: 0,
    extendedHighestSequence32: 0x1_0005,
    expected: 0,
    lost: -2,
  });
  assert.deepEqual([statistics.expected, statistics.received], [8, 8]);
});

Deno.test("ARC-QUALITY-loss-measure: the fraction of RFC 3550 §A.3 for any losses and duplicates", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 100 }), fc.nat(2 ** 40), (copies, first) => {
      const statistics = new ReceptionStatistics();
      statistics.handle(first);
      let received = 1;
      copies.forEach((count, i) => {
        for (let copy = 0; copy < count; copy++, received++) statistics.handle(first + 1 + i);
      });
      const report = statistics.takeReport();
      assert.ok(report);
      const trailing = [...copies].reverse().findIndex((count) => count > 0);
      const expected = 1 + (trailing < 0 ? 0 : copies.length - trailing);
      assert.equal(report.expected, expected);
      assert.equal(report.cumulativeLost, expected - received);
      assert.equal(report.fractionLost256, Math.max(0, Math.floor(((expected - received) * 256) / expected)));
      assert.equal(report.extendedHighestSequence32, (first + expected - 1) % 2 ** 32);
    }),
    { seed: 72, numRuns: 200 },
  );
});

Deno.test("the score: 100 for nothing wrong, 0 for everything, never better for worse metrics", () => {
  assert.equal(connectionScore({}), undefined);
  assert.equal(connectionScore({ loss: 0, rttMs: 50, jitterMs: 5 }), 100);
  assert.equal(connectionScore({ rttMs: 20 }), 100);
  assert.equal(connectionScore({ loss: 0.05 }), 70);
  assert.equal(connectionScore({ rttMs: 100 }), 93);
  assert.equal(connectionScore({ loss: 1, rttMs: 1000, jitterMs: 500 }), 0);
  const inputs = fc.record({ loss: fc.double({ min: 0, max: 1 }), rttMs: fc.nat(400), jitterMs: fc.nat(80) });
  fc.assert(
    fc.property(inputs, inputs, (a, b) => {
      if (Number.isNaN(a.loss) || Number.isNaN(b.loss)) return;
      const worse = connectionScore({
        loss: Math.max(a.loss, b.loss),
        rttMs: Math.max(a.rttMs, b.rttMs),
        jitterMs: Math.max(a.jitterMs, b.jitterMs),
      });
      assert.ok((worse ?? 101) <= (connectionScore(a) ?? 0));
    }),
    { seed: 73, numRuns: 300 },
  );
});

Deno.test("ARC-METRICS-interval ARC-SIG-metrics-fields: every five seconds, figures that fit the message", () => {
  const collector = new MetricsCollector(1000);
  assert.equal(collector.nextTimeoutMs(), 6000);
  assert.equal(METRICS_INTERVAL_MS, 5000);
  for (let i = 0; i < 100; i++) {
    collector.handleEndToEnd(20 + i / 10);
    collector.handleOneWay(10);
    collector.handlePacket(1050, 1000);
    if (i % 2 === 0) collector.handleVideoFrame(100, 50);
  }
  collector.handleLoss(90, 9);
  collector.handleLoss(10, -1);
  collector.set({
    jitterMs: 3,
    rttMs: 40,
    cpu: 0.25,
    rssBytes: 1e6,
    bandwidthBps: 2e6,
    path: "direct",
    natType: "cone",
  });
  collector.set({ rung: 1, resolution: "720p" });
  const figures = collector.take(6000);
  assert.deepEqual(figures, {
    latency: {
      e2e: { p50: figures.latency.e2e?.p50, p95: figures.latency.e2e?.p95, p99: figures.latency.e2e?.p99 },
      one_way: 10,
      jitter: 3,
    },
    quality: { loss: 0.09, bitrate: 160_000, resolution: "720p", fps: 10, rung: 1, codec_efficiency: 3.2 },
    performance: { pps: 20, bps: 21_000, cpu: 0.25, rss: 1e6 },
    network: { rtt: 40, bandwidth: 2e6, path: "direct", nat_type: "cone", score: 46 },
  });
  assert.ok(Math.abs((figures.latency.e2e?.p95 ?? 0) - 29.4) < 0.3);
  const id = "00000000-0000-4000-8000-000000000000";
  const message = { type: "METRICS", session_id: id, peer_id: id, timestamp: 1, ...figures };
  assert.ok(v.is(MetricsSchema, message));
});

Deno.test("what was not measured is absent, and an interval does not see the one before", () => {
  const collector = new MetricsCollector(0);
  assert.deepEqual(collector.take(0), { latency: {}, quality: {}, performance: {}, network: {} });
  collector.handleEndToEnd(5);
  collector.handleLoss(10, 10);
  collector.handlePacket(100, 90);
  collector.handleAudioSamples(960);
  assert.equal(collector.take(1000).quality.codec_efficiency, 0.75);
  assert.deepEqual(collector.take(2000), {
    latency: {},
    quality: { bitrate: 0 },
    performance: { pps: 0, bps: 0 },
    network: {},
  });
});
