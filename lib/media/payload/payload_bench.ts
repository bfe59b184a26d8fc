/** Cost of cutting and putting together, per payload, at 160 and 1200 bytes. */
import { SeededRng } from "../../base/rng.ts";
import { audioFrame, DELTA_FRAME, videoFrame } from "../frame.ts";
import type { PayloadFormat, PayloadSink } from "./payload_format.ts";
import { makeDepacketizer, makePacketizer } from "./payload_formats.ts";
import { nalUnit, obu, randomBytes } from "./testing/frames.ts";
import { concatBytes } from "../../base/bytes.ts";

const PAYLOADS = 20;

function frameOf(format: PayloadFormat, payloadBytes: number) {
  const rng = new SeededRng(1);
  const size = PAYLOADS * (payloadBytes - 4);
  switch (format) {
    case "h264":
      return videoFrame(concatBytes(Uint8Array.of(0, 0, 0, 1), nalUnit(rng, [0x41], size)), 0, 0, DELTA_FRAME);
    case "av1":
      return videoFrame(concatBytes(Uint8Array.of(0x12, 0), obu(6, randomBytes(rng, size))), 0, 0, DELTA_FRAME);
    case "vp9":
      return videoFrame(randomBytes(rng, size), 0, 0, DELTA_FRAME);
    default:
      return audioFrame(randomBytes(rng, payloadBytes), 0, 960);
  }
}

for (const payloadBytes of [160, 1200]) {
  for (const format of ["opus", "vp9", "h264", "av1"] as const) {
    const frame = frameOf(format, payloadBytes);
    const packetizer = makePacketizer(format);
    const depacketizer = makeDepacketizer(format);
    let index = 0;
    const sink: PayloadSink = {
      buffer: new Uint8Array(2048),
      offsetBytes: 16,
      commit(lengthBytes, marker, timestampTicks) {
        depacketizer.push(this.buffer.subarray(16, 16 + lengthBytes), marker, timestampTicks, index++);
        depacketizer.poll();
      },
    };
    const payloads = format === "opus" ? 1 : PAYLOADS;
    Deno.bench(
      `${format} ${payloadBytes} B, there and back, ${payloads} payloads`,
      { group: `${payloadBytes}` },
      () => {
        packetizer.packetize(frame, payloadBytes, sink);
      },
    );
  }
}
