/** Testees that put together wrongly what they receive, or measure its arrival wrongly. */
import { parseHex, readU16, toHex, writeU16, writeU32 } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { ARCRTP_MIN_HEADER_BYTES } from "../../lib/packet/arcrtp.ts";
import { RTP_SEQUENCE_AT, RTP_SSRC_AT } from "../../lib/packet/rtp_header.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { answered, type Mutant, opsMutant } from "./mutant.ts";
import { asking } from "./signaling_mutant.ts";

const SEQUENCE_BYTES = 2;
const OPUS = 111;

export const RECEPTION_MUTANTS: readonly Mutant[] = [
  asking(
    {
      id: "loss/repairs-from-retransmissions",
      broken: "takes what came back by RTX for what was sent, and makes repairs of it",
      breaks: ["ARC-LOSS-fec-not-rtx"],
    },
    "receive.run",
    ({ start, packets, ...rest }) => ({
      ...rest,
      start,
      packets: (packets as readonly Json[]).map(({ hex, ...packet }) => ({
        ...packet,
        hex: asSent(String(hex), start as Json),
      })),
    }),
  ),
  asking(
    {
      id: "loss/no-repairs-of-audio",
      broken: "makes nothing of the FEC of a stream of audio",
      breaks: ["ARC-LOSS-fec-audio"],
    },
    "receive.run",
    ({ start, ...rest }) => ({ ...rest, start: { ...start as Json, fec: undefined } }),
  ),
  asking(
    {
      id: "jitter/arrivals-alone",
      broken: "measures how unevenly packets come, whatever their timestamps say",
      breaks: ["ARC-JITTER-interarrival"],
    },
    "jitter.interarrival",
    ({ packets, ...rest }) => ({
      ...rest,
      packets: (packets as readonly Json[]).map((packet) => ({ ...packet, timestamp: 0 })),
    }),
  ),
  opsMutant(
    {
      id: "jitter/ticks-for-milliseconds",
      broken: "shows ticks of the RTP clock as ms",
      breaks: ["ARC-JITTER-interarrival"],
    },
    "jitter.interarrival",
    (op) => (request, context) => answered(op(request, context), ({ jitter_ticks }) => ({ jitter_ms: jitter_ticks })),
  ),
];

/** A retransmission as the packet that it stands for, of the media SSRC; any other packet as it is. */
function asSent(hex: string, { ssrc, rtx }: Json): string {
  const packet = unwrap(parseHex(hex));
  const [own] = Array.isArray(rtx) ? rtx.filter(isJson) : [];
  if (own === undefined || hex.slice(2 * RTP_SSRC_AT, 2 * RTP_SSRC_AT + 8) !== hexOf(Number(own.ssrc))) return hex;
  const header = packet.slice(0, ARCRTP_MIN_HEADER_BYTES);
  header[1] = OPUS;
  writeU16(header, RTP_SEQUENCE_AT, readU16(packet, ARCRTP_MIN_HEADER_BYTES));
  writeU32(header, RTP_SSRC_AT, Number(ssrc));
  return toHex(header) + toHex(packet.subarray(ARCRTP_MIN_HEADER_BYTES + SEQUENCE_BYTES));
}

function hexOf(value: number): string {
  return value.toString(16).padStart(8, "0");
}
