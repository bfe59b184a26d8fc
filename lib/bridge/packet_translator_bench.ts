/** What a packet costs across the bridge, beside the bare copy of its bytes: `deno bench lib/bridge`. */
import { writeArcRtp } from "../packet/arcrtp.ts";
import { writeRtp } from "../packet/rtp_header.ts";
import { MAX_GROWTH_BYTES, PacketTranslator } from "./packet_translator.ts";
import type { BridgeMap } from "./stream_table.ts";

const MAP: BridgeMap = {
  payloadTypes: [
    { rtp: 111, arcrtp: 96, codec: "opus", kind: "audio" },
    { rtp: 98, arcrtp: 45, codec: "vp9", kind: "video" },
  ],
  extensions: [{ rtp: 2, arcrtp: 1 }, { rtp: 3, arcrtp: 2 }],
  streams: [
    { rtp: 1, arcrtp: 2, from: "rtp", sequenceOffset: 100, timestampOffset: 0 },
    { rtp: 3, arcrtp: 4, from: "arcrtp", sequenceOffset: 100, timestampOffset: 0 },
  ],
};

const EXTENSION = { profile: 0xbede, data: Uint8Array.of(0x22, 1, 2, 3, 0x31, 4, 5, 0) };

for (const [what, payloadBytes, rtpType, arcType] of [["audio", 160, 111, 96], ["video", 1200, 98, 45]] as const) {
  const payload = new Uint8Array(payloadBytes).fill(0x85);
  const header = { sequenceNumber: 1, timestamp: 2, extension: EXTENSION, payload };
  const rtp = new Uint8Array(2048);
  const rtpBytes = writeRtp({ ...header, payloadType: rtpType, ssrc: 1 }, rtp, 0);
  const arc = new Uint8Array(2048);
  const block = { quality: 0, priority: 0, keyPhase: 0 };
  const arcBytes = writeArcRtp({ ...header, ...block, payloadType: arcType, ssrc: 4 }, arc, 0);
  const out = new Uint8Array(2048 + MAX_GROWTH_BYTES);
  const group = `${what}, ${payloadBytes} B`;
  const translator = new PacketTranslator(MAP);
  Deno.bench(`copy, ${group}`, { group, baseline: true }, () => out.set(rtp.subarray(0, rtpBytes)));
  Deno.bench(`RTP to ArcRTP, ${group}`, { group }, () => {
    if (translator.toArcRtp(rtp, 0, rtpBytes, out, 0) < 0) throw new Error("must pass");
  });
  Deno.bench(`ArcRTP to RTP, ${group}`, { group }, () => {
    if (translator.toRtp(arc, 0, arcBytes, out, 0) < 0) throw new Error("must pass");
  });
}
