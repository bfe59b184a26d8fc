import assert from "node:assert/strict";
import fc from "fast-check";
import { gilbertLoss, Link, type LinkOptions, type LinkVerdict } from "./link.ts";

interface Passage {
  readonly verdict: LinkVerdict;
  readonly sentMs: number;
  readonly arrivalMs: number;
}

function run(
  seed: number,
  options: Partial<LinkOptions>,
  count: number,
  intervalMs = 1,
  lengthBytes = 1000,
): Passage[] {
  const link = new Link(seed, options);
  return Array.from({ length: count }, (_, i) => {
    const verdict = link.send(lengthBytes, i * intervalMs);
    return { verdict, sentMs: i * intervalMs, arrivalMs: link.arrivalMs };
  });
}

const share = (passages: readonly Passage[], verdict: LinkVerdict) =>
  passages.filter((passage) => passage.verdict === verdict).length / passages.length;

const arrived = (passages: readonly Passage[]) => passages.filter(({ verdict }) => verdict === "passed");

const within = (value: number, expected: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(value - expected) <= tolerance, `${what}: ${value}, expected ${expected} within ${tolerance}`);

Deno.test("Link: a perfect link delivers everything at once and in order", () => {
  for (const { verdict, sentMs, arrivalMs } of run(1, {}, 100)) {
    assert.equal(verdict, "passed");
    assert.equal(arrivalMs, sentMs);
  }
});

Deno.test("Link: uniform loss has its rate, and losses are independent", () => {
  const passages = run(2, { lossRate: 0.05 }, 40_000);
  within(share(passages, "loss"), 0.05, 0.004, "loss");
  const pairs = passages.filter((p, i) => i > 0 && p.verdict === "loss" && passages[i - 1].verdict === "loss").length;
  within(pairs / passages.length, 0.0025, 0.001, "two in a row");
});

Deno.test("Link: Gilbert loss has the rate and the run length that it was made for", () => {
  const passages = run(3, { burst: gilbertLoss(0.05, 4) }, 60_000);
  within(share(passages, "burst"), 0.05, 0.006, "loss");
  let runs = 0;
  passages.forEach((p, i) => {
    if (p.verdict === "burst" && (i === 0 || passages[i - 1].verdict !== "burst")) runs++;
  });
  within((share(passages, "burst") * passages.length) / runs, 4, 0.4, "mean run");
});

Deno.test("Link: in the bad state only its share is lost", () => {
  within(share(run(4, { burst: { enterRate: 1, leaveRate: 0, lossRate: 0.3 } }, 20_000), "burst"), 0.3, 0.02, "loss");
});

Deno.test("Link: uniform jitter fills its range, and never reorders", () => {
  const passages = run(5, { delayMs: 20, jitterMs: 8 }, 10_000, 100);
  const delays = passages.map(({ sentMs, arrivalMs }) => arrivalMs - sentMs);
  assert.ok(delays.every((delay) => delay >= 20 && delay < 28));
  within(delays.reduce((sum, delay) => sum + delay, 0) / delays.length, 24, 0.2, "mean delay");
});

Deno.test("Link: exponential jitter has its mean and a tail that ends", () => {
  const delays = run(6, { jitterMs: 5, jitterShape: "exponential" }, 20_000, 100).map((p) => p.arrivalMs - p.sentMs);
  within(delays.reduce((sum, delay) => sum + delay, 0) / delays.length, 5, 0.2, "mean jitter");
  assert.ok(delays.every((delay) => delay >= 0 && delay <= 50));
  assert.ok(delays.some((delay) => delay > 20));
});

Deno.test("Link: without reordering, packets arrive in the order sent, however large the jitter", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 0, max: 200 }),
      fc.constantFrom("uniform", "exponential"),
      (seed, jitterMs, shape) => {
        const passages = run(seed, { delayMs: 5, jitterMs, jitterShape: shape as LinkOptions["jitterShape"] }, 200);
        passages.forEach((p, i) => i === 0 || assert.ok(p.arrivalMs >= passages[i - 1].arrivalMs));
      },
    ),
    { seed: 3, numRuns: 50 },
  );
});

