/**
 * H.264 payload, RFC 6184, packetization-mode 1: single NAL unit, STAP-A, FU-A.
 *
 * ```
 *  0 1 2 3 4 5 6 7     FU header
 * +-+---+---------+   +-+-+-+---------+
 * |F|NRI|  type   |   |S|E|R|  type   |
 * +-+---+---------+   +-+-+-+---------+
 * ```
 */
import { DELTA_FRAME, DISPOSABLE_FRAME, type FrameClass, KEY_FRAME } from "../frame.ts";
import { FrameDepacketizer, type FrameDepacketizerOptions } from "./frame_depacketizer.ts";
import { NalSyntax } from "./nal_depacketizer.ts";
import { classifyAccessUnit, type NalFormat, showsKeyframe } from "./nal_format.ts";
import { NalPacketizer } from "./nal_packetizer.ts";
import type { Depacketizer, Packetizer } from "./payload_format.ts";

const SLICE = 1;
const IDR_SLICE = 5;
const SPS = 7;
const PPS = 8;
const DELIMITER = 9;
const STAP_A = 24;
const FU_A = 28;

const H264: NalFormat = {
  name: "H.264",
  headerBytes: 1,
  aggregationType: STAP_A,
  fragmentType: FU_A,
  fragmentTypeMask: 0x1f,
  delimiterType: DELIMITER,
  leadingParameterSetType: SPS,
  typeOf: (header) => header & 0x1f,
  withType: (header, type) => (header & 0xe0) | type,
  isCarried: (type) => type > 0 && type < STAP_A,
  isParameterSet: (type) => type === SPS || type === PPS,
  isKey: (type) => type === IDR_SLICE || type === SPS,
  classify(header0) {
    const type = header0 & 0x1f;
    if (type < SLICE || type > IDR_SLICE) return undefined;
    if (type === IDR_SLICE) return KEY_FRAME;
    return (header0 & 0x60) === 0 ? DISPOSABLE_FRAME : DELTA_FRAME;
  },
  /** F is set when any has it, NRI is the highest (RFC 6184 §5.7.1). */
  writeAggregationHeader(out, at, data, starts, from, to) {
    let forbidden = 0;
    let reference = 0;
    for (let i = from; i < to; i++) {
      const header = data[starts[i]];
      forbidden |= header & 0x80;
      reference = Math.max(reference, header & 0x60);
    }
    out[at] = forbidden | reference | STAP_A;
  },
};

export function makeH264Packetizer(): Packetizer {
  return new NalPacketizer(H264);
}

export function makeH264Depacketizer(options: FrameDepacketizerOptions = {}): Depacketizer {
  return new FrameDepacketizer(new NalSyntax(H264), options);
}

/** Key: an IDR picture. Disposable: its slices have nal_ref_idc 0. */
export function classifyH264(accessUnit: Uint8Array): FrameClass {
  return classifyAccessUnit(H264, accessUnit, DELTA_FRAME);
}

/** True for a payload with an IDR slice (or a fragment of one) or an SPS. */
export function isH264Keyframe(payload: Uint8Array): boolean {
  return showsKeyframe(H264, payload);
}
