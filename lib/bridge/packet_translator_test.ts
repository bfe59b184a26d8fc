import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { RtpPacket } from "werift-rtp";
import { parseHex, toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { ArcRtpView, isUsablePayloadType } from "../packet/arcrtp.ts";
import { RtpView } from "../packet/rtp_view.ts";
import { anyBytes, inDirtyPool, rtpBytes, rtpFields } from "../packet/testing/arbitrary.ts";
import { lostFields, MAX_GROWTH_BYTES, NOT_TRANSLATED, PacketTranslator } from "./packet_translator.ts";
import type { BridgeMap, StreamPair } from "./stream_table.ts";

/** Every payload type that ArcRTC has, and every element of the one-byte form, under other numbers. */
const ALL: BridgeMap = {
  payloadTypes: Array.from({ length: 128 }, (_, i) => i).filter(isUsablePayloadType)
    .map((rtp) => ({
      rtp,
      arcrtp: rtp ^ 1,
      codec: rtp % 2 === 0 ? "opus" : "vp9",
      kind: rtp % 2 === 0 ? "audio" : "video",
    })),
  extensions: Array.from({ length: 14 }, (_, i) => ({ rtp: i + 1, arcrtp: 14 - i })),
  streams: [],
};

const hex = (text: string) => unwrap(parseHex(text.replaceAll(" ", "")));

function through(translator: PacketTranslator, way: "toArcRtp" | "toRtp", packet: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(packet.length + MAX_GROWTH_BYTES);
  const bytes = translator[way](packet, 0, packet.length, out, 0);
  return bytes === NOT_TRANSLATED ? undefined : out.subarray(0, bytes);
}

Deno.test("ARC-BRIDGE-to-rtp ARC-BRIDGE-from-rtp: RTP over ArcRTP is RTP again, but for what no side can map", () => {
  const translator = new PacketTranslator(ALL);
  const view = new RtpView();
  fc.assert(
    fc.property(rtpFields, (fields) => {
      const packet = rtpBytes({ ...fields, extension: undefined });
      assert.ok(view.parse(packet));
      const arc = through(translator, "toArcRtp", packet);
      if (!isUsablePayloadType(view.payloadType)) {
        assert.equal(arc, undefined);
        return;
      }
      assert.ok(arc !== undefined);
      assert.equal(translator.lost, 0);
      assert.equal(arc.length, packet.length + 4);
      assert.equal(toHex(through(translator, "toRtp", arc) ?? new Uint8Array(0)), toHex(packet));
      assert.deepEqual(lostFields(translator.lost), ["quality", "priority", "key_phase"]);
    }),
    { seed: 21, numRuns: 400 },
  );
});

Deno.test("packets pass in a dirty pool, with any extension, and nothing is written beyond what is said", () => {
  const translator = new PacketTranslator(ALL);
  const arcView = new ArcRtpView();
  fc.assert(
    fc.property(rtpFields, fc.nat(), (fields, seed) => {
      const packet = rtpBytes(fields);
      const { pool, start, end } = inDirtyPool(packet, seed);
      const out = new Uint8Array(packet.length + MAX_GROWTH_BYTES + 8).fill(0xa5);
      const bytes = translator.toArcRtp(pool, start, end, out, 4);
      if (bytes === NOT_TRANSLATED) return;
      assert.ok(arcView.parse(out, 4, 4 + bytes));
      assert.equal(
        toHex(arcView.bytes.subarray(arcView.payloadStart, 4 + bytes)),
        toHex(fields.payload ?? new Uint8Array(0)),
      );
      assert.ok(out.subarray(0, 4).every((byte) => byte === 0xa5));
      assert.ok(out.subarray(4 + bytes).every((byte) => byte === 0xa5));
    }),
    { seed: 22, numRuns: 400 },
  );
});

Deno.test("any bytes are translated or refused, and never take more room than is promised", () => {
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 5 }), (packets) => {
      const stream: StreamPair = { rtp: 1, arcrtp: 2, from: "rtp", sequenceOffset: 5, timestampOffset: 0 };
      for (const translator of [new PacketTranslator(ALL), new PacketTranslator({ ...ALL, streams: [stream] })]) {
        for (const packet of packets) {
          for (const way of ["toArcRtp", "toRtp"] as const) {
            if (through(translator, way, packet) === undefined) {
              const { offset, message } = translator.fault();
              assert.ok(offset !== undefined && offset <= packet.length, message);
            }
          }
        }
      }
    }),
    { seed: 23, numRuns: 500 },
  );
});

