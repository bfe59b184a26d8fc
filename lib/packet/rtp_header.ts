/**
 * The layout and the writer of RFC 3550 §5.1's header, which ArcRTP, plain RTP and the engine's dialect share. Its
 * reader is `rtp_view.ts`.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+-+-------+-+-------------+-------------------------------+
 * |V=2|P|X|  CC   |M|     PT      |        sequence number        |
 * +---+-+-+-------+-+-------------+-------------------------------+
 * |                           timestamp                           |
 * +---------------------------------------------------------------+
 * |                             SSRC                              |
 * +---------------------------------------------------------------+
 * |               CSRC list, CC words of 32 bits                  |
 * +-------------------------------+-------------------------------+
 * |     profile (when X = 1)      |  length in words of 32 bits   |
 * +-------------------------------+-------------------------------+
 * |                     extension data ...                        |
 * +---------------------------------------------------------------+
 * ```
 */
import { writeU16, writeU32 } from "../base/bytes.ts";

export const RTP_VERSION = 2;

/** The header without CSRC list and extension. */
export const RTP_FIXED_HEADER_BYTES = 12;

/** Profile and length in front of the extension's data. */
export const RTP_EXTENSION_HEADER_BYTES = 4;

/** Where the fixed fields lie, in bytes from the start of the packet. */
export const RTP_SEQUENCE_AT = 2;
export const RTP_TIMESTAMP_AT = 4;
export const RTP_SSRC_AT = 8;
const MAX_CSRC = 15;
const MAX_EXTENSION_WORDS = 0xffff;

/** A header extension: its data is a whole number of 32-bit words on the wire, filled up with zeros when written. */
export interface RtpExtension {
  readonly profile: number;
  readonly data: Uint8Array;
}

/** What {@link writeRtpHeader} writes. V is 2; X and CC follow from `extension` and `csrc`. */
export interface RtpHeaderFields {
  /** P: the payload ends with padding of its own, see {@link writePadding}. */
  readonly padding?: boolean;
  readonly marker?: boolean;
  readonly payloadType: number;
  readonly sequenceNumber: number;
  /** In ticks of the stream's clock. */
  readonly timestamp: number;
  readonly ssrc: number;
  readonly csrc?: readonly number[];
  readonly extension?: RtpExtension;
}

/** A whole packet to write. The caller may keep one object and change it from packet to packet. */
export interface RtpFields extends RtpHeaderFields {
  /** Everything behind the header, padding included when `padding` is set. */
  readonly payload?: Uint8Array;
}

/**
 * Writes a plain RTP packet, header and payload, into the caller's buffer and returns the bytes written.
 *
 * @throws RangeError as {@link writeRtpHeader} does.
 */
export function writeRtp(fields: RtpFields, out: Uint8Array, at: number): number {
  const headerBytes = writeRtpHeader(fields, out, at);
  return headerBytes + writePayload(fields.payload, out, at + headerBytes);
}

/** Copies a packet's payload behind its header and returns its length; no payload is an empty one. */
export function writePayload(payload: Uint8Array | undefined, out: Uint8Array, at: number): number {
  if (payload === undefined) return 0;
  requireRoom("payload", payload.length, out, at);
  out.set(payload, at);
  return payload.length;
}

/** Bytes that {@link writeRtpHeader} writes for these fields. */
export function rtpHeaderBytes(fields: RtpHeaderFields): number {
  const csrcBytes = fields.csrc === undefined ? 0 : 4 * fields.csrc.length;
  return RTP_FIXED_HEADER_BYTES + csrcBytes + extensionBytes(fields.extension);
}

function extensionBytes(extension: RtpExtension | undefined): number {
  return extension === undefined ? 0 : RTP_EXTENSION_HEADER_BYTES + 4 * Math.ceil(extension.data.length / 4);
}

/**
 * Writes the RTP header into the caller's buffer and returns the bytes written. Integers are taken modulo their width.
 *
 * @throws RangeError when a count does not fit its field or the buffer has no room.
 */
export function writeRtpHeader(fields: RtpHeaderFields, out: Uint8Array, at: number): number {
  const csrcCount = fields.csrc === undefined ? 0 : fields.csrc.length;
  if (csrcCount > MAX_CSRC) throw new RangeError(`Cannot write RTP header: need at most 15 CSRCs, got ${csrcCount}`);
  if (fields.extension !== undefined && fields.extension.data.length > 4 * MAX_EXTENSION_WORDS) {
    throw new RangeError(
      `Cannot write RTP header: need at most 262140 bytes of extension, got ${fields.extension.data.length}`,
    );
  }
  const first = (RTP_VERSION << 6) | (fields.padding === true ? 0x20 : 0) |
    (fields.extension !== undefined ? 0x10 : 0) | csrcCount;
  return writeRtpHeaderAs(first, fields, out, at);
}

/**
 * Writes the header with the first byte as given, whether it agrees with the rest or not: for the engine's dialect,
 * whose fields may contradict each other, and for making malformed packets.
 *
 * @throws RangeError when the buffer has no room.
 */
export function writeRtpHeaderAs(first: number, fields: RtpHeaderFields, out: Uint8Array, at: number): number {
  const bytes = rtpHeaderBytes(fields);
  requireRoom("RTP header", bytes, out, at);
  out[at] = first;
  out[at + 1] = (fields.marker === true ? 0x80 : 0) | (fields.payloadType & 0x7f);
  writeU16(out, at + RTP_SEQUENCE_AT, fields.sequenceNumber);
  writeU32(out, at + RTP_TIMESTAMP_AT, fields.timestamp);
  writeU32(out, at + RTP_SSRC_AT, fields.ssrc);
  let next = at + RTP_FIXED_HEADER_BYTES;
  if (fields.csrc !== undefined) {
    for (let i = 0; i < fields.csrc.length; i++) {
      writeU32(out, next, fields.csrc[i]);
      next += 4;
    }
  }
  if (fields.extension !== undefined) {
    const { profile, data } = fields.extension;
    writeU16(out, next, profile);
    writeU16(out, next + 2, Math.ceil(data.length / 4));
    next += RTP_EXTENSION_HEADER_BYTES;
    for (let i = 0; i < data.length; i++) out[next + i] = data[i];
    for (next += data.length; next < at + bytes; next++) out[next] = 0;
  }
  return bytes;
}

/**
 * Writes `count` (1..255) bytes of padding, zeros and the count itself (RFC 3550 §5.1), and returns `count`. The
 * packet's header must say `padding`.
 *
 * @throws RangeError when the count is out of range or the buffer has no room.
 */
export function writePadding(count: number, out: Uint8Array, at: number): number {
  if (!(count >= 1 && count <= 255)) throw new RangeError(`Cannot write padding: need 1..255 bytes, got ${count}`);
  requireRoom("padding", count, out, at);
  out.fill(0, at, at + count - 1);
  out[at + count - 1] = count;
  return count;
}

/** @throws RangeError when `out` has fewer than `bytes` bytes from `at` on. */
export function requireRoom(what: string, bytes: number, out: Uint8Array, at: number): void {
  if (at + bytes > out.length) {
    throw new RangeError(`Cannot write ${what}: need ${bytes} bytes of room, got ${out.length - at}`);
  }
}

/** Gives a written packet another sequence number, in place. */
export function setSequenceNumber(bytes: Uint8Array, start: number, sequenceNumber: number): void {
  writeU16(bytes, start + RTP_SEQUENCE_AT, sequenceNumber);
}
