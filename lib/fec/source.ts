/**
 * What FEC protects (SPEC ARC-LOSS-fec-source): the full packet as handed to protection, with K set to 0, and how it
 * enters the sum (RFC 8627 §6.2).
 *
 * ```
 * source   | V P X CC | M PT | sequence | timestamp | SSRC | everything behind the twelfth byte |
 *             |           |                   |                            |
 * sum      | 0 0 P X CC | M PT | length - 12 | timestamp | ...             | the longest one's length
 * ```
 */
import { readU16, writeU16 } from "../base/bytes.ts";
import { RTP_FIXED_HEADER_BYTES } from "../packet/rtp_header.ts";

/** K in the first byte of the Arc block. */
const KEY_PHASE_BITS = 0x0c;

/** A source packet: a view of it fits, such as `ArcRtpView`. The bytes are borrowed. */
export interface FecSource {
  readonly bytes: Uint8Array;
  /** The packet is `bytes[start..end)`, plain: no tags. */
  readonly start: number;
  readonly end: number;
  /** First byte of its Arc block, counted like `start`. */
  readonly arcStart: number;
}

/** Bytes behind the twelfth. */
export function sourcePayloadBytes(source: FecSource): number {
  return source.end - source.start - RTP_FIXED_HEADER_BYTES;
}

/**
 * Adds a source to a sum: recovery fields at `out[at..at+8)`, payload at `out[payloadAt..)`, which has room for it. Adding
 * the same source again takes it out.
 */
export function addSource(source: FecSource, out: Uint8Array, at: number, payloadAt: number): void {
  const { bytes, start, end, arcStart } = source;
  out[at] ^= bytes[start] & 0x3f;
  out[at + 1] ^= bytes[start + 1];
  writeU16(out, at + 2, readU16(out, at + 2) ^ sourcePayloadBytes(source));
  for (let i = 4; i < 8; i++) out[at + i] ^= bytes[start + i];
  const shift = payloadAt - start - RTP_FIXED_HEADER_BYTES;
  for (let i = start + RTP_FIXED_HEADER_BYTES; i < end; i++) out[i + shift] ^= bytes[i];
  out[arcStart + shift] ^= bytes[arcStart] & KEY_PHASE_BITS;
}
