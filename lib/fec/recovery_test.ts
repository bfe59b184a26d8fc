import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, EMPTY_BYTES, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { planRepairs, repairPayloadBytes, type RepairPlan, writeRepairPayload } from "./encoder.ts";
import { parseFlexfecHeader } from "./flexfec_header.ts";
import { FecRecovery } from "./recovery.ts";
import type { FecSource } from "./source.ts";
import { plainBytes, sourceOf, SSRC, streams } from "./testing/sources.ts";

function repairsOf(sources: readonly FecSource[], plans: readonly RepairPlan[]): Uint8Array[] {
  return plans.map((plan) => {
    const out = new Uint8Array(repairPayloadBytes(sources, plan));
    writeRepairPayload(sources, plan, out, 0);
    return out;
  });
}

/** Hands a repair over from the middle of a dirty buffer. */
function give(recovery: FecRecovery, repair: Uint8Array, nearIndex: number): void {
  const pool = concatBytes(new Uint8Array(7).fill(0xee), repair, new Uint8Array(9).fill(0xdd));
  unwrap(recovery.handleRepair(pool, 7, 7 + repair.length, nearIndex));
}

function drain(recovery: FecRecovery, into: Map<number, string>): void {
  for (let out = recovery.poll(); out !== undefined; out = recovery.poll()) {
    assert.ok(!into.has(out.index), "restored once");
    into.set(out.index, toHex(out.bytes.subarray(out.start, out.end)));
    assert.equal(out.bytes[out.arcStart] & 0x0c, 0);
  }
}

/** What can be restored at all: repairs missing one source give it, until none does. */
function peel(lost: ReadonlySet<number>, groups: readonly (readonly number[])[]): Set<number> {
  const missing = new Set(lost);
  for (let changed = true; changed;) {
    changed = false;
    for (const group of groups) {
      const gone = group.filter((i) => missing.has(i));
      if (gone.length === 1) changed = missing.delete(gone[0]);
    }
  }
  return new Set([...lost].filter((i) => !missing.has(i)));
}

function groupOf(plan: RepairPlan): number[] {
  return Array.from({ length: plan.count }, (_, i) => plan.first + i * plan.stride);
}

Deno.test("ARC-LOSS-fec-source: what can be restored is, byte for byte, whatever is lost and in any order", () => {
  const cases = fc.record({
    stream: streams(1, 30),
    redundancy: fc.constantFrom(0.1, 0.2, 0.5, 1),
    seed: fc.nat(),
    lossPercent: fc.constantFrom(5, 20, 50),
  });
  let restoredInAll = 0;
  fc.assert(
    fc.property(cases, ({ stream: { first, sources }, redundancy, seed, lossPercent }) => {
      const rng = new SeededRng(seed);
      // Rows over all, and one more over the first packets: repairs that overlap restore in turn.
      const plans = [...planRepairs(sources.length, redundancy), {
        first: 0,
        stride: 1,
        count: Math.min(6, sources.length),
      }];
      const repairs = repairsOf(sources, plans);
      const lost = new Set(sources.map((_, i) => i).filter(() => rng.u32() % 100 < lossPercent));
      const arrived = repairs.map((_, i) => i).filter(() => rng.u32() % 100 >= lossPercent);
      const recovery = new FecRecovery(SSRC);
      const got = new Map<number, string>();
      const events = [
        ...sources.map((source, i) => ({ order: rng.u32(), run: () => recovery.handleSource(first + i, source), i })),
        ...arrived.map((i) => ({ order: rng.u32(), run: () => give(recovery, repairs[i], first + 3), i: -1 })),
      ].filter(({ i }) => !lost.has(i)).sort((a, b) => a.order - b.order);
      for (const event of events) {
        event.run();
        drain(recovery, got);
      }
      const expected = peel(lost, arrived.map((i) => groupOf(plans[i])));
      // A source may be restored before it comes on its own; all else must be what was lost and can be had.
      for (const [index, hex] of got) {
        assert.equal(hex, toHex(plainBytes(sources[index - first])));
        if (!lost.has(index - first)) expected.add(index - first);
      }
      assert.deepEqual(
        [...got.keys()].sort((a, b) => a - b),
        [...expected].map((i) => first + i).sort((a, b) => a - b),
      );
      assert.equal(recovery.counters.inconsistent, 0);
      assert.equal(recovery.counters.recovered, got.size);
      restoredInAll += got.size;
    }),
    { seed: 121, numRuns: 250 },
  );
  assert.ok(restoredInAll > 200, `only ${restoredInAll} restored`);
});

Deno.test("a burst as long as the number of repairs is restored whole", () => {
  const rng = new SeededRng(3);
  const sources = Array.from({ length: 100 }, (_, i) =>
    sourceOf({
      payloadType: 98,
      sequenceNumber: 65_500 + i & 0xffff,
      timestamp: 7,
      ssrc: SSRC,
      quality: 0,
      priority: 1,
      keyPhase: 3,
      payload: rng.fill(new Uint8Array(50 + i)),
    }));
  const recovery = new FecRecovery(SSRC);
  sources.forEach((source, i) => {
    if (i < 40 || i >= 60) recovery.handleSource(65_500 + i, source);
  });
  for (const repair of repairsOf(sources, planRepairs(100))) give(recovery, repair, 65_599);
  const got = new Map<number, string>();
  drain(recovery, got);
  assert.deepEqual([...got.keys()].sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => 65_540 + i));
  for (const [index, hex] of got) assert.equal(hex, toHex(plainBytes(sources[index - 65_500])));
  assert.deepEqual(recovery.counters, { repairs: 20, recovered: 20, unneeded: 0, expired: 0, inconsistent: 0 });
});

