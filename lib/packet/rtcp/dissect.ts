/** RTCP as a field tree: a group for each packet of the compound, its leaves covering every bit of it. */
import { EMPTY_BYTES, hex32, readU16, readU24, readU32 } from "../../base/bytes.ts";
import type { Fault } from "../../base/parsed.ts";
import { compactToMs, ntpToUnixMs } from "../../base/time.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { FieldNode, FieldValue } from "../field_node.ts";
import type { Bye } from "./bye.ts";
import { parseRtcpPacket, type RtcpKind, type RtcpPacket } from "./compound.ts";
import { parseRtcpHeader, type RtcpHeader } from "./header.ts";
import { type Nack, unpackNackItems } from "./nack.ts";
import type { ReportBlock } from "./report_block.ts";
import type { SdesChunk } from "./sdes.ts";
import { sdesTypeName, textOf } from "./text.ts";
import { DELTA_TICK_US, REFERENCE_TICK_US, type TransportFeedback } from "./transport_feedback.ts";
import { describeChunk, walkChunks } from "./transport_feedback_chunks.ts";

const PACKET_LABELS: Readonly<Record<RtcpKind, string>> = {
  sr: "Sender report",
  rr: "Receiver report",
  sdes: "Source description",
  bye: "Goodbye",
  nack: "Generic NACK",
  pli: "Picture loss indication",
  transport_feedback: "Transport-wide feedback",
  unknown: "RTCP packet of unknown type",
};

/** Appends fields one behind the other. */
class FieldCursor {
  readonly nodes: FieldNode[] = [];
  readonly #bytes: Uint8Array;
  atBytes: number;

  constructor(bytes: Uint8Array, atBytes: number) {
    this.#bytes = bytes;
    this.atBytes = atBytes;
  }

  /** A field of whole bytes with the value as given. */
  put(name: string, label: string, bytes: number, value: FieldValue, text?: string): void {
    const place = { name, label, bitOffset: this.atBytes * 8, bitLength: bytes * 8, value };
    this.nodes.push(text === undefined ? place : { ...place, text });
    this.atBytes += bytes;
  }

