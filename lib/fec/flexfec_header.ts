/**
 * The FEC header of FlexFEC with a flexible mask (RFC 8627 §4.2.2.1), for one protected SSRC.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-------+-+-------------+-------------------------------+
 * |0|0|P|X|  CC   |M| PT recovery |        length recovery        |
 * +-+-+-+-+-------+-+-------------+-------------------------------+
 * |                          TS recovery                          |
 * +-------------------------------+-+-----------------------------+
 * |           SN base             |k|          mask 0..14         |
 * +-------------------------------+-+-----------------------------+
 * |k|                         mask 15..45                         |  when the first k is 1
 * +-+-------------------------------------------------------------+
 * |                          mask 46..109                         |  when the second k is 1
 * |                                                               |
 * +---------------------------------------------------------------+
 * |                repair payload: everything behind the          |
 * |                twelfth byte of the source packets, XORed      |
 * +---------------------------------------------------------------+
 * ```
 *
 * The first two bits are R (retransmission) and F (fixed mask): other values of them are other formats.
 */
import { readU16, readU32, writeU16 } from "../base/bytes.ts";
import { fault, ok, type Parsed, truncated } from "../base/parsed.ts";

/** Before SN base and mask. */
export const RECOVERY_FIELDS_BYTES = 8;
/** With the longest mask. */
export const MAX_FLEXFEC_HEADER_BYTES = 24;
/** Sequence numbers that one mask reaches, SN base included. */
export const MAX_MASK_SPAN = 110;

const SHORT_SPAN = 15;
const MIDDLE_SPAN = 46;

export interface FlexfecHeader {
  /** Sequence number of mask bit 0. */
  readonly baseSequence16: number;
  /** Offsets of the protected packets from the base, ascending: at least one, 0..109. */
  readonly offsets: readonly number[];
  /** 12, 16 or 24: the repair payload begins here. */
  readonly headerBytes: number;
}

/** Appends the offsets of the set bits among `count`, from bit `bit` behind `at` on; the first stands for `offset`. */
function readMask(b: Uint8Array, at: number, bit: number, count: number, offset: number, offsets: number[]): void {
  for (let i = 0; i < count; i++, bit++) {
    if ((b[at + (bit >>> 3)] >>> (7 - (bit & 7))) & 1) offsets.push(offset + i);
  }
}

/**
 * Reads SN base and mask of the FEC payload `b[at..end)`; the recovery fields stay where they are. Work: constant.
 *
 * Faults: `truncated`, `unknown_type` (R or F set), `bad_value` (a mask of no packets).
 */
export function parseFlexfecHeader(b: Uint8Array, at: number, end: number): Parsed<FlexfecHeader> {
  const need = (bytes: number) => truncated("FlexFEC header", bytes, end - at);
  if (end - at < 12) return need(12);
  if ((b[at] & 0xc0) !== 0) {
    return fault("unknown_type", "Cannot parse FlexFEC header: expected R=0 and F=0, a flexible mask", { offset: 0 });
  }
  const offsets: number[] = [];
  let headerBytes = 12;
  readMask(b, at + 10, 1, SHORT_SPAN, 0, offsets);
  if ((b[at + 10] & 0x80) !== 0) {
    headerBytes = 16;
    if (end - at < 16) return need(16);
    readMask(b, at + 12, 1, MIDDLE_SPAN - SHORT_SPAN, SHORT_SPAN, offsets);
    if ((b[at + 12] & 0x80) !== 0) {
      headerBytes = 24;
      if (end - at < 24) return need(24);
      readMask(b, at + 16, 0, MAX_MASK_SPAN - MIDDLE_SPAN, MIDDLE_SPAN, offsets);
    }
  }
  if (offsets.length === 0) {
    return fault("bad_value", "Cannot parse FlexFEC header: expected a mask of one packet at least", { offset: 10 });
  }
  return ok({ baseSequence16: readU16(b, at + 8), offsets, headerBytes });
}

/** Bytes of the header for a mask that reaches to `lastOffset`. */
export function flexfecHeaderBytes(lastOffset: number): number {
  if (lastOffset < SHORT_SPAN) return 12;
  return lastOffset < MIDDLE_SPAN ? 16 : MAX_FLEXFEC_HEADER_BYTES;
}

/**
 * Writes SN base and mask, all but the recovery fields, of a header at `at`, and answers the header's bytes.
 *
 * @throws RangeError: no offsets, or one out of 0..109.
 */
export function writeFlexfecMask(
  baseSequence16: number,
  offsets: readonly number[],
  out: Uint8Array,
  at: number,
): number {
  const last = Math.max(...offsets);
  if (offsets.length === 0 || Math.min(...offsets) < 0 || last >= MAX_MASK_SPAN) {
    throw new RangeError(`FlexFEC mask: offsets 0..${MAX_MASK_SPAN - 1}, got [${offsets.join(", ")}]`);
  }
  const headerBytes = flexfecHeaderBytes(last);
  writeU16(out, at + 8, baseSequence16);
  out.fill(0, at + 10, at + headerBytes);
  if (headerBytes > 12) out[at + 10] = 0x80;
  if (headerBytes > 16) out[at + 12] = 0x80;
  for (const offset of offsets) {
    // Counted from the first k; each k takes a bit itself.
    const bit = offset < SHORT_SPAN ? offset + 1 : offset + 2;
    out[at + 10 + (bit >>> 3)] |= 0x80 >>> (bit & 7);
  }
  return headerBytes;
}

/** Length of the protected packet behind its twelfth byte, XORed over the sources. */
export function lengthRecovery(b: Uint8Array, at: number): number {
  return readU16(b, at + 2);
}

/** Timestamp, XORed over the sources. */
export function timestampRecovery(b: Uint8Array, at: number): number {
  return readU32(b, at + 4);
}
