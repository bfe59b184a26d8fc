/**
 * The reception report block that sender and receiver reports share (RFC 3550 §6.4.1).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |                   SSRC of the reported source                 |
 * +---------------+-----------------------------------------------+
 * | fraction lost |    cumulative number of packets lost, s24     |
 * +---------------+-----------------------------------------------+
 * |           extended highest sequence number received           |
 * +---------------------------------------------------------------+
 * |              interarrival jitter, timestamp ticks             |
 * +---------------------------------------------------------------+
 * |         last SR (LSR), middle 32 bits of its NTP time         |
 * +---------------------------------------------------------------+
 * |            delay since last SR (DLSR), 1/65536 s              |
 * +---------------------------------------------------------------+
 * ```
 */
import { readU24, readU32, writeU24, writeU32 } from "../../base/bytes.ts";

export const REPORT_BLOCK_BYTES = 24;

/** What a receiver tells of one source. */
export interface ReportBlock {
  readonly ssrc: number;
  /** Share lost since the last report, in 1/256: 0..255. */
  readonly fractionLost256: number;
  /** Packets lost since the beginning; negative where duplicates outnumber losses. -2^23..2^23-1. */
  readonly cumulativeLost: number;
  /** Sequence number in the low 16 bits, count of its cycles in the high 16. */
  readonly extendedHighestSequence32: number;
  /** In ticks of the source's RTP clock. */
  readonly jitterTicks: number;
  /** LSR: see `compactNtp` in base/time.ts; 0 where no SR has come. */
  readonly lastSrCompact: number;
  /** DLSR: see `msToCompact` in base/time.ts; 0 where no SR has come. */
  readonly delaySinceLastSrCompact: number;
}

/** Cumulative loss as it fits the field: clamped to its signed 24 bits (RFC 3550 §A.3). */
export function clampCumulativeLost(lost: number): number {
  return Math.max(-0x80_0000, Math.min(0x7f_ffff, lost));
}

/** Reads `count` blocks; the caller has checked that they lie inside the packet. */
export function readReportBlocks(b: Uint8Array, at: number, count: number): ReportBlock[] {
  const reports: ReportBlock[] = [];
  for (let i = 0; i < count; i++, at += REPORT_BLOCK_BYTES) {
    reports.push({
      ssrc: readU32(b, at),
      fractionLost256: b[at + 4],
      cumulativeLost: (readU24(b, at + 5) << 8) >> 8,
      extendedHighestSequence32: readU32(b, at + 8),
      jitterTicks: readU32(b, at + 12),
      lastSrCompact: readU32(b, at + 16),
      delaySinceLastSrCompact: readU32(b, at + 20),
    });
  }
  return reports;
}

/** Writes the blocks one after the other and answers the offset behind them. */
export function writeReportBlocks(reports: readonly ReportBlock[], out: Uint8Array, at: number): number {
  for (const report of reports) {
    writeU32(out, at, report.ssrc);
    out[at + 4] = report.fractionLost256;
    writeU24(out, at + 5, report.cumulativeLost);
    writeU32(out, at + 8, report.extendedHighestSequence32);
    writeU32(out, at + 12, report.jitterTicks);
    writeU32(out, at + 16, report.lastSrCompact);
    writeU32(out, at + 20, report.delaySinceLastSrCompact);
    at += REPORT_BLOCK_BYTES;
  }
  return at;
}
