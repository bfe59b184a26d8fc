import assert from "node:assert/strict";
import fc from "fast-check";
import { EMPTY_BYTES, equalBytes, writeU48 } from "../base/bytes.ts";
import { below, SeededRng, unit } from "../base/rng.ts";
import { JitterBuffer, type JitterBufferOptions, type JitterPacket } from "./buffer.ts";

const CLOCK_HZ = 48_000;

/** Packet `index` of a stream of 20 ms packets, index 0 at timestamp 1000. */
function packet(index: number, bytes: Uint8Array = EMPTY_BYTES): JitterPacket {
  const timestampTicks = (1000 + index * 960) >>> 0;
  return { index, timestampTicks, clockRateHz: CLOCK_HZ, bytes, start: 0, end: bytes.length };
}

interface Arrival {
  readonly index: number;
  readonly atMs: number;
  readonly isRepaired?: boolean;
}

interface Played {
  readonly index: number;
  readonly atMs: number;
  readonly arrivalMs: number;
}

/** Plays arrivals (ascending in time) through a buffer, polled when it asks to be. */
function run(arrivals: readonly Arrival[], options: JitterBufferOptions = {}) {
  const buffer = new JitterBuffer(options);
  const played: Played[] = [];
  const lost: { firstIndex: number; count: number; atMs: number }[] = [];
  const verdicts: string[] = [];
  const drain = (untilMs: number) => {
    for (let dueMs = buffer.nextTimeoutMs(); dueMs !== undefined && dueMs <= untilMs; dueMs = buffer.nextTimeoutMs()) {
      for (let out = buffer.poll(dueMs); out !== undefined; out = buffer.poll(dueMs)) {
        if (out.kind === "lost") lost.push({ firstIndex: out.firstIndex, count: out.count, atMs: dueMs });
        else played.push({ index: out.index, atMs: dueMs, arrivalMs: out.arrivalMs });
      }
    }
  };
  for (const { index, atMs, isRepaired } of arrivals) {
    drain(atMs);
    verdicts.push(buffer.handle({ ...packet(index), isRepaired }, atMs));
  }
  drain(Infinity);
  return { buffer, played, lost, verdicts };
}

function even(count: number, delayMs: (index: number) => number = () => 0): Arrival[] {
  return Array.from({ length: count }, (_, index) => ({ index, atMs: 1000 + index * 20 + delayMs(index) }))
    .sort((a, b) => a.atMs - b.atMs);
}

Deno.test("ARC-JITTER-initial: the first packets are played 10 ms after they come", () => {
  const { played, buffer } = run(even(10));
  assert.deepEqual(played.map(({ atMs, arrivalMs }) => atMs - arrivalMs), new Array(10).fill(10));
  assert.equal(buffer.targetMs, 10);
});

Deno.test("ARC-JITTER-adaptive: the target follows the delay variation between 5 and 30 ms", () => {
  assert.equal(run(even(64)).buffer.targetMs, 5, "no variation");
  assert.equal(run(even(512, (i) => i % 2 === 0 ? 0 : 12)).buffer.targetMs, 12);
  assert.equal(run(even(512, (i) => i % 10 === 0 ? 45 : 0)).buffer.targetMs, 30);
  assert.equal(run(even(512, (i) => i % 50 === 0 ? 15 : 0)).buffer.targetMs, 5, "two of a hundred are not waited for");
  const { played } = run(even(512, (i) => i % 2 === 0 ? 0 : 12));
  const gaps = played.slice(101).map(({ atMs }, i) => atMs - played[100 + i].atMs);
  assert.ok(gaps.every((gapMs) => Math.abs(gapMs - 20) < 1e-6), "what came unevenly goes out evenly");
});

Deno.test("ARC-JITTER-order: reordered packets go out in order, and none is lost", () => {
  const { played, lost, buffer } = run([
    { index: 0, atMs: 0 },
    { index: 2, atMs: 40 },
    { index: 1, atMs: 41 },
    { index: 3, atMs: 60 },
  ]);
  assert.deepEqual(played.map(({ index }) => index), [0, 1, 2, 3]);
  assert.deepEqual(lost, []);
  assert.equal(buffer.counters.played, 4);
});

