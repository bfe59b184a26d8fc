/**
 * Picture loss indication, PLI (RFC 4585 §6.3.1): asks the media source for a key frame.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P| FMT = 1 |    PT = 206   |           length = 2          |
 * +---+-+---------+---------------+-------------------------------+
 * |                     SSRC of packet sender                     |
 * +---------------------------------------------------------------+
 * |                     SSRC of media source                      |
 * +---------------------------------------------------------------+
 * ```
 */
import { readU32 } from "../../base/bytes.ts";
import { ok, type Parsed } from "../../base/parsed.ts";
import { FEEDBACK_FIXED_BYTES, type FeedbackSources, writeFeedbackStart } from "./feedback.ts";
import { FMT_PLI, PT_PSFB, type RtcpHeader, wrongLength } from "./header.ts";

export interface PictureLossIndication extends FeedbackSources {
  readonly kind: "pli";
}

/** Fault: `bad_length` where there is anything but the two SSRCs. */
export function parsePli(b: Uint8Array, header: RtcpHeader): Parsed<PictureLossIndication> {
  const at = header.offsetBytes;
  if (header.contentEnd - at !== FEEDBACK_FIXED_BYTES) {
    return wrongLength("RTCP PLI", `${FEEDBACK_FIXED_BYTES} bytes`, header);
  }
  return ok({ kind: "pli", senderSsrc: readU32(b, at + 4), mediaSsrc: readU32(b, at + 8) });
}

/** Fills `out` from `at` and answers the bytes written. */
export function writePli(packet: PictureLossIndication, out: Uint8Array, at: number): number {
  writeFeedbackStart(out, at, PT_PSFB, FMT_PLI, FEEDBACK_FIXED_BYTES, packet);
  return FEEDBACK_FIXED_BYTES;
}