Deno.test("repairs whose sources all came are done with; those missing two wait, and the oldest makes room", () => {
  const source = (sequenceNumber: number) =>
    sourceOf({ payloadType: 98, sequenceNumber, timestamp: 7, ssrc: SSRC, quality: 0, priority: 1, keyPhase: 0 });
  const sources = Array.from({ length: 20 }, (_, i) => source(i));
  const recovery = new FecRecovery(SSRC, { repairs: 2, sources: 32 });
  recovery.handleSource(0, sources[0]);
  const pair = (first: number) => repairsOf(sources, [{ first, stride: 1, count: 2 }])[0];
  recovery.handleSource(1, sources[1]);
  give(recovery, pair(0), 1);
  assert.equal(recovery.counters.unneeded, 1);
  for (const first of [2, 4, 6]) give(recovery, pair(first), 1);
  assert.equal(recovery.counters.expired, 1);
  const got = new Map<number, string>();
  for (const i of [3, 5, 7]) recovery.handleSource(i, sources[i]);
  drain(recovery, got);
  assert.deepEqual([...got.keys()], [4, 6], "the repair of 2 and 3 was pushed out");
  // Sources so old that they are forgotten.
  recovery.handleSource(100, source(100));
  give(recovery, pair(8), 100);
  assert.equal(recovery.counters.expired, 2);
  recovery.handleSource(68, source(68));
  recovery.handleSource(100, source(101));
  assert.equal(recovery.poll(), undefined);
});

Deno.test("repairs that do not belong to the sources restore nothing", () => {
  const fields = { payloadType: 98, timestamp: 7, ssrc: SSRC, quality: 0, priority: 1, keyPhase: 0 } as const;
  const short = sourceOf({ ...fields, sequenceNumber: 1 });
  const long = sourceOf({ ...fields, sequenceNumber: 1, payload: new Uint8Array(30).fill(9) });
  const second = sourceOf({ ...fields, sequenceNumber: 2, payload: Uint8Array.of(1, 2, 3) });
  const plan = { first: 0, stride: 1, count: 2 };
  for (const [sent, received] of [[short, long], [long, short]]) {
    const recovery = new FecRecovery(SSRC);
    const [repair] = repairsOf([sent, second], [plan]);
    recovery.handleSource(1, received);
    give(recovery, repair, 1);
    assert.equal(recovery.poll(), undefined);
    assert.equal(recovery.counters.inconsistent, 1);
  }
});

Deno.test("any bytes as repairs never throw, restore no more than one packet each, and keep within bounds", () => {
  const sources = Array.from(
    { length: 12 },
    (_, i) =>
      sourceOf({ payloadType: 98, sequenceNumber: i, timestamp: 7, ssrc: SSRC, quality: 0, priority: 1, keyPhase: 0 }),
  );
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 90 }), fc.nat(), (list, seed) => {
      const rng = new SeededRng(seed);
      const recovery = new FecRecovery(SSRC, { slotBytes: 64 });
      sources.forEach((source, i) => {
        if (rng.u32() % 2 === 0) recovery.handleSource(i, source);
      });
      let restored = 0;
      for (const bytes of list) {
        if (bytes.length > 10) {
          bytes[0] &= 0x3f;
          bytes[8] = 0;
          bytes[9] = rng.u32() % 12;
        }
        recovery.handleRepair(bytes, 0, bytes.length, rng.u32() % 20);
        for (let out = recovery.poll(); out !== undefined; out = recovery.poll()) {
          restored++;
          assert.ok(out.end - out.start <= 64 && out.end - out.start >= 16);
        }
      }
      assert.ok(restored <= list.length);
    }),
    { seed: 122, numRuns: 200 },
  );
  const recovery = new FecRecovery(SSRC, { slotBytes: 64 });
  assert.equal(recovery.handleRepair(EMPTY_BYTES, 0, 0, 0).ok, false);
});

Deno.test("one flipped bit in a repair is noticed or changes just the restored packet, never another", () => {
  fc.assert(
    fc.property(streams(3, 6), fc.nat(), ({ first, sources }, where) => {
      const [repair] = repairsOf(sources, [{ first: 0, stride: 1, count: sources.length }]);
      repair[(where >>> 3) % repair.length] ^= 1 << (where & 7);
      const recovery = new FecRecovery(SSRC);
      sources.forEach((source, i) => {
        if (i !== 1) recovery.handleSource(first + i, source);
      });
      recovery.handleRepair(repair, 0, repair.length, first);
      const header = parseFlexfecHeader(repair, 0, repair.length);
      for (let out = recovery.poll(); out !== undefined; out = recovery.poll()) {
        assert.ok(header.ok);
        assert.ok(out.index < first || out.index >= first + sources.length || out.index === first + 1);
      }
    }),
    { seed: 123, numRuns: 200 },
  );
});
