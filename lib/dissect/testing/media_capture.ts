/** A capture of one protected stream with its keys inside, made from frames: for tests of what is done with media. */
import { concatBytes, toHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { streamKeys } from "../../crypto/key_schedule.ts";
import { PacketBudget, SrtpStreamKeys } from "../../crypto/srtp_keys.ts";
import { SrtpSender } from "../../crypto/srtp_protect.ts";
import { BACKENDS } from "../../crypto/testing/backends.ts";
import type { MediaFrame } from "../../media/frame.ts";
import { makePacketizer, payloadFormatOf } from "../../media/payload/payload_formats.ts";
import { type Packet, packetsOf } from "../../media/payload/testing/pipe.ts";
import { arcRtpHeaderBytes, ArcRtpView, writeArcRtp } from "../../packet/arcrtp.ts";
import { EXAMPLE_CALLER, EXAMPLE_SESSION, EXAMPLE_STREAM } from "../../signaling/examples.ts";
import { writePcapngHeader, writePcapngPacket, writePcapngSecrets } from "../pcapng_writer.ts";
import { writeUdpPacket } from "../udp_packet_writer.ts";
import { masterOf } from "./protected_scene.ts";

const SUITE = "aes-128-gcm";
const SSRC = 0x5150;
const MAX_PAYLOAD_BYTES = 900;
const START_MS = 1_767_225_600_000;

/** A medium as signaling has it. */
export interface MadeMedium {
  readonly kind: "audio" | "video";
  /** Fields of its block in STREAM_START. */
  readonly block: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly payloadType: number;
  readonly clockRateHz: number;
  readonly channels: number;
  readonly frames: readonly MediaFrame[];
}

export interface MadeCapture {
  readonly bytes: Uint8Array;
  /** Before any was dropped. */
  readonly packets: readonly Packet[];
}

/** `keeps` says which packets got into the capture; `hasKeys` false leaves the master key out. */
export function mediaCapture(
  medium: MadeMedium,
  keeps: (packet: number) => boolean = () => true,
  hasKeys = true,
): MadeCapture {
  const { kind, block, payloadType, clockRateHz, channels, frames } = medium;
  const packetizer = makePacketizer(payloadFormatOf(block.name), { clockRateHz, channels, kind });
  const packets = packetsOf(packetizer, frames, MAX_PAYLOAD_BYTES);
  const start = { stream_id: EXAMPLE_STREAM, stream_type: kind, codec: { [kind]: block }, ssrc: SSRC };
  const lines = [
    ...hasKeys ? [`ARCRTC_MASTER ${EXAMPLE_SESSION} 0 ${toHex(masterOf(0))}`] : [],
    `ARCRTC_SUITE ${EXAMPLE_SESSION} ${SUITE} hmac-sha256-80`,
    `ARCRTC_STREAM ${EXAMPLE_SESSION} ${EXAMPLE_CALLER} ${JSON.stringify(start)}`,
  ];
  const keys = new SrtpStreamKeys(
    BACKENDS[0],
    SUITE,
    "hmac-sha256-80",
    streamKeys(masterOf(0), EXAMPLE_STREAM, SUITE),
    new PacketBudget(),
  );
  const sender = new SrtpSender(SSRC);
  const units = packets.map(({ payload, marker, timestampTicks }, i) => {
    const fields = {
      ...{ payloadType, marker, ssrc: SSRC, payload, quality: 0, priority: kind === "audio" ? 0 : 2, keyPhase: 0 },
      sequenceNumber: 100 + i,
      timestamp: timestampTicks % 0x1_0000_0000,
    };
    const headerBytes = arcRtpHeaderBytes(fields);
    const wire = new Uint8Array(headerBytes + payload.length + keys.overheadBytes);
    writeArcRtp(fields, wire, 0);
    const view = new ArcRtpView();
    view.parse(wire, 0, headerBytes + payload.length);
    const outcome = sender.protect(keys, view);
    if (outcome !== "ok") throw new Error(outcome);
    return { wire, unixMs: START_MS + (1000 * timestampTicks) / clockRateHz };
  });
  const [from, to] = ["10.0.0.1", "10.0.0.2"].map((host) => ({ host, port: 5000 }));
  const bytes = concatBytes(
    writePcapngHeader("test", "made"),
    writePcapngSecrets(lines.map((line) => `${line}\n`).join("")),
    ...units.filter((_, i) => keeps(i)).map(({ wire, unixMs }) =>
      writePcapngPacket({ bytes: unwrap(writeUdpPacket(from, to, wire)), direction: "out", unixMs })
    ),
  );
  return { bytes, packets };
}
