/**
 * RTCP packets to plain JSON values, for the testee interface, captures and reports: `{type, ...}`, snake_case, bytes in
 * lower-case hex, texts as texts where they are UTF-8. The way back is in from_json.ts.
 */
import { toHex } from "../../base/bytes.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { RtcpPacket } from "./compound.ts";
import { unpackNackItems } from "./nack.ts";
import type { ReportBlock } from "./report_block.ts";
import type { SdesItem } from "./sdes.ts";
import { sdesTypeName, textOf } from "./text.ts";
import { DELTA_TICK_US } from "./transport_feedback.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

function reportToJson(report: ReportBlock): JsonObject {
  return {
    ssrc: report.ssrc,
    fraction_lost: report.fractionLost256,
    cumulative_lost: report.cumulativeLost,
    highest_sequence_number: report.extendedHighestSequence32,
    jitter: report.jitterTicks,
    last_sr: report.lastSrCompact,
    delay_since_last_sr: report.delaySinceLastSrCompact,
  };
}

function itemToJson(item: SdesItem): JsonObject {
  const type = sdesTypeName(item.itemType) ?? item.itemType;
  const text = textOf(item.text);
  return text === null ? { type, hex: toHex(item.text) } : { type, text };
}

/** The packet as a JSON value of its own, which `rtcpFromJson` turns back into an equal packet. */
export function rtcpToJson(packet: RtcpPacket): JsonObject {
  const type = packet.kind;
  switch (packet.kind) {
    case "sr":
      return {
        type,
        ssrc: packet.ssrc,
        ntp_seconds: packet.ntpSeconds,
        ntp_fraction: packet.ntpFraction,
        rtp_timestamp: packet.rtpTimestampTicks,
        packet_count: packet.packetCount,
        octet_count: packet.octetCount,
        reports: packet.reports.map(reportToJson),
        ...(packet.extension.length > 0 ? { extension: toHex(packet.extension) } : {}),
      };
    case "rr":
      return {
        type,
        ssrc: packet.ssrc,
        reports: packet.reports.map(reportToJson),
        ...(packet.extension.length > 0 ? { extension: toHex(packet.extension) } : {}),
      };
    case "sdes":
      return { type, chunks: packet.chunks.map(({ ssrc, items }) => ({ ssrc, items: items.map(itemToJson) })) };
    case "bye": {
      if (packet.reason === null) return { type, ssrcs: packet.ssrcs };
      const reason = textOf(packet.reason);
      return { type, ssrcs: packet.ssrcs, ...(reason === null ? { reason_hex: toHex(packet.reason) } : { reason }) };
    }
    case "nack":
      return {
        type,
        sender_ssrc: packet.senderSsrc,
        media_ssrc: packet.mediaSsrc,
        items: packet.items.map(({ pid16, blp16 }) => ({ pid: pid16, blp: blp16 })),
        lost: unpackNackItems(packet.items),
      };
    case "pli":
      return { type, sender_ssrc: packet.senderSsrc, media_ssrc: packet.mediaSsrc };
    case "transport_feedback":
      return {
        type,
        sender_ssrc: packet.senderSsrc,
        media_ssrc: packet.mediaSsrc,
        base_sequence_number: packet.baseSequence16,
        packet_status_count: packet.statusCount,
        reference_time: packet.referenceTime24,
        feedback_count: packet.feedbackCount8,
        received: packet.received.map(({ sequence16, deltaTicks }) => ({
          sequence_number: sequence16,
          delta_us: deltaTicks * DELTA_TICK_US,
        })),
      };
    case "unknown":
      return {
        type,
        packet_type: packet.packetType,
        count: packet.count,
        padding: packet.padding,
        body: toHex(packet.body),
      };
    default:
      return unreachable(packet);
  }
}
