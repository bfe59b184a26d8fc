import assert from "node:assert/strict";
import fc from "fast-check";
import { type TransportFeedback, visitTransportFeedback } from "../packet/rtcp/transport_feedback.ts";
import { TransportFeedbackCollector } from "./feedback_collector.ts";

const SOURCES = { senderSsrc: 1, mediaSsrc: 2 };

function told(feedback: TransportFeedback): [number, number | null][] {
  const list: [number, number | null][] = [];
  visitTransportFeedback(feedback, 0, (sequence16, us) => list.push([sequence16, Number.isNaN(us) ? null : us / 1000]));
  return list;
}

Deno.test("ARC-RTCP-transport-feedback: arrivals are reported within 100 ms of the first, losses between them named", () => {
  const collector = new TransportFeedbackCollector();
  assert.equal(collector.nextTimeoutMs(), undefined);
  collector.handle(65535, 1000);
  collector.handle(1, 1010);
  collector.handle(2, 1020);
  assert.ok((collector.nextTimeoutMs() ?? Infinity) <= 1100);
  assert.deepEqual(collector.poll(SOURCES, 1049), []);
  const [first, ...others] = collector.poll(SOURCES, 1050);
  assert.equal(others.length, 0);
  assert.deepEqual(told(first), [[65535, 1000], [0, null], [1, 1010], [2, 1020]]);
  assert.equal(collector.nextTimeoutMs(), undefined);
  assert.deepEqual(collector.poll(SOURCES, 2000), [], "nothing came, nothing is said");
});

Deno.test("the next feedback begins where the last ended, or earlier for a packet that came late after all", () => {
  const collector = new TransportFeedbackCollector();
  collector.handle(10, 0);
  collector.handle(12, 1);
  collector.poll(SOURCES, 50);
  collector.handle(14, 60);
  collector.handle(11, 61);
  const [second] = collector.poll(SOURCES, 110);
  assert.equal(second.feedbackCount8, 1);
  assert.deepEqual(told(second), [[11, 61], [12, null], [13, null], [14, 60]]);
  collector.handle(16, 120);
  assert.deepEqual(told(collector.poll(SOURCES, 170)[0]), [[15, null], [16, 120]]);
});

Deno.test("a jump of the numbering starts anew, pauses of seconds take several packets", () => {
  const collector = new TransportFeedbackCollector();
  collector.handle(10, 0);
  collector.handle(30_000, 1);
  assert.deepEqual(told(collector.poll(SOURCES, 60)[0]), [[30_000, 1]]);
  collector.handle(30_001, 100);
  collector.handle(30_002, 9_000);
  assert.deepEqual(collector.poll(SOURCES, 9_000).map(told), [[[30_001, 100]], [[30_002, 9_000]]]);
});

Deno.test("memory is bounded where poll is never called", () => {
  const collector = new TransportFeedbackCollector();
  let taken = 0;
  for (let i = 0; i < 3000; i++) if (collector.handle(i & 0xffff, 5)) taken++;
  assert.equal(taken, 1024);
  assert.equal(collector.nextTimeoutMs(), 5, "and what there is, is due at once");
});

Deno.test("any order and repetition: each packet is reported as arrived once, at its first arrival", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { minLength: 1, maxLength: 60 }), fc.nat(0xffff), (offsets, base) => {
      const collector = new TransportFeedbackCollector();
      const expected = new Map<number, number>();
      const seen = new Map<number, number>();
      offsets.forEach((offset, nowMs) => {
        const sequence16 = (base + offset) & 0xffff;
        if (!expected.has(sequence16)) expected.set(sequence16, nowMs);
        collector.handle(sequence16, nowMs);
      });
      for (const feedback of collector.poll(SOURCES, 1000)) {
        for (const [sequence16, ms] of told(feedback)) {
          if (ms === null) continue;
          assert.ok(!seen.has(sequence16));
          seen.set(sequence16, ms);
        }
      }
      assert.deepEqual(new Map([...seen].sort()), new Map([...expected].sort()));
    }),
    { seed: 61, numRuns: 200 },
  );
});