Deno.test("Link: reordering holds back its share, by its time, and lets the others pass", () => {
  const link = new Link(7, { delayMs: 10, reorderRate: 0.1, reorderMs: 3.5 });
  let held = 0;
  for (let i = 0; i < 10_000; i++) {
    assert.equal(link.send(100, i), "passed");
    const delayMs = link.arrivalMs - i;
    assert.ok(delayMs === 10 || delayMs === 13.5, `${delayMs}`);
    if (delayMs === 13.5) held++;
  }
  assert.equal(held, link.counts.reordered);
  within(held / 10_000, 0.1, 0.01, "held back");
});

Deno.test("Link: duplication makes its share arrive twice, the copy not before the packet", () => {
  const link = new Link(8, { duplicateRate: 0.2, jitterMs: 4 });
  let twice = 0;
  for (let i = 0; i < 10_000; i++) {
    if (link.send(100, i * 10) === "duplicated") {
      twice++;
      assert.ok(link.duplicateMs >= link.arrivalMs);
    }
  }
  within(twice / 10_000, 0.2, 0.015, "duplicated");
  assert.equal(link.counts.duplicated, twice);
  assert.equal(link.counts.delivered, 10_000);
});

Deno.test("Link: a bottleneck spaces packets by their length and drops what its queue cannot hold", () => {
  // 1000 bytes at 8 Mbit/s take 1 ms.
  const spaced = run(9, { bandwidthBps: 8_000_000 }, 10, 0);
  assert.deepEqual(spaced.map((p) => p.arrivalMs), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const bounded = run(9, { bandwidthBps: 8_000_000, queueBytes: 4000 }, 10, 0);
  assert.deepEqual(
    bounded.map((p) => p.verdict),
    ["passed", "passed", "passed", "passed", "queue", "queue", "queue", "queue", "queue", "queue"],
  );
  const busy = run(9, { bandwidthBps: 4_000_000, queueBytes: 10_000 }, 10_000, 1);
  within(share(busy, "passed"), 0.5, 0.01, "goodput at twice the bandwidth");
  const delays = arrived(busy).slice(100).map((p) => p.arrivalMs - p.sentMs);
  assert.ok(delays.every((delay) => delay <= 22 && delay > 15), "a full queue of 10 kB at 4 Mbit/s is 20 ms");
});

Deno.test("Link: the queue drains while nothing is sent", () => {
  const link = new Link(1, { bandwidthBps: 8000, queueBytes: 2000 });
  link.send(1000, 0);
  assert.equal(link.queuedBytes(0), 1000);
  assert.equal(link.queuedBytes(400), 600);
  assert.equal(link.queuedBytes(5000), 0);
  link.send(10, 5000);
  assert.equal(link.arrivalMs, 5010);
});

Deno.test("Link: MTU and cut drop, and are counted by reason; everything sent is accounted for", () => {
  const link = new Link(10, { mtuBytes: 500, lossRate: 0.3 });
  assert.equal(link.send(501, 0), "mtu");
  assert.notEqual(link.send(500, 0), "mtu");
  link.isCut = true;
  assert.equal(link.send(10, 0), "cut");
  link.isCut = false;
  for (let i = 0; i < 500; i++) link.send(100 + i, i);
  const { sent, delivered, dropped } = link.counts;
  assert.equal(sent, 503);
  assert.equal(delivered + Object.values(dropped).reduce((sum, n) => sum + n), sent);
  assert.equal(dropped.mtu, 1 + 99);
});

Deno.test("Link: one seed, one history; another seed, another", () => {
  const options: Partial<LinkOptions> = { lossRate: 0.1, burst: gilbertLoss(0.1, 3), jitterMs: 30, reorderRate: 0.1 };
  assert.deepEqual(run(11, options, 500), run(11, options, 500));
  assert.notDeepEqual(run(11, options, 500), run(12, options, 500));
});

Deno.test("Link: changing one effect leaves the choices of the others as they were", () => {
  const lost = (options: Partial<LinkOptions>) =>
    run(13, { lossRate: 0.1, ...options }, 500).map((p) => p.verdict === "loss");
  const base = lost({});
  assert.ok(base.includes(true));
  assert.deepEqual(
    lost({ delayMs: 100, jitterMs: 50, reorderRate: 0.5, reorderMs: 10, jitterShape: "exponential" }),
    base,
  );
});

Deno.test("Link: change takes effect from the next packet on", () => {
  const link = new Link(14, { delayMs: 10 });
  link.send(100, 0);
  assert.equal(link.arrivalMs, 10);
  link.change({ delayMs: 50 });
  link.send(100, 1);
  assert.equal(link.arrivalMs, 51);
  assert.equal(link.options.lossRate, 0);
});
