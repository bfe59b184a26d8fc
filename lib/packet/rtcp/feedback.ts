/**
 * What all feedback messages share (RFC 4585 §6.1).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P|   FMT   | PT = 205, 206 |             length            |
 * +---+-+---------+---------------+-------------------------------+
 * |                     SSRC of packet sender                     |
 * +---------------------------------------------------------------+
 * |                     SSRC of media source                      |
 * +---------------------------------------------------------------+
 * |             feedback control information (FCI) ...            |
 * +---------------------------------------------------------------+
 * ```
 */
import { writeU32 } from "../../base/bytes.ts";
import { writeRtcpHeader } from "./header.ts";

/** Header and the two SSRCs, before the FCI. */
export const FEEDBACK_FIXED_BYTES = 12;

export interface FeedbackSources {
  /** Who sends the feedback. */
  readonly senderSsrc: number;
  /** Whom it is about. */
  readonly mediaSsrc: number;
}

/** Writes the header and the two SSRCs of a message of `bytes` bytes in all. */
export function writeFeedbackStart(
  out: Uint8Array,
  at: number,
  packetType: number,
  fmt: number,
  bytes: number,
  sources: FeedbackSources,
): void {
  writeRtcpHeader(out, at, packetType, fmt, bytes);
  writeU32(out, at + 4, sources.senderSsrc);
  writeU32(out, at + 8, sources.mediaSsrc);
}
