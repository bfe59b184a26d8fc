/**
 * What H.264 (RFC 6184) and H.265 (RFC 7798) payloads have in common: NAL units travel alone, aggregated with their
 * sizes, or in fragments whose header carries the NAL unit's type:
 *
 * ```
 * alone:       NAL header | NAL payload
 * aggregated:  header, type = 24 / 48 | ( u16 size | NAL unit )+
 * fragment:    header, type = 28 / 49 | S E .. type | part of the NAL payload
 * ```
 *
 * A header has 1 byte in H.264 and 2 in H.265; only the place of the type differs, and all of it is in the first byte.
 */
import { readU16 } from "../../base/bytes.ts";
import type { FrameClass } from "../frame.ts";
import { NalCursor } from "./annexb.ts";

export interface NalFormat {
  readonly name: "H.264" | "H.265";
  readonly headerBytes: 1 | 2;
  readonly aggregationType: number;
  readonly fragmentType: number;
  /** Bits of the type in a fragment's second header. */
  readonly fragmentTypeMask: number;
  /** Access unit delimiter. */
  readonly delimiterType: number;
  /** The parameter set that comes first in a key frame (after a delimiter): SPS, VPS. */
  readonly leadingParameterSetType: number;
  typeOf(headerByte: number): number;
  /** The first header byte with another type. */
  withType(headerByte: number, type: number): number;
  /** True for a type that may stand in an access unit, and so travel alone, aggregated or in fragments. */
  isCarried(type: number): boolean;
  isParameterSet(type: number): boolean;
  isKey(type: number): boolean;
  /** What a NAL unit's two first bytes say of its picture; `undefined` when it is no part of a picture. */
  classify(header0: number, header1: number): FrameClass | undefined;
  /** Writes the header of an aggregate of NAL units `from`..`to`, whose offsets in `data` are `starts`. */
  writeAggregationHeader(
    out: Uint8Array,
    at: number,
    data: Uint8Array,
    starts: readonly number[],
    from: number,
    to: number,
  ): void;
}

/** Start and end bits of a fragment's second header. */
export const FRAGMENT_START = 0x80;
export const FRAGMENT_END = 0x40;

/** The class of an Annex B access unit: that of its first slice; `other` when there is none. */
export function classifyAccessUnit(format: NalFormat, data: Uint8Array, other: FrameClass): FrameClass {
  const nal = new NalCursor();
  nal.open(data);
  for (; nal.nextStart >= 0; nal.skip()) {
    const at = nal.nextStart;
    if (at + 1 >= data.length) break;
    const found = format.classify(data[at], data[at + 1]);
    if (found !== undefined) return found;
  }
  return other;
}

/** True when a payload shows a NAL unit that only key frames have: a slice of one, or a parameter set. */
export function showsKeyframe(format: NalFormat, payload: Uint8Array): boolean {
  const { headerBytes } = format;
  if (payload.length <= headerBytes) return false;
  const type = format.typeOf(payload[0]);
  if (type === format.fragmentType) return format.isKey(payload[headerBytes] & format.fragmentTypeMask);
  if (type !== format.aggregationType) return format.isKey(type);
  for (let at: number = headerBytes; at + 2 < payload.length;) {
    const end = at + 2 + readU16(payload, at);
    if (end <= payload.length && format.isKey(format.typeOf(payload[at + 2]))) return true;
    at = end;
  }
  return false;
}
