import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { GenericNack, RtcpPacketConverter, RtcpTransportLayerFeedback } from "werift-rtp";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { parseRtcp, rtcpBytes, type RtcpPacket, writeRtcp } from "../packet/rtcp/compound.ts";
import { unpackNackItems } from "../packet/rtcp/nack.ts";
import { translateRtcp } from "./rtcp_translator.ts";
import { type StreamPair, StreamTable } from "./stream_table.ts";

const OWN = 7;
const STREAM: StreamPair = { rtp: 1, arcrtp: 2, from: "rtp", sequenceOffset: 100, timestampOffset: 3 };

function nackOf(...lost: readonly number[]): RtcpPacket {
  return { kind: "nack", senderSsrc: 50, mediaSsrc: 2, items: lost.map((pid16) => ({ pid16, blp16: 0 })) };
}

function lostOf([packet]: readonly RtcpPacket[]): readonly number[] {
  return packet?.kind === "nack" ? unpackNackItems(packet.items) : [];
}

Deno.test("ARC-BRIDGE-rtcp: a NACK passes over what the bridge kept back, and asks for nothing that was never sent", () => {
  const streams = new StreamTable([STREAM]);
  const stream = streams.find("rtp", 1);
  assert.ok(stream !== undefined);
  for (const sequence of [10, 11, 13, 14]) stream.sequence.forward(sequence);
  stream.sequence.withhold(15);
  stream.sequence.forward(16);
  const { packets } = translateRtcp([nackOf(112, 115, 116)], "arcrtp", streams, OWN);
  // 112 was lost on the way in, 115 went out for 16, 116 has not been sent.
  assert.deepEqual(lostOf(packets), [12, 16]);
  assert.deepEqual(translateRtcp([nackOf(116)], "arcrtp", streams, OWN), { packets: [], dropped: ["nack"] });
});

Deno.test("ARC-BRIDGE-rtcp: counts of a sender report are those of what went on", () => {
  const streams = new StreamTable([STREAM]);
  const stream = streams.find("rtp", 1);
  assert.ok(stream !== undefined);
  stream.sequence.forward(1);
  stream.sequence.withhold(2);
  stream.withheldOctets = 20;
  const report: RtcpPacket = {
    kind: "sr",
    ssrc: 1,
    ntpSeconds: 5,
    ntpFraction: 6,
    rtpTimestampTicks: 0xffff_ffff,
    packetCount: 2,
    octetCount: 120,
    reports: [],
    extension: EMPTY_BYTES,
  };
  assert.deepEqual(translateRtcp([report], "rtp", streams, OWN).packets, [
    { ...report, ssrc: 2, rtpTimestampTicks: 2, packetCount: 1, octetCount: 100 },
  ]);
});

Deno.test("a report of a stream that does not pass is left with its blocks, a BYE and a CNAME with what passes", () => {
  const streams = new StreamTable([STREAM, { ...STREAM, rtp: 3, arcrtp: 4, from: "arcrtp" }]);
  const block = {
    ssrc: 3,
    fractionLost256: 1,
    cumulativeLost: -2,
    extendedHighestSequence32: 500,
    jitterTicks: 4,
    lastSrCompact: 5,
    delaySinceLastSrCompact: 6,
  };
  const report: RtcpPacket = {
    kind: "sr",
    ssrc: 99,
    ntpSeconds: 0,
    ntpFraction: 0,
    rtpTimestampTicks: 0,
    packetCount: 0,
    octetCount: 0,
    reports: [block],
    extension: EMPTY_BYTES,
  };
  const item = { itemType: 1, text: EMPTY_BYTES };
  const translated = translateRtcp(
    [
      report,
      { kind: "sdes", chunks: [{ ssrc: 1, items: [item] }, { ssrc: 99, items: [] }] },
      { kind: "bye", ssrcs: [99, 1], reason: null },
      { kind: "bye", ssrcs: [3], reason: null },
    ],
    "rtp",
    streams,
    OWN,
  );
  assert.deepEqual(translated, {
    packets: [
      {
        kind: "rr",
        ssrc: OWN,
        reports: [{ ...block, ssrc: 4, extendedHighestSequence32: 600 }],
        extension: EMPTY_BYTES,
      },
      { kind: "sdes", chunks: [{ ssrc: 2, items: [item] }] },
      { kind: "bye", ssrcs: [2], reason: null },
    ],
    dropped: ["bye"],
  });
});

Deno.test("a NACK of every number there is fits into what can be written", () => {
  const items = Array.from({ length: 16_384 }, (_, i) => ({ pid16: (i * 4) & 0xffff, blp16: 0xffff }));
  const all: RtcpPacket = { kind: "nack", senderSsrc: 50, mediaSsrc: 2, items };
  const { packets } = translateRtcp([all], "arcrtp", new StreamTable([STREAM]), OWN);
  assert.equal(new Set(lostOf(packets)).size, 0x1_0000);
  assert.ok(rtcpBytes(packets) < 20_000);
});

Deno.test("what is translated of any compound can be written and read again, and werift reads the NACKs in it", () => {
  const pieces = fc.array(
    fc.record({ pid16: fc.nat(0xffff), blp16: fc.nat(0xffff) }),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(pieces, fc.integer({ min: -0xffff, max: 0xffff }), (items, sequenceOffset) => {
      const streams = new StreamTable([{ ...STREAM, sequenceOffset }]);
      const asked: RtcpPacket = { kind: "nack", senderSsrc: 50, mediaSsrc: 2, items };
      const { packets } = translateRtcp([asked], "arcrtp", streams, OWN);
      const bytes = new Uint8Array(rtcpBytes(packets));
      writeRtcp(packets, bytes, 0);
      const again = parseRtcp(bytes);
      assert.ok(again.ok);
      assert.deepEqual(again.value, packets);
      const [read] = RtcpPacketConverter.deSerialize(Buffer.from(bytes));
      assert.ok(read instanceof RtcpTransportLayerFeedback && read.feedback instanceof GenericNack);
      assert.equal(read.feedback.mediaSourceSsrc, 1);
      const due = new Set(unpackNackItems(items).map((lost) => (lost - sequenceOffset) & 0xffff));
      // werift counts on beyond the end of the range.
      assert.deepEqual(new Set(read.feedback.lost.map((lost) => lost & 0xffff)), due);
    }),
    { seed: 31, numRuns: 200 },
  );
});
