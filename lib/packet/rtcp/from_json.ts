/** RTCP packets from plain JSON values, as to_json.ts makes them. */
import { EMPTY_BYTES } from "../../base/bytes.ts";
import { ok, type Parsed } from "../../base/parsed.ts";
import { rtcpBytes, type RtcpPacket } from "./compound.ts";
import type { FeedbackSources } from "./feedback.ts";
import { MAX_BODY_BYTES, MAX_COUNT, RTCP_HEADER_BYTES } from "./header.ts";
import { type FaultSink, JsonReader, refuse } from "./json_reader.ts";
import { type NackItem, packNackItems } from "./nack.ts";
import type { ReportBlock } from "./report_block.ts";
import { MAX_SDES_TEXT_BYTES, type SdesItem } from "./sdes.ts";
import { sdesTypeOf } from "./text.ts";
import { MAX_BYE_REASON_BYTES } from "./bye.ts";
import { DELTA_TICK_US, type ReceivedStatus } from "./transport_feedback.ts";

const MAX_WORDS = MAX_BODY_BYTES / 4;

function readReport(o: JsonReader): ReportBlock {
  return {
    ssrc: o.u32("ssrc"),
    fractionLost256: o.integer("fraction_lost", 0, 255),
    cumulativeLost: o.integer("cumulative_lost", -0x80_0000, 0x7f_ffff),
    extendedHighestSequence32: o.u32("highest_sequence_number"),
    jitterTicks: o.u32("jitter"),
    lastSrCompact: o.u32("last_sr"),
    delaySinceLastSrCompact: o.u32("delay_since_last_sr"),
  };
}

function readReports(o: JsonReader): { reports: ReportBlock[]; extension: Uint8Array } {
  return {
    reports: o.objects("reports", 0, MAX_COUNT, readReport),
    extension: o.has("extension") ? o.hex("extension", MAX_BODY_BYTES, 4) : EMPTY_BYTES,
  };
}

function readItem(o: JsonReader): SdesItem {
  const itemType = o.isText("type") ? sdesTypeOf(o.text("type")) : o.integer("type", 1, 255);
  if (itemType === null) o.refuse("bad_value", "type", "an SDES item type");
  const text = o.has("hex") ? o.hex("hex", MAX_SDES_TEXT_BYTES) : o.utf8("text", MAX_SDES_TEXT_BYTES);
  return { itemType: itemType ?? 0, text };
}

function readReason(o: JsonReader): Uint8Array | null {
  if (o.has("reason_hex")) return o.hex("reason_hex", MAX_BYE_REASON_BYTES);
  return o.has("reason") ? o.utf8("reason", MAX_BYE_REASON_BYTES) : null;
}

function readSources(o: JsonReader): FeedbackSources {
  return { senderSsrc: o.u32("sender_ssrc"), mediaSsrc: o.u32("media_ssrc") };
}

function readNackItems(o: JsonReader): NackItem[] {
  if (!o.has("items")) return packNackItems(o.integers("lost", 1, 0x8000, 0xffff));
  return o.objects("items", 1, MAX_WORDS, (item) => ({
    pid16: item.integer("pid", 0, 0xffff),
    blp16: item.integer("blp", 0, 0xffff),
  }));
}

function readReceived(o: JsonReader, base: number, count: number): ReceivedStatus[] {
  let before = -1;
  return o.objects("received", 0, count, (status) => {
    const sequence16 = status.integer("sequence_number", 0, 0xffff);
    const position = (sequence16 - base) & 0xffff;
    if (position <= before || position >= count) {
      status.refuse("bad_value", "sequence_number", "ascending numbers within the status count");
    }
    before = position;
    const deltaUs = status.integer("delta_us", -0x8000 * DELTA_TICK_US, 0x7fff * DELTA_TICK_US);
    if (deltaUs % DELTA_TICK_US !== 0) status.refuse("bad_value", "delta_us", `a multiple of ${DELTA_TICK_US}`);
    return { sequence16, deltaTicks: deltaUs / DELTA_TICK_US };
  });
}

function readUnknownBody(o: JsonReader, padding: boolean): Uint8Array {
  const body = o.hex("body", MAX_BODY_BYTES, 4);
  const paddingBytes = body.length > 0 ? body[body.length - 1] : 0;
  if (padding && (paddingBytes === 0 || paddingBytes > body.length)) {
    o.refuse("bad_value", "body", "a count of padding at its end");
  }
  return body;
}

function readPacket(o: JsonReader): RtcpPacket | undefined {
  const kind = o.text("type");
  switch (kind) {
    case "sr":
      return {
        kind,
        ssrc: o.u32("ssrc"),
        ntpSeconds: o.u32("ntp_seconds"),
        ntpFraction: o.u32("ntp_fraction"),
        rtpTimestampTicks: o.u32("rtp_timestamp"),
        packetCount: o.u32("packet_count"),
        octetCount: o.u32("octet_count"),
        ...readReports(o),
      };
    case "rr":
      return { kind, ssrc: o.u32("ssrc"), ...readReports(o) };
    case "sdes":
      return {
        kind,
        chunks: o.objects("chunks", 0, MAX_COUNT, (chunk) => ({
          ssrc: chunk.u32("ssrc"),
          items: chunk.objects("items", 0, MAX_BODY_BYTES / 2, readItem),
        })),
      };
    case "bye":
      return { kind, ssrcs: o.integers("ssrcs", 0, MAX_COUNT, 0xffff_ffff), reason: readReason(o) };
    case "nack":
      return { kind, ...readSources(o), items: readNackItems(o) };
    case "pli":
      return { kind, ...readSources(o) };
    case "transport_feedback": {
      const baseSequence16 = o.integer("base_sequence_number", 0, 0xffff);
      const statusCount = o.integer("packet_status_count", 1, 0xffff);
      return {
        kind,
        ...readSources(o),
        baseSequence16,
        statusCount,
        referenceTime24: o.integer("reference_time", 0, 0xff_ffff),
        feedbackCount8: o.integer("feedback_count", 0, 255),
        received: readReceived(o, baseSequence16, statusCount),
      };
    }
    case "unknown": {
      const padding = o.has("padding") && o.flag("padding");
      const packetType = o.integer("packet_type", 0, 255);
      return { kind, packetType, count: o.integer("count", 0, MAX_COUNT), padding, body: readUnknownBody(o, padding) };
    }
    default:
      o.refuse("unknown_type", "type", "an RTCP packet type");
      return undefined;
  }
}

/**
 * Reads packets from JSON: what comes out can be written. A `nack` has `items` or a list `lost`.
 *
 * Faults carry the path: `missing_field`, `bad_type`, `bad_value`, `unknown_type`, `too_large` (more than the packet's
 * length field holds).
 */
export function rtcpFromJson(packets: unknown, path = "$"): Parsed<RtcpPacket[]> {
  const sink: FaultSink = { fault: undefined };
  const read: RtcpPacket[] = [];
  if (!Array.isArray(packets)) refuse(sink, "bad_type", path, "a list of packets");
  else {
    for (let i = 0; i < packets.length && sink.fault === undefined; i++) {
      const packet = readPacket(new JsonReader(packets[i], { of: path, list: "", index: i }, sink));
      if (packet === undefined || sink.fault !== undefined) break;
      if (rtcpBytes([packet]) > MAX_BODY_BYTES + RTCP_HEADER_BYTES) {
        refuse(sink, "too_large", `${path}[${i}]`, `at most ${MAX_BODY_BYTES} bytes behind the header`);
      }
      read.push(packet);
    }
  }
  return sink.fault === undefined ? ok(read) : { ok: false, fault: sink.fault };
}
