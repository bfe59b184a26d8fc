/**
 * What every RTCP packet begins with, and how much of it is content.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---------+---------------+-------------------------------+
 * |V=2|P| count / |  packet type  |  length in words, less one    |
 * |   | |   FMT   |               |                               |
 * +---+-+---------+---------------+-------------------------------+
 * ```
 */
import { readU16, writeU16 } from "../../base/bytes.ts";
import { fault, ok, type Parsed, truncated } from "../../base/parsed.ts";

export const RTCP_HEADER_BYTES = 4;

/** Packet types (RFC 3550 §12.1, RFC 4585 §6.1). */
export const PT_SENDER_REPORT = 200;
export const PT_RECEIVER_REPORT = 201;
export const PT_SDES = 202;
export const PT_BYE = 203;
export const PT_RTPFB = 205;
export const PT_PSFB = 206;

/** Feedback message types, in the count field of RTPFB and PSFB packets. */
export const FMT_NACK = 1;
export const FMT_PLI = 1;
export const FMT_TRANSPORT_FEEDBACK = 15;

/** What a packet's length field can announce behind its header. */
export const MAX_BODY_BYTES = 0xffff * 4;

/** The largest count that five bits hold: reports, chunks or sources in one packet. */
export const MAX_COUNT = 31;

/** Where one packet of a compound lies, in bytes from the start of the compound. */
export interface RtcpHeader {
  readonly packetType: number;
  /** Reports, chunks, sources or the feedback message type: 0..31. */
  readonly count: number;
  /** First byte of the packet. */
  readonly offsetBytes: number;
  /** End of the content: the padding begins here. */
  readonly contentEnd: number;
  /** End of the packet. */
  readonly end: number;
}

/**
 * Reads the header at `at` and settles the packet's extent. Work: constant.
 *
 * Faults: `truncated`, `bad_version`, `bad_length` (the length field reaches beyond the bytes: SPEC ARC-RTCP-bad-length),
 * `bad_padding` (a count of zero or beyond the body).
 */
export function parseRtcpHeader(b: Uint8Array, at: number): Parsed<RtcpHeader> {
  if (b.length < at + RTCP_HEADER_BYTES) return truncated("RTCP header", at + RTCP_HEADER_BYTES, b.length);
  const version = b[at] >>> 6;
  if (version !== 2) {
    return fault("bad_version", `Cannot parse RTCP header: expected version 2, got ${version}`, { offset: at });
  }
  const end = at + (readU16(b, at + 2) + 1) * 4;
  if (b.length < end) {
    return fault("bad_length", `Cannot parse RTCP packet: its length needs ${end - at} bytes, got ${b.length - at}`, {
      offset: at + 2,
    });
  }
  let contentEnd = end;
  if ((b[at] & 0x20) !== 0) {
    const bodyBytes = end - at - RTCP_HEADER_BYTES;
    const paddingBytes = bodyBytes === 0 ? 0 : b[end - 1];
    if (paddingBytes === 0 || paddingBytes > bodyBytes) {
      return fault(
        "bad_padding",
        `Cannot parse RTCP packet: expected 1 to ${bodyBytes} bytes of padding, got ${paddingBytes}`,
        { offset: end - 1 },
      );
    }
    contentEnd = end - paddingBytes;
  }
  return ok({ packetType: b[at + 1], count: b[at] & 0x1f, offsetBytes: at, contentEnd, end });
}

/**
 * Writes an unpadded header for a packet of `bytes` bytes, header included.
 *
 * @throws RangeError where `bytes` is not a whole number of words that the length field holds.
 */
export function writeRtcpHeader(out: Uint8Array, at: number, packetType: number, count: number, bytes: number): void {
  if (bytes % 4 !== 0 || bytes > MAX_BODY_BYTES + RTCP_HEADER_BYTES) {
    throw new RangeError(`RTCP packet: expected a multiple of 4 up to 262144 bytes, got ${bytes}`);
  }
  out[at] = 0x80 | count;
  out[at + 1] = packetType;
  writeU16(out, at + 2, bytes / 4 - 1);
}

/** `bad_length` for a packet whose content is not as long as its type and count call for. */
export function wrongLength(what: string, expected: string, header: RtcpHeader): ReturnType<typeof fault> {
  const got = header.contentEnd - header.offsetBytes;
  return fault("bad_length", `Cannot parse ${what}: expected ${expected}, got ${got} bytes`, {
    offset: header.contentEnd,
  });
}

/**
 * Refuses a list that the five-bit count field cannot announce.
 *
 * @throws RangeError: the caller built an impossible packet.
 */
export function checkCount(what: string, count: number): void {
  if (count > MAX_COUNT) throw new RangeError(`${what}: at most ${MAX_COUNT}, got ${count}`);
}