Deno.test("a gap is waited for until the playout time of the packet behind it, and no longer", () => {
  const { played, lost, verdicts, buffer } = run([
    { index: 0, atMs: 0 },
    { index: 3, atMs: 60 },
    { index: 1, atMs: 69 },
    { index: 2, atMs: 71 },
  ]);
  assert.deepEqual(played.map(({ index, atMs }) => [index, atMs]), [[0, 10], [1, 69], [3, 70]]);
  assert.deepEqual(lost, [{ firstIndex: 2, count: 1, atMs: 70 }]);
  assert.deepEqual(verdicts, ["held", "held", "held", "late"]);
  assert.deepEqual(buffer.counters, { played: 3, lost: 1, late: 1, duplicate: 0, full: 0, too_large: 0 });
});

Deno.test("ARC-JITTER-late-duplicate: late and duplicate packets are dropped and counted apart, before and after playout", () => {
  const { verdicts, buffer, played } = run([
    { index: 10, atMs: 0 },
    { index: 10, atMs: 1 },
    { index: 12, atMs: 40 },
    { index: 12, atMs: 60 },
    { index: 10, atMs: 61 },
    { index: 11, atMs: 62 },
    { index: 9, atMs: 63 },
  ]);
  assert.deepEqual(verdicts, ["held", "duplicate", "held", "duplicate", "duplicate", "late", "late"]);
  assert.deepEqual([buffer.counters.late, buffer.counters.duplicate], [2, 3]);
  assert.deepEqual(played.map(({ index }) => index), [10, 12]);
});

Deno.test("ARC-JITTER-maximum: no packet is held longer than 50 ms, whatever its timestamp says", () => {
  const { played } = run([
    { index: 0, atMs: 0 },
    // Media time runs ahead of the clock: by their timestamps these would be due in seconds.
    ...Array.from({ length: 20 }, (_, i) => ({ index: 100 + i * 5, atMs: 20 + i })),
  ]);
  assert.equal(played.length, 21);
  for (const { atMs, arrivalMs } of played) assert.ok(atMs - arrivalMs <= 50);
});

Deno.test("after a change of route the buffer finds its way back to buffering", () => {
  const { played, buffer } = run(even(400, (i) => (i < 200 ? 0 : 120) + (i % 3)));
  assert.ok(buffer.targetMs < 10);
  const later = played.slice(300).map(({ atMs, arrivalMs }) => atMs - arrivalMs);
  assert.ok(Math.min(...later) >= 2.9, `${Math.min(...later)}`);
  assert.equal(played.length, 400, "nothing was dropped meanwhile");
});

Deno.test("repaired packets say nothing of the path", () => {
  const arrivals = even(512).map((arrival) =>
    arrival.index % 10 === 0 && arrival.index > 0 ? { ...arrival, atMs: arrival.atMs + 15, isRepaired: true } : arrival
  ).sort((a, b) => a.atMs - b.atMs);
  assert.equal(run(arrivals).buffer.targetMs, 5);
});

Deno.test("timestamps wrap and clocks differ without a hitch", () => {
  const buffer = new JitterBuffer();
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    const atMs = i * 40;
    buffer.handle({ ...packet(i), timestampTicks: (0xffff_0000 + i * 3600) >>> 0, clockRateHz: 90_000 }, atMs);
    waits.push((buffer.nextTimeoutMs() ?? NaN) - atMs);
    while (buffer.poll(atMs + 30));
  }
  assert.ok(waits.every((waitMs) => Math.abs(waitMs - 10) < 1e-6), `${waits}`);
});

Deno.test("a full buffer and a packet larger than a slot refuse, and say so", () => {
  const buffer = new JitterBuffer({ capacity: 2, slotBytes: 8 });
  assert.equal(buffer.handle(packet(0, new Uint8Array(9)), 0), "too_large");
  assert.equal(buffer.handle(packet(0, new Uint8Array(8)), 0), "held");
  assert.equal(buffer.handle(packet(1), 0), "held");
  assert.equal(buffer.handle(packet(2), 0), "full");
  assert.equal(buffer.handle(packet(1), 0), "duplicate");
  assert.deepEqual([buffer.counters.full, buffer.counters.too_large, buffer.size], [1, 1, 2]);
  assert.throws(() => new JitterBuffer({ capacity: 0 }), RangeError);
});

