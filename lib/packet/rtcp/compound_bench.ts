/** The RTCP that a session handles each second: `deno bench lib/packet/rtcp/`. */
import { parseRtcp, type RtcpPacket, writeRtcp } from "./compound.ts";
import { toBytes } from "./testing/packets.ts";
import { buildTransportFeedback } from "./transport_feedback.ts";

const report = {
  ssrc: 2,
  fractionLost256: 3,
  cumulativeLost: 4,
  extendedHighestSequence32: 5,
  jitterTicks: 6,
  lastSrCompact: 7,
  delaySinceLastSrCompact: 8,
};
const reports: RtcpPacket[] = [
  { kind: "rr", ssrc: 1, reports: [report, report], extension: new Uint8Array(0) },
  { kind: "nack", senderSsrc: 1, mediaSsrc: 2, items: [{ pid16: 7, blp16: 0x8001 }] },
];
const arrivals = Array.from({ length: 100 }, (_, i) => ({ sequence: i + (i >> 4), arrivalUs: i * 900 }));
const { feedback } = buildTransportFeedback({ senderSsrc: 1, mediaSsrc: 2 }, 0, 0, arrivals);

for (const [name, packets] of [["RR and NACK", reports], ["feedback on 106 packets", [feedback]]] as const) {
  const bytes = toBytes(packets);
  const out = new Uint8Array(2048);
  Deno.bench(`parse ${name}`, () => {
    if (!parseRtcp(bytes).ok) throw new Error("must parse");
  });
  Deno.bench(`write ${name}`, () => {
    writeRtcp(packets, out, 0);
  });
}
