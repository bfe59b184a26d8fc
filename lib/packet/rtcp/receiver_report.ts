/**
 * Receiver report, RR (RFC 3550 §6.4.2).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P|   RC    |    PT = 201   |             length            |
 * +---+-+---------+---------------+-------------------------------+
 * |                     SSRC of packet sender                     |
 * +---------------------------------------------------------------+
 * |                 RC report blocks of 24 bytes                  |
 * +---------------------------------------------------------------+
 * |                  profile-specific extensions                  |
 * +---------------------------------------------------------------+
 * ```
 */
import { readU32, writeU32 } from "../../base/bytes.ts";
import { ok, type Parsed } from "../../base/parsed.ts";
import { checkCount, PT_RECEIVER_REPORT, type RtcpHeader, writeRtcpHeader, wrongLength } from "./header.ts";
import { readReportBlocks, REPORT_BLOCK_BYTES, type ReportBlock, writeReportBlocks } from "./report_block.ts";

/** Header and sender SSRC, before the report blocks. */
export const RECEIVER_REPORT_FIXED_BYTES = 8;

export interface ReceiverReport {
  readonly kind: "rr";
  /** Who reports. */
  readonly ssrc: number;
  readonly reports: readonly ReportBlock[];
  /** Bytes behind the last report, a multiple of four; as a view of the packet where it was parsed. */
  readonly extension: Uint8Array;
}

/** Fault: `bad_length` where the report blocks do not fit. The extension borrows `b`. */
export function parseReceiverReport(b: Uint8Array, header: RtcpHeader): Parsed<ReceiverReport> {
  const at = header.offsetBytes;
  const reportsEnd = at + RECEIVER_REPORT_FIXED_BYTES + header.count * REPORT_BLOCK_BYTES;
  if (header.contentEnd < reportsEnd) return wrongLength("RTCP RR", `at least ${reportsEnd - at} bytes`, header);
  return ok({
    kind: "rr",
    ssrc: readU32(b, at + 4),
    reports: readReportBlocks(b, at + RECEIVER_REPORT_FIXED_BYTES, header.count),
    extension: b.subarray(reportsEnd, header.contentEnd),
  });
}

export function receiverReportBytes(packet: ReceiverReport): number {
  checkCount("RTCP RR report blocks", packet.reports.length);
  return RECEIVER_REPORT_FIXED_BYTES + packet.reports.length * REPORT_BLOCK_BYTES + packet.extension.length;
}

/** Fills `out` from `at` and answers the bytes written. */
export function writeReceiverReport(packet: ReceiverReport, out: Uint8Array, at: number): number {
  const bytes = receiverReportBytes(packet);
  writeRtcpHeader(out, at, PT_RECEIVER_REPORT, packet.reports.length, bytes);
  writeU32(out, at + 4, packet.ssrc);
  out.set(packet.extension, writeReportBlocks(packet.reports, out, at + RECEIVER_REPORT_FIXED_BYTES));
  return bytes;
}
