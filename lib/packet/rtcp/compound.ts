/**
 * Compound RTCP: the packets of one unit, one behind the other (RFC 3550 §6.1), in any number and order (reduced-size,
 * RFC 5506). Each file beside this one holds one packet type.
 */
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import { unreachable } from "../../base/unreachable.ts";
import { type Bye, byeBytes, parseBye, writeBye } from "./bye.ts";
import {
  FMT_NACK,
  FMT_PLI,
  FMT_TRANSPORT_FEEDBACK,
  parseRtcpHeader,
  PT_BYE,
  PT_PSFB,
  PT_RECEIVER_REPORT,
  PT_RTPFB,
  PT_SDES,
  PT_SENDER_REPORT,
  type RtcpHeader,
} from "./header.ts";
import { FEEDBACK_FIXED_BYTES } from "./feedback.ts";
import { type Nack, nackBytes, parseNack, writeNack } from "./nack.ts";
import { parsePli, type PictureLossIndication, writePli } from "./pli.ts";
import {
  parseReceiverReport,
  type ReceiverReport,
  receiverReportBytes,
  writeReceiverReport,
} from "./receiver_report.ts";
import { parseSdes, sdesBytes, type SourceDescription, writeSdes } from "./sdes.ts";
import { parseSenderReport, type SenderReport, senderReportBytes, writeSenderReport } from "./sender_report.ts";
import {
  parseTransportFeedback,
  type TransportFeedback,
  transportFeedbackBytes,
  writeTransportFeedback,
} from "./transport_feedback.ts";
import { parseUnknown, unknownBytes, type UnknownRtcp, writeUnknown } from "./unknown.ts";

export type RtcpPacket =
  | SenderReport
  | ReceiverReport
  | SourceDescription
  | Bye
  | Nack
  | PictureLossIndication
  | TransportFeedback
  | UnknownRtcp;

export type RtcpKind = RtcpPacket["kind"];

/** What a header announces. */
export function rtcpKind(header: RtcpHeader): RtcpKind {
  switch (header.packetType) {
    case PT_SENDER_REPORT:
      return "sr";
    case PT_RECEIVER_REPORT:
      return "rr";
    case PT_SDES:
      return "sdes";
    case PT_BYE:
      return "bye";
    case PT_RTPFB:
      if (header.count === FMT_NACK) return "nack";
      return header.count === FMT_TRANSPORT_FEEDBACK ? "transport_feedback" : "unknown";
    case PT_PSFB:
      return header.count === FMT_PLI ? "pli" : "unknown";
    default:
      return "unknown";
  }
}

/**
 * Padding belongs to the last packet and fills words (RFC 3550 §6.4.1). Transport feedback is let off: WebRTC stacks pad
 * it to a word with one to three counted bytes, wherever it stands.
 */
function checkPadding(header: RtcpHeader, kind: RtcpKind, isLast: boolean): Parsed<null> {
  const paddingBytes = header.end - header.contentEnd;
  if (kind === "transport_feedback" || (paddingBytes % 4 === 0 && (isLast || paddingBytes === 0))) return ok(null);
  const expected = isLast ? "a multiple of 4 bytes of padding" : "padding in the last packet only";
  return fault("bad_padding", `Cannot parse RTCP packet: expected ${expected}, got ${paddingBytes} bytes`, {
    offset: header.end - 1,
  });
}

/** Reads the packet behind a header that {@link parseRtcpHeader} made of the same bytes. */
export function parseRtcpPacket(b: Uint8Array, header: RtcpHeader): Parsed<RtcpPacket> {
  const kind = rtcpKind(header);
  const padding = checkPadding(header, kind, header.end === b.length);
  if (!padding.ok) return padding;
  switch (kind) {
    case "sr":
      return parseSenderReport(b, header);
    case "rr":
      return parseReceiverReport(b, header);
    case "sdes":
      return parseSdes(b, header);
    case "bye":
      return parseBye(b, header);
    case "nack":
      return parseNack(b, header);
    case "pli":
      return parsePli(b, header);
    case "transport_feedback":
      return parseTransportFeedback(b, header);
    case "unknown":
      return ok(parseUnknown(b, header));
    default:
      return unreachable(kind);
  }
}

/**
 * Reads a compound of one packet or more. One fault refuses the whole. Work and memory are linear in the bytes.
 *
 * Texts, extensions and unknown bodies borrow `bytes`. Offsets of faults count from its start.
 */
export function parseRtcp(bytes: Uint8Array): Parsed<RtcpPacket[]> {
  const packets: RtcpPacket[] = [];
  let at = 0;
  do {
    const header = parseRtcpHeader(bytes, at);
    if (!header.ok) return header;
    const packet = parseRtcpPacket(bytes, header.value);
    if (!packet.ok) return packet;
    packets.push(packet.value);
    at = header.value.end;
  } while (at < bytes.length);
  return ok(packets);
}

function packetBytes(packet: RtcpPacket): number {
  switch (packet.kind) {
    case "sr":
      return senderReportBytes(packet);
    case "rr":
      return receiverReportBytes(packet);
    case "sdes":
      return sdesBytes(packet);
    case "bye":
      return byeBytes(packet);
    case "nack":
      return nackBytes(packet);
    case "pli":
      return FEEDBACK_FIXED_BYTES;
    case "transport_feedback":
      return transportFeedbackBytes(packet);
    case "unknown":
      return unknownBytes(packet);
    default:
      return unreachable(packet);
  }
}

function writePacket(packet: RtcpPacket, out: Uint8Array, at: number): number {
  switch (packet.kind) {
    case "sr":
      return writeSenderReport(packet, out, at);
    case "rr":
      return writeReceiverReport(packet, out, at);
    case "sdes":
      return writeSdes(packet, out, at);
    case "bye":
      return writeBye(packet, out, at);
    case "nack":
      return writeNack(packet, out, at);
    case "pli":
      return writePli(packet, out, at);
    case "transport_feedback":
      return writeTransportFeedback(packet, out, at);
    case "unknown":
      return writeUnknown(packet, out, at);
    default:
      return unreachable(packet);
  }
}

/** Bytes that {@link writeRtcp} will write. */
export function rtcpBytes(packets: readonly RtcpPacket[]): number {
  return packets.reduce((bytes, packet) => bytes + packetBytes(packet), 0);
}

/**
 * Writes the packets one behind the other from `at` and answers the bytes written. Nothing is padded, so that what was
 * parsed without padding and in its shortest form comes out byte for byte.
 *
 * @throws RangeError where `out` is too small or a packet holds more than its fields can say.
 */
export function writeRtcp(packets: readonly RtcpPacket[], out: Uint8Array, at: number): number {
  const bytes = rtcpBytes(packets);
  if (out.length - at < bytes) throw new RangeError(`RTCP compound: need ${bytes} bytes, got ${out.length - at}`);
  let next = at;
  for (const packet of packets) next += writePacket(packet, out, next);
  return bytes;
}
