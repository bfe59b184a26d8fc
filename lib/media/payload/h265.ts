/**
 * H.265 payload, RFC 7798 without decoding order numbers (sprop-max-don-diff = 0): single NAL unit, AP, FU.
 *
 * ```
 *  0                   1
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5     FU header
 * +-+-----------+-----------+-----+   +-+-+-----------+
 * |F|   type    |  layer id | TID |   |S|E|   type    |
 * +-+-----------+-----------+-----+   +-+-+-----------+
 * ```
 */
import { DELTA_FRAME, DISPOSABLE_FRAME, type FrameClass, KEY_FRAME } from "../frame.ts";
import { FrameDepacketizer, type FrameDepacketizerOptions } from "./frame_depacketizer.ts";
import { NalSyntax } from "./nal_depacketizer.ts";
import { classifyAccessUnit, type NalFormat, showsKeyframe } from "./nal_format.ts";
import { NalPacketizer } from "./nal_packetizer.ts";
import type { Depacketizer, Packetizer } from "./payload_format.ts";

/** Types 0..14 that are even belong to pictures that no picture of their temporal layer refers to (Table 7-1). */
const LAST_SUBLAYER_TYPE = 15;
const FIRST_IRAP = 16;
const LAST_IRAP = 23;
const LAST_SLICE = 31;
const VPS = 32;
const SPS = 33;
const PPS = 34;
const DELIMITER = 35;
const AP = 48;
const FU = 49;

const isIrap = (type: number) => type >= FIRST_IRAP && type <= LAST_IRAP;

const H265: NalFormat = {
  name: "H.265",
  headerBytes: 2,
  aggregationType: AP,
  fragmentType: FU,
  fragmentTypeMask: 0x3f,
  delimiterType: DELIMITER,
  leadingParameterSetType: VPS,
  typeOf: (header) => (header >>> 1) & 0x3f,
  withType: (header, type) => (header & 0x81) | (type << 1),
  isCarried: (type) => type < AP,
  isParameterSet: (type) => type >= VPS && type <= PPS,
  isKey: (type) => isIrap(type) || type === VPS || type === SPS,
  classify(header0, header1) {
    const type = (header0 >>> 1) & 0x3f;
    // A TID of 0 is no NAL unit: the second byte is that of a start code.
    if (type > LAST_SLICE || (header1 & 7) === 0) return undefined;
    if (isIrap(type)) return KEY_FRAME;
    return type < LAST_SUBLAYER_TYPE && type % 2 === 0 ? DISPOSABLE_FRAME : DELTA_FRAME;
  },
  /** F is set when any has it, layer and TID are the lowest (RFC 7798 §4.4.2). */
  writeAggregationHeader(out, at, data, starts, from, to) {
    let forbidden = 0;
    let layer = 0x3f;
    let temporal = 7;
    for (let i = from; i < to; i++) {
      const header0 = data[starts[i]];
      const header1 = data[starts[i] + 1];
      forbidden |= header0 & 0x80;
      layer = Math.min(layer, ((header0 & 1) << 5) | (header1 >>> 3));
      temporal = Math.min(temporal, header1 & 7);
    }
    out[at] = forbidden | (AP << 1) | (layer >>> 5);
    out[at + 1] = ((layer & 0x1f) << 3) | temporal;
  },
};

export function makeH265Packetizer(): Packetizer {
  return new NalPacketizer(H265);
}

export function makeH265Depacketizer(options: FrameDepacketizerOptions = {}): Depacketizer {
  return new FrameDepacketizer(new NalSyntax(H265), options);
}

/**
 * Key: a random access picture (IDR, BLA, CRA). Disposable: a picture that its own temporal layer does not refer to;
 * with several temporal layers a higher one may, and then loses with it.
 */
export function classifyH265(accessUnit: Uint8Array): FrameClass {
  return classifyAccessUnit(H265, accessUnit, DELTA_FRAME);
}

/** True for a payload with a slice of a random access picture (or a fragment of one), a VPS or an SPS. */
export function isH265Keyframe(payload: Uint8Array): boolean {
  return showsKeyframe(H265, payload);
}