  u8(name: string, label: string, text?: string): void {
    this.put(name, label, 1, this.#bytes[this.atBytes], text);
  }

  u16(name: string, label: string, text?: string): void {
    this.put(name, label, 2, readU16(this.#bytes, this.atBytes), text);
  }

  u24(name: string, label: string, text?: string): void {
    this.put(name, label, 3, readU24(this.#bytes, this.atBytes), text);
  }

  u32(name: string, label: string, text?: string): void {
    this.put(name, label, 4, readU32(this.#bytes, this.atBytes), text);
  }

  /** Raw bytes up to `end`; nothing where there are none. */
  bytesUntil(name: string, label: string, end: number, text?: string): void {
    const value = this.#bytes.subarray(this.atBytes, end);
    if (value.length > 0) this.put(name, label, value.length, value, text);
  }

  /** A group of what `fill` appends. */
  group(name: string, label: string, fill: () => void): void {
    const start = this.atBytes;
    const before = this.nodes.length;
    fill();
    const children = this.nodes.splice(before);
    this.nodes.push({ name, label, bitOffset: start * 8, bitLength: (this.atBytes - start) * 8, children });
  }
}

function headerFields(cursor: FieldCursor, b: Uint8Array, header: RtcpHeader): void {
  const bit = header.offsetBytes * 8;
  cursor.nodes.push(
    { name: "rtcp.version", label: "Version", bitOffset: bit, bitLength: 2, value: b[header.offsetBytes] >>> 6 },
    { name: "rtcp.p", label: "Padding", bitOffset: bit + 2, bitLength: 1, value: header.end !== header.contentEnd },
    { name: "rtcp.count", label: "Count or format", bitOffset: bit + 3, bitLength: 5, value: header.count },
  );
  cursor.atBytes++;
  cursor.u8("rtcp.pt", "Packet type");
  cursor.u16("rtcp.length", "Length", `${header.end - header.offsetBytes} bytes`);
}

function reportFields(cursor: FieldCursor, reports: readonly ReportBlock[]): void {
  for (const report of reports) {
    cursor.group("rtcp.report", `Report on 0x${hex32(report.ssrc)}`, () => {
      cursor.u32("rtcp.report.ssrc", "SSRC of the source", `0x${hex32(report.ssrc)}`);
      cursor.u8("rtcp.report.fraction_lost", "Fraction lost", `${((report.fractionLost256 / 256) * 100).toFixed(1)} %`);
      cursor.put("rtcp.report.cumulative_lost", "Cumulative packets lost", 3, report.cumulativeLost);
      const cycles = report.extendedHighestSequence32 >>> 16;
      const sequence16 = report.extendedHighestSequence32 & 0xffff;
      cursor.u32("rtcp.report.highest_seq", "Extended highest sequence", `${sequence16} after ${cycles} cycles`);
      cursor.u32("rtcp.report.jitter", "Interarrival jitter");
      cursor.u32("rtcp.report.lsr", "Last SR");
      const delayMs = compactToMs(report.delaySinceLastSrCompact);
      cursor.u32("rtcp.report.dlsr", "Delay since last SR", `${delayMs.toFixed(3)} ms`);
    });
  }
}

function chunkFields(cursor: FieldCursor, chunk: SdesChunk, packetStart: number): void {
  cursor.group("rtcp.sdes.chunk", `Chunk of 0x${hex32(chunk.ssrc)}`, () => {
    cursor.u32("rtcp.sdes.ssrc", "SSRC", `0x${hex32(chunk.ssrc)}`);
    for (const item of chunk.items) {
      cursor.u8("rtcp.sdes.type", "Item type", sdesTypeName(item.itemType) ?? undefined);
      cursor.u8("rtcp.sdes.length", "Item length");
      cursor.bytesUntil("rtcp.sdes.text", "Text", cursor.atBytes + item.text.length, textOf(item.text) ?? undefined);
    }
    const end = cursor.atBytes + 4 - ((cursor.atBytes - packetStart) & 3);
    cursor.bytesUntil("rtcp.sdes.end", "End of the items", end);
  });
}

function byeFields(cursor: FieldCursor, packet: Bye, contentEnd: number): void {
  for (const ssrc of packet.ssrcs) cursor.u32("rtcp.bye.ssrc", "SSRC", `0x${hex32(ssrc)}`);
  if (packet.reason === null) return;
  cursor.u8("rtcp.bye.length", "Reason length");
  const reasonEnd = cursor.atBytes + packet.reason.length;
  cursor.bytesUntil("rtcp.bye.reason", "Reason", reasonEnd, textOf(packet.reason) ?? undefined);
  cursor.bytesUntil("rtcp.bye.fill", "Zero bytes", contentEnd);
}

function feedbackSourceFields(cursor: FieldCursor, packet: { senderSsrc: number; mediaSsrc: number }): void {
  cursor.u32("rtcp.sender_ssrc", "SSRC of the sender", `0x${hex32(packet.senderSsrc)}`);
  cursor.u32("rtcp.media_ssrc", "SSRC of the media source", `0x${hex32(packet.mediaSsrc)}`);
}

function nackFields(cursor: FieldCursor, packet: Nack): void {
  for (const item of packet.items) {
    cursor.u16("rtcp.nack.pid", "Packet id");
    cursor.u16("rtcp.nack.blp", "Bitmask of following lost packets", `lost: ${unpackNackItems([item]).join(" ")}`);
  }
}

function transportFeedbackFields(
  cursor: FieldCursor,
  b: Uint8Array,
  packet: TransportFeedback,
  contentEnd: number,
): void {
  cursor.u16("rtcp.twcc.base_seq", "Base sequence number");
  cursor.u16("rtcp.twcc.count", "Packet status count");
  cursor.u24("rtcp.twcc.reference", "Reference time", `${(packet.referenceTime24 * REFERENCE_TICK_US) / 1000} ms`);
  cursor.u8("rtcp.twcc.feedback_count", "Feedback packet count");
  const symbols: number[] = [];
  const chunksEnd = walkChunks(b, cursor.atBytes, contentEnd, packet.statusCount, (_, symbol) => {
    symbols.push(symbol);
    return true;
  });
  while (cursor.atBytes < chunksEnd) {
    cursor.u16("rtcp.twcc.chunk", "Packet status chunk", describeChunk(readU16(b, cursor.atBytes)));
  }
  packet.received.forEach(({ sequence16, deltaTicks }, i) => {
    const text = `packet ${sequence16}: ${(deltaTicks * DELTA_TICK_US) / 1000} ms`;
    cursor.put("rtcp.twcc.delta", "Receive delta", symbols[i], deltaTicks, text);
  });
  cursor.bytesUntil("rtcp.twcc.fill", "Zero bytes", contentEnd);
}

function bodyFields(cursor: FieldCursor, b: Uint8Array, header: RtcpHeader, packet: RtcpPacket): void {
  switch (packet.kind) {
    case "sr":
      cursor.u32("rtcp.ssrc", "SSRC of the sender", `0x${hex32(packet.ssrc)}`);
      cursor.u32(
        "rtcp.sr.ntp_seconds",
        "NTP timestamp, seconds",
        `${ntpToUnixMs(packet.ntpSeconds, packet.ntpFraction).toFixed(3)} ms since 1970`,
      );
      cursor.u32("rtcp.sr.ntp_fraction", "NTP timestamp, fraction");
      cursor.u32("rtcp.sr.timestamp", "RTP timestamp");
      cursor.u32("rtcp.sr.packets", "Sender's packet count");
      cursor.u32("rtcp.sr.octets", "Sender's octet count");
      reportFields(cursor, packet.reports);
      return cursor.bytesUntil("rtcp.extension", "Profile-specific extension", header.contentEnd);
    case "rr":
      cursor.u32("rtcp.ssrc", "SSRC of the sender", `0x${hex32(packet.ssrc)}`);
      reportFields(cursor, packet.reports);
      return cursor.bytesUntil("rtcp.extension", "Profile-specific extension", header.contentEnd);
    case "sdes":
      for (const chunk of packet.chunks) chunkFields(cursor, chunk, header.offsetBytes);
      return;
    case "bye":
      return byeFields(cursor, packet, header.contentEnd);
    case "nack":
      feedbackSourceFields(cursor, packet);
      return nackFields(cursor, packet);
    case "pli":
      return feedbackSourceFields(cursor, packet);
    case "transport_feedback":
      feedbackSourceFields(cursor, packet);
      return transportFeedbackFields(cursor, b, packet, header.contentEnd);
    case "unknown":
      return cursor.bytesUntil("rtcp.body", "Body", header.contentEnd);
    default:
      return unreachable(packet);
  }
}

function malformed(cursor: FieldCursor, b: Uint8Array, fault: Fault): FieldNode[] {
  const value = cursor.atBytes < b.length ? b.subarray(cursor.atBytes) : EMPTY_BYTES;
  cursor.put("rtcp.malformed", "Malformed", value.length, value, fault.message);
  return cursor.nodes;
}

/**
 * Takes a compound apart, as far as it can be read: a malformed packet and all behind it become one `rtcp.malformed` leaf
 * whose text says why. Byte values borrow `bytes`. Work is linear in the bytes.
 */
export function dissectRtcp(bytes: Uint8Array): FieldNode[] {
  const cursor = new FieldCursor(bytes, 0);
  do {
    const header = parseRtcpHeader(bytes, cursor.atBytes);
    if (!header.ok) return malformed(cursor, bytes, header.fault);
    const packet = parseRtcpPacket(bytes, header.value);
    if (!packet.ok) return malformed(cursor, bytes, packet.fault);
    cursor.group(`rtcp.${packet.value.kind}`, PACKET_LABELS[packet.value.kind], () => {
      headerFields(cursor, bytes, header.value);
      bodyFields(cursor, bytes, header.value, packet.value);
      cursor.bytesUntil("rtcp.padding", "Padding", header.value.end);
    });
  } while (cursor.atBytes < bytes.length);
  return cursor.nodes;
}
