/**
 * Sender report, SR (RFC 3550 §6.4.1).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P|   RC    |    PT = 200   |             length            |
 * +---+-+---------+---------------+-------------------------------+
 * |                         SSRC of sender                        |
 * +---------------------------------------------------------------+
 * |                     NTP timestamp, seconds                    |
 * +---------------------------------------------------------------+
 * |                     NTP timestamp, fraction                   |
 * +---------------------------------------------------------------+
 * |                         RTP timestamp                         |
 * +---------------------------------------------------------------+
 * |                     sender's packet count                     |
 * +---------------------------------------------------------------+
 * |                      sender's octet count                     |
 * +---------------------------------------------------------------+
 * |                 RC report blocks of 24 bytes                  |
 * +---------------------------------------------------------------+
 * |                  profile-specific extensions                  |
 * +---------------------------------------------------------------+
 * ```
 */
import { readU32, writeU32 } from "../../base/bytes.ts";
import { ok, type Parsed } from "../../base/parsed.ts";
import { checkCount, PT_SENDER_REPORT, type RtcpHeader, writeRtcpHeader, wrongLength } from "./header.ts";
import { readReportBlocks, REPORT_BLOCK_BYTES, type ReportBlock, writeReportBlocks } from "./report_block.ts";

/** Header and sender info, before the report blocks. */
export const SENDER_REPORT_FIXED_BYTES = 28;

export interface SenderReport {
  readonly kind: "sr";
  readonly ssrc: number;
  /** Wall-clock time of the report, seconds since 1900 (see `unixMsToNtp` in base/time.ts). */
  readonly ntpSeconds: number;
  /** In 1/2^32 s. */
  readonly ntpFraction: number;
  /** The same instant on the stream's RTP clock. */
  readonly rtpTimestampTicks: number;
  /** RTP packets sent since the start, modulo 2^32. */
  readonly packetCount: number;
  /** Payload octets sent since the start, headers and padding excluded, modulo 2^32. */
  readonly octetCount: number;
  readonly reports: readonly ReportBlock[];
  /** Bytes behind the last report, a multiple of four; as a view of the packet where it was parsed. */
  readonly extension: Uint8Array;
}

/** Fault: `bad_length` where the report blocks do not fit. The extension borrows `b`. */
export function parseSenderReport(b: Uint8Array, header: RtcpHeader): Parsed<SenderReport> {
  const at = header.offsetBytes;
  const reportsEnd = at + SENDER_REPORT_FIXED_BYTES + header.count * REPORT_BLOCK_BYTES;
  if (header.contentEnd < reportsEnd) return wrongLength("RTCP SR", `at least ${reportsEnd - at} bytes`, header);
  return ok({
    kind: "sr",
    ssrc: readU32(b, at + 4),
    ntpSeconds: readU32(b, at + 8),
    ntpFraction: readU32(b, at + 12),
    rtpTimestampTicks: readU32(b, at + 16),
    packetCount: readU32(b, at + 20),
    octetCount: readU32(b, at + 24),
    reports: readReportBlocks(b, at + SENDER_REPORT_FIXED_BYTES, header.count),
    extension: b.subarray(reportsEnd, header.contentEnd),
  });
}

export function senderReportBytes(packet: SenderReport): number {
  checkCount("RTCP SR report blocks", packet.reports.length);
  return SENDER_REPORT_FIXED_BYTES + packet.reports.length * REPORT_BLOCK_BYTES + packet.extension.length;
}

/** Fills `out` from `at` and answers the bytes written. */
export function writeSenderReport(packet: SenderReport, out: Uint8Array, at: number): number {
  const bytes = senderReportBytes(packet);
  writeRtcpHeader(out, at, PT_SENDER_REPORT, packet.reports.length, bytes);
  writeU32(out, at + 4, packet.ssrc);
  writeU32(out, at + 8, packet.ntpSeconds);
  writeU32(out, at + 12, packet.ntpFraction);
  writeU32(out, at + 16, packet.rtpTimestampTicks);
  writeU32(out, at + 20, packet.packetCount);
  writeU32(out, at + 24, packet.octetCount);
  out.set(packet.extension, writeReportBlocks(packet.reports, out, at + SENDER_REPORT_FIXED_BYTES));
  return bytes;
}
