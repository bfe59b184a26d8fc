import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { ArcRtpView, isUsablePayloadType, parseArcRtp } from "./arcrtp.ts";
import { writeWithArcBlock, writeWithoutArcBlock } from "./plain_rtp.ts";
import { parseRtp, RtpView } from "./rtp_view.ts";
import { arcBlockFields, arcRtpBytes, arcRtpFields, rtpBytes, rtpFields } from "./testing/arbitrary.ts";

Deno.test("ARC-RTP-arc-block-strip, ARC-RTP-arc-block: without its block a packet is RTP, every other byte unchanged", () => {
  fc.assert(
    fc.property(arcRtpFields, (fields) => {
      const bytes = arcRtpBytes(fields);
      const packet = unwrap(parseArcRtp(bytes));
      const out = new Uint8Array(300).fill(0xa5);
      const written = writeWithoutArcBlock(packet, out, 7);
      const blockBytes = fields.lossTenths === undefined ? 4 : 5;
      const plain = concatBytes(bytes.subarray(0, packet.arcStart), bytes.subarray(packet.arcStart + blockBytes));
      assert.deepEqual(out.subarray(7, 7 + written), plain);
      assert.deepEqual(unwrap(parseRtp(plain)).headerFields(), packet.headerFields());
      assert.deepEqual(unwrap(parseRtp(plain)).payload(), packet.payload());
      assert.equal(out[7 + written], 0xa5);
    }),
    { seed: 1201, numRuns: 200 },
  );
});

Deno.test("ARC-RTP-arc-block-strip: a block put in and taken out leaves the packet as it was", () => {
  fc.assert(
    fc.property(
      rtpFields.filter((fields) => isUsablePayloadType(fields.payloadType)),
      arcBlockFields,
      (fields, arc) => {
        const bytes = rtpBytes(fields);
        const out = new Uint8Array(300);
        const written = writeWithArcBlock(unwrap(parseRtp(bytes)), arc, out, 0);
        const packet = unwrap(parseArcRtp(out.slice(0, written)));
        assert.deepEqual(packet.arcFields(), arc);
        const back = new Uint8Array(300);
        assert.deepEqual(back.slice(0, writeWithoutArcBlock(packet, back, 0)), bytes);
      },
    ),
    { seed: 1202, numRuns: 200 },
  );
});

Deno.test("both ways work within the packet's own buffer", () => {
  fc.assert(
    fc.property(arcRtpFields, (fields) => {
      const bytes = arcRtpBytes(fields);
      const pool = new Uint8Array(bytes.length + 20);
      pool.set(bytes, 9);
      const packet = new ArcRtpView();
      assert.ok(packet.parse(pool, 9, 9 + bytes.length));
      const arc = packet.arcFields();
      const plainBytes = writeWithoutArcBlock(packet, pool, 9);
      const plain = new RtpView();
      assert.ok(plain.parse(pool, 9, 9 + plainBytes));
      assert.equal(writeWithArcBlock(plain, arc, pool, 9), bytes.length);
      assert.deepEqual(pool.subarray(9, 9 + bytes.length), bytes);
    }),
    { seed: 1203, numRuns: 200 },
  );
});

Deno.test("a buffer without room is the programmer's mistake, and nothing is cut off in silence", () => {
  const packet = unwrap(parseArcRtp(new Uint8Array([0x80, 96, ...new Array(20).fill(0)])));
  assert.throws(() => writeWithoutArcBlock(packet, new Uint8Array(17), 0), /need 18 bytes of room, got 17/);
  assert.equal(writeWithoutArcBlock(packet, new Uint8Array(18), 0), 18);
});