Deno.test("an element that is repeated without end is written once", () => {
  const map = { ...ALL, extensions: [{ rtp: 3, arcrtp: 2 }] };
  const words = 200;
  const packet = hex(
    `906f 0001 00000001 00000001 bede ${words.toString(16).padStart(4, "0")} ${"30aa".repeat(2 * words)}`,
  );
  const translator = new PacketTranslator(map);
  const arc = through(translator, "toArcRtp", packet);
  assert.equal(toHex(arc ?? new Uint8Array(0)), "906e00010000000100000001" + "bede0001" + "20aa0000" + "20000000");
  assert.deepEqual(lostFields(translator.lost), ["extension_header"]);
});

Deno.test("a buffer without room is the caller's mistake, and said so", () => {
  const translator = new PacketTranslator(ALL);
  const packet = rtpBytes({ payloadType: 96, sequenceNumber: 1, timestamp: 2, ssrc: 3, payload: new Uint8Array(10) });
  assert.throws(() => translator.toArcRtp(packet, 0, packet.length, new Uint8Array(packet.length), 0), RangeError);
});

Deno.test("a stream passes in its own direction only, and others not at all", () => {
  const stream: StreamPair = { rtp: 1, arcrtp: 2, from: "rtp", sequenceOffset: 5, timestampOffset: 0 };
  const translator = new PacketTranslator({ ...ALL, streams: [stream] });
  const rtp = (ssrc: number) => rtpBytes({ payloadType: 96, sequenceNumber: 1, timestamp: 2, ssrc });
  assert.ok(through(translator, "toArcRtp", rtp(1)) !== undefined);
  assert.equal(through(translator, "toArcRtp", rtp(9)), undefined);
  assert.deepEqual([translator.fault().reason, translator.fault().offset], ["bad_value", 8]);
  const back = hex("8060 0001 00000002 00000002 00000000");
  assert.equal(through(translator, "toRtp", back), undefined, "what ArcRTC only receives");
  translator.streams.add({ rtp: 9, arcrtp: 10, from: "rtp", sequenceOffset: 0, timestampOffset: 0 });
  assert.ok(through(translator, "toArcRtp", rtp(9)) !== undefined);
  assert.throws(() => translator.streams.add({ ...stream, rtp: 50 }), /SSRC 2 is in use/);
});

Deno.test("what comes out to RTP is what another implementation of RTP reads", () => {
  fc.assert(
    fc.property(rtpFields, (fields) => {
      const extension = { profile: 0xbede, data: hex("12aabbcc 21123400") };
      const translator = new PacketTranslator({ ...ALL, extensions: [{ rtp: 2, arcrtp: 1 }, { rtp: 3, arcrtp: 2 }] });
      const plain = rtpBytes({ ...fields, payloadType: 96, padding: false, extension });
      // Into ArcRTP by hand: the block stands behind the extension.
      const head = 12 + 4 * (plain[0] & 15) + 12;
      const arc = new Uint8Array([...plain.subarray(0, head), 0x10, 0, 0, 0, ...plain.subarray(head)]);
      const rtp = through(translator, "toRtp", arc);
      assert.ok(rtp !== undefined);
      const read = RtpPacket.deSerialize(Buffer.from(rtp));
      assert.deepEqual(
        [
          read.header.payloadType,
          read.header.sequenceNumber,
          read.header.timestamp,
          read.header.ssrc,
          read.header.marker,
        ],
        [97, fields.sequenceNumber, fields.timestamp, fields.ssrc, fields.marker],
      );
      assert.deepEqual(read.header.extensions.map(({ id, payload }) => `${id} ${toHex(payload)}`), [
        "2 aabbcc",
        "3 1234",
      ]);
      assert.equal(toHex(read.payload), toHex(fields.payload ?? new Uint8Array(0)));
    }),
    { seed: 24, numRuns: 100 },
  );
});
