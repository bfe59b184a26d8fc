import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHex, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import { parseArcRtp, Priority } from "../packet/arcrtp.ts";
import {
  KEY_FRAME_REDUNDANCY,
  MAX_PAYLOAD_BYTES_WITH_FEC,
  planRepairs,
  repairCount,
  repairPayloadBytes,
  writeRepairPayload,
} from "./encoder.ts";
import { FLEXFEC_PAYLOAD_TYPE, protectedSsrc, writeRepairPacket } from "./repair_packet.ts";
import { sourceOf, SSRC, streams } from "./testing/sources.ts";

function hex(text: string): Uint8Array {
  return unwrap(parseHex(text));
}

Deno.test("ARC-LOSS-fec-source ARC-LOSS-fec-format: a repair of two packets worked by hand, K left out", () => {
  // Two packets as handed to protection, in epoch 1 and 2 (K = 1, 2): Arc blocks 54 and 98 count as 50 and 90.
  const a = hex("8062fffe000000640badcafe" + "54000000" + "aabb");
  const b = hex("90e2ffff000000650badcafe" + "bede000110000000" + "98000000" + "ccddee");
  const sources = [
    { bytes: a, start: 0, end: a.length, arcStart: 12 },
    { bytes: b, start: 0, end: b.length, arcStart: 20 },
  ];
  const [plan] = planRepairs(2, 0.2);
  const out = new Uint8Array(repairPayloadBytes(sources, plan));
  assert.equal(writeRepairPayload(sources, plan, out, 0), 27);
  const expected = [
    "10", // 0 0 P X CC: X of b
    "80", // M PT: the marker of b
    "0009", // 6 XOR 15
    "00000001", // timestamps
    "fffe", // SN base
    "6000", // k = 0, packets 0 and 1
    "ee" + "de" + "00" + "01" + "ba" + "bb" + "0000", // 50000000aabb XOR bede000110000000
    "90000000" + "ccddee",
  ];
  assert.equal(toHex(out), expected.join(""));
});

Deno.test("ARC-LOSS-fec-key-frames: one repair for five packets by default, rounded up", () => {
  assert.equal(KEY_FRAME_REDUNDANCY, 0.2);
  assert.deepEqual([0, 1, 4, 5, 6, 10, 15, 35, 100].map((n) => repairCount(n, 0.2)), [0, 1, 1, 1, 2, 2, 3, 7, 20]);
  assert.deepEqual([0, -1, NaN, 1, 5].map((redundancy) => repairCount(10, redundancy)), [0, 0, 0, 10, 10]);
});

Deno.test("plans protect every packet once, within the reach of a mask", () => {
  fc.assert(
    fc.property(fc.nat(700), fc.double({ min: 0.01, max: 1, noNaN: true }), (count, redundancy) => {
      const seen = new Uint8Array(count);
      for (const plan of planRepairs(count, redundancy)) {
        assert.ok((plan.count - 1) * plan.stride < 110);
        for (let i = 0; i < plan.count; i++) seen[plan.first + i * plan.stride]++;
      }
      assert.ok(seen.every((times) => times === 1));
    }),
    { seed: 111, numRuns: 300 },
  );
  assert.deepEqual(planRepairs(10, 0), []);
});

Deno.test("a payload touches only its own bytes, whatever was there before", () => {
  const rng = new SeededRng(2);
  fc.assert(
    fc.property(streams(1, 12), fc.nat(20), ({ sources }, at) => {
      for (const plan of planRepairs(sources.length, 0.3)) {
        const bytes = repairPayloadBytes(sources, plan);
        const pool = rng.fill(new Uint8Array(at + bytes + 20));
        const before = pool.slice();
        const clean = new Uint8Array(bytes);
        writeRepairPayload(sources, plan, clean, 0);
        assert.equal(writeRepairPayload(sources, plan, pool, at), bytes);
        assert.equal(toHex(pool.subarray(at, at + bytes)), toHex(clean));
        assert.deepEqual(pool.subarray(0, at), before.subarray(0, at));
        assert.deepEqual(pool.subarray(at + bytes), before.subarray(at + bytes));
      }
    }),
    { seed: 112, numRuns: 60 },
  );
});

Deno.test("ARC-LOSS-fec-csrc ARC-LOSS-fec-format: the repair packet has PR 3, its own SSRC, the protected one as CSRC", () => {
  const sources = [1, 2, 3].map((sequenceNumber) =>
    sourceOf({ payloadType: 98, sequenceNumber, timestamp: 7, ssrc: SSRC, quality: 1, priority: 1, keyPhase: 2 })
  );
  const [plan] = planRepairs(3);
  const header = { ssrc: 5, sequenceNumber: 9, timestamp: 70, quality: 1, keyPhase: 2, protectedSsrc: SSRC };
  const out = new Uint8Array(100);
  const bytes = writeRepairPacket(header, sources, plan, out, 0);
  const view = unwrap(parseArcRtp(out.subarray(0, bytes)));
  assert.deepEqual(view.fields().csrc, [SSRC]);
  assert.deepEqual(unwrap(protectedSsrc(view)), SSRC);
  assert.deepEqual([view.ssrc, view.sequenceNumber, view.payloadType, view.priority, view.keyPhase], [
    5,
    9,
    FLEXFEC_PAYLOAD_TYPE,
    Priority.low,
    2,
  ]);
  assert.equal(view.payload().length, repairPayloadBytes(sources, plan));
  assert.equal(protectedSsrc(unwrap(parseArcRtp(sources[0].bytes))).ok, false);
  assert.throws(() => writeRepairPacket(header, sources, plan, new Uint8Array(bytes - 1), 0), RangeError);
});

Deno.test("ARC-LOSS-fec-payload-size: at 1132 bytes of payload the longest repair packet fits 1232 bytes, tags included", () => {
  const extension = { profile: 0xbede, data: new Uint8Array(8) };
  const sources = Array.from({ length: 110 }, (_, i) =>
    sourceOf({
      payloadType: 98,
      sequenceNumber: i,
      timestamp: 7,
      ssrc: SSRC,
      quality: 1,
      priority: 1,
      keyPhase: 0,
      bandwidthKbps: 1,
      lossTenths: 1,
      extension,
      payload: new Uint8Array(MAX_PAYLOAD_BYTES_WITH_FEC),
    }));
  const header = { ssrc: 5, sequenceNumber: 9, timestamp: 70, quality: 1, keyPhase: 2, protectedSsrc: SSRC, extension };
  const bytes = writeRepairPacket(header, sources, planRepairs(110)[0], new Uint8Array(2000), 0);
  assert.ok(bytes + 16 + 10 <= 1232, `${bytes + 26}`);
  assert.equal(MAX_PAYLOAD_BYTES_WITH_FEC, 1132);
});

Deno.test("sequence numbers that no mask reaches are the caller's mistake", () => {
  const at = (sequenceNumber: number) =>
    sourceOf({ payloadType: 98, sequenceNumber, timestamp: 7, ssrc: SSRC, quality: 1, priority: 1, keyPhase: 0 });
  const plan = { first: 0, stride: 1, count: 2 };
  for (const [first, second] of [[1, 111], [5, 4]]) {
    assert.throws(() => writeRepairPayload([at(first), at(second)], plan, new Uint8Array(100), 0), RangeError);
  }
});