Deno.test("the bytes come out as they went in, from the middle of a dirty pool that is reused at once", () => {
  const rng = new SeededRng(9);
  const buffer = new JitterBuffer({ capacity: 8, slotBytes: 64 });
  const batch = rng.fill(new Uint8Array(500));
  const sent = new Map<number, Uint8Array>();
  for (let i = 0; i < 200; i++) {
    const start = below(rng, 400);
    const end = start + below(rng, 65);
    rng.fill(batch);
    sent.set(i, batch.slice(start, end));
    assert.equal(buffer.handle({ ...packet(i), bytes: batch, start, end }, i * 20), "held");
    rng.fill(batch);
    for (let out = buffer.poll(i * 20); out !== undefined; out = buffer.poll(i * 20)) {
      assert.ok(out.kind === "packet");
      assert.equal(out.timestampTicks, packet(out.index).timestampTicks);
      assert.ok(equalBytes(out.bytes.subarray(out.start, out.end), sent.get(out.index) ?? EMPTY_BYTES));
    }
  }
});

Deno.test("playout time of a missing packet is that of the next one held", () => {
  const buffer = new JitterBuffer();
  for (const [index, atMs] of [[5, 0], [7, 40], [10, 100]]) buffer.handle(packet(index), atMs);
  assert.deepEqual([4, 5, 6, 7, 8, 9, 10, 11].map((index) => buffer.playoutTimeMs(index)), [
    10,
    50,
    50,
    110,
    110,
    110,
    undefined,
    undefined,
  ]);
});

Deno.test("any arrivals: in order, without duplicates, within 50 ms, and every packet and every gap accounted for", () => {
  const arrivals = fc.array(
    fc.tuple(fc.nat(60), fc.oneof(fc.nat(30), fc.nat(300)), fc.boolean()),
    { minLength: 1, maxLength: 120 },
  );
  fc.assert(
    fc.property(arrivals, fc.constantFrom(0, 65_500, 2 ** 40), (list, base) => {
      let atMs = 0;
      const timed = list.map(([offset, laterMs, isRepaired]) => {
        atMs += laterMs;
        return { index: base + offset, atMs, isRepaired };
      });
      const { played, lost, buffer, verdicts } = run(timed, { capacity: 16 });
      const counters = buffer.counters;
      assert.equal(buffer.size, 0);
      for (let i = 1; i < played.length; i++) assert.ok(played[i].index > played[i - 1].index);
      for (const out of played) {
        assert.ok(out.atMs >= out.arrivalMs && out.atMs - out.arrivalMs <= 50);
        assert.ok(timed.some((arrival) => arrival.index === out.index && arrival.atMs === out.arrivalMs));
      }
      assert.equal(counters.played, played.length);
      assert.equal(counters.played + counters.late + counters.duplicate + counters.full, timed.length);
      assert.equal(verdicts.filter((verdict) => verdict === "held").length, played.length);
      const span = played.length === 0 ? 0 : played[played.length - 1].index - played[0].index + 1;
      assert.equal(played.length + counters.lost, span);
      assert.equal(lost.reduce((sum, { count }) => sum + count, 0), counters.lost);
      const seen = new Set(played.map(({ index }) => index));
      for (const { firstIndex, count } of lost) {
        for (let i = 0; i < count; i++) assert.ok(!seen.has(firstIndex + i));
      }
    }),
    { seed: 83, numRuns: 400 },
  );
});

Deno.test("any permutation within the target delay plays every packet at its even time", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const rng = new SeededRng(seed);
      const { played, lost } = run(even(30, () => unit(rng) * 9), { initialMs: 30, minMs: 30 });
      assert.deepEqual(played.map(({ index }) => index), Array.from({ length: 30 }, (_, i) => i), `seed ${seed}`);
      assert.deepEqual(lost, []);
    }),
    { seed: 84, numRuns: 100 },
  );
});

Deno.test("indexes near 2^48 keep their bytes and order", () => {
  const buffer = new JitterBuffer();
  const top = 2 ** 48 - 2;
  const bytes = new Uint8Array(6);
  writeU48(bytes, 0, top);
  buffer.handle({ ...packet(1, bytes), index: top + 1 }, 0);
  buffer.handle({ ...packet(0, bytes), index: top }, 1);
  const first = buffer.poll(60);
  assert.ok(first?.kind === "packet" && first.index === top);
  const second = buffer.poll(60);
  assert.ok(second?.kind === "packet" && second.index === top + 1);
});
