/**
 * Goodbye, BYE (RFC 3550 §6.6).
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P|   SC    |    PT = 203   |             length            |
 * +---+-+---------+---------------+-------------------------------+
 * |                      SC words of SSRC/CSRC                    |
 * +---------------+-----------------------------------------------+
 * |    length     |  reason, then zero bytes to a word boundary   |  optional
 * +---------------+-----------------------------------------------+
 * ```
 */
import { readU32, writeU32 } from "../../base/bytes.ts";
import { ok, type Parsed } from "../../base/parsed.ts";
import { checkCount, PT_BYE, RTCP_HEADER_BYTES, type RtcpHeader, writeRtcpHeader, wrongLength } from "./header.ts";

/** Longest reason. */
export const MAX_BYE_REASON_BYTES = 255;

export interface Bye {
  readonly kind: "bye";
  readonly ssrcs: readonly number[];
  /** UTF-8 by rule, any bytes in practice; at most 255; null where absent. A view of the packet where it was parsed. */
  readonly reason: Uint8Array | null;
}

/** Bytes that a reason takes with its length byte, filled up to a word. */
function reasonBytes(length: number): number {
  return (length + 4) & ~3;
}

/** Fault: `bad_length` where the sources or the reason do not fit exactly. The reason borrows `b`. */
export function parseBye(b: Uint8Array, header: RtcpHeader): Parsed<Bye> {
  const at = header.offsetBytes;
  const sourcesEnd = at + RTCP_HEADER_BYTES + header.count * 4;
  if (header.contentEnd < sourcesEnd) return wrongLength("RTCP BYE", `at least ${sourcesEnd - at} bytes`, header);
  const ssrcs: number[] = [];
  for (let i = at + RTCP_HEADER_BYTES; i < sourcesEnd; i += 4) ssrcs.push(readU32(b, i));
  if (header.contentEnd === sourcesEnd) return ok({ kind: "bye", ssrcs, reason: null });
  const length = b[sourcesEnd];
  if (sourcesEnd + reasonBytes(length) !== header.contentEnd) {
    return wrongLength("RTCP BYE", `${sourcesEnd + reasonBytes(length) - at} bytes with its reason`, header);
  }
  return ok({ kind: "bye", ssrcs, reason: b.subarray(sourcesEnd + 1, sourcesEnd + 1 + length) });
}

export function byeBytes(packet: Bye): number {
  checkCount("RTCP BYE sources", packet.ssrcs.length);
  const length = packet.reason?.length ?? 0;
  if (length > MAX_BYE_REASON_BYTES) {
    throw new RangeError(`RTCP BYE reason: at most ${MAX_BYE_REASON_BYTES} bytes, got ${length}`);
  }
  return RTCP_HEADER_BYTES + packet.ssrcs.length * 4 + (packet.reason === null ? 0 : reasonBytes(length));
}

/** Fills `out` from `at` and answers the bytes written. */
export function writeBye(packet: Bye, out: Uint8Array, at: number): number {
  const bytes = byeBytes(packet);
  writeRtcpHeader(out, at, PT_BYE, packet.ssrcs.length, bytes);
  packet.ssrcs.forEach((ssrc, i) => writeU32(out, at + RTCP_HEADER_BYTES + i * 4, ssrc));
  if (packet.reason !== null) {
    const reasonAt = at + RTCP_HEADER_BYTES + packet.ssrcs.length * 4;
    out[reasonAt] = packet.reason.length;
    out.set(packet.reason, reasonAt + 1);
    out.fill(0, reasonAt + 1 + packet.reason.length, at + bytes);
  }
  return bytes;
}
