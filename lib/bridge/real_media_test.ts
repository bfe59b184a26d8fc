/** Encoders' own output as a WebRTC stack would send it: across the bridge every packet gets the PR of its frame. */
import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { codecOf } from "../media/codec.ts";
import { readAllFrames } from "../media/container/media_reader.ts";
import { openMedia } from "../media/container/open_media.ts";
import { MEDIA_FIXTURES, readFixture } from "../media/container/testing/media_fixtures.ts";
import { makePacketizer, payloadFormatOf } from "../media/payload/payload_formats.ts";
import { packetsOf } from "../media/payload/testing/pipe.ts";
import { ArcRtpView, Priority } from "../packet/arcrtp.ts";
import { writeRtp } from "../packet/rtp_header.ts";
import { MAX_GROWTH_BYTES, PacketTranslator } from "./packet_translator.ts";

const MAX_PAYLOAD_BYTES = 500;
const HEADER_BYTES = 12;

for (const { file, codec, keyframes } of MEDIA_FIXTURES) {
  const { kind } = codecOf(codec);
  Deno.test(`ARC-BRIDGE-from-rtp: each packet of ${file} gets the priority of its frame`, () => {
    const media = readFixture(file);
    const frames = readAllFrames(unwrap(openMedia(media, file)), media);
    const packets = packetsOf(makePacketizer(payloadFormatOf(codec)), frames, MAX_PAYLOAD_BYTES);
    const translator = new PacketTranslator({
      payloadTypes: [{ rtp: 96, arcrtp: 97, codec, kind }],
      extensions: [],
      streams: [{ rtp: 1, arcrtp: 2, from: "rtp", sequenceOffset: 7, timestampOffset: 9 }],
    });
    const keyTimestamps = new Set<number>();
    const view = new ArcRtpView();
    const out = new Uint8Array(MAX_PAYLOAD_BYTES + HEADER_BYTES + MAX_GROWTH_BYTES);
    packets.forEach(({ payload, marker, timestampTicks, priority }, i) => {
      const rtp = new Uint8Array(HEADER_BYTES + payload.length);
      const fields = { payloadType: 96, sequenceNumber: i, timestamp: timestampTicks, ssrc: 1, marker, payload };
      writeRtp(fields, rtp, 0);
      assert.ok(view.parse(out, 0, translator.toArcRtp(rtp, 0, rtp.length, out, 0)));
      // What a packetizer knows to be disposable RTP does not tell.
      assert.equal(view.priority, Math.min(priority, Priority.medium), `packet ${i}`);
      assert.deepEqual([view.sequenceNumber, view.timestamp, view.marker], [
        (i + 7) & 0xffff,
        (timestampTicks + 9) >>> 0,
        marker,
      ]);
      if (view.priority === Priority.high) keyTimestamps.add(timestampTicks);
    });
    if (kind === "video") assert.equal(keyTimestamps.size, keyframes);
  });
}
