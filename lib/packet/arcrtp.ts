/**
 * The full ArcRTP packet: RTP with a block of 4 or 5 bytes between the complete RTP header and the payload.
 * SPEC ARC-RTP-arc-block, ARC-RTP-field-order.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |         RTP header, CSRC list, extension (rtp_header.ts)      |
 * +---+---+---+---+---------------+-------------------------------+
 * | Q |PR | K | 0 |     flags     |     bandwidth, u16 kbps       |
 * +---+---+---+---+---------------+-------------------------------+
 * | loss, if flag |  payload ... (and padding, when P = 1)
 * +---------------+
 * ```
 */
import { readU16, writeU16 } from "../base/bytes.ts";
import { ok, type Parsed } from "../base/parsed.ts";
import {
  requireRoom,
  RTP_FIXED_HEADER_BYTES,
  type RtpFields,
  rtpHeaderBytes,
  writePayload,
  writeRtpHeader,
} from "./rtp_header.ts";
import { RtpView } from "./rtp_view.ts";

/** The Arc block without its optional loss byte. */
export const ARC_BLOCK_BYTES = 4;

/** The smallest full header: P=X=CC=0 and no loss byte. SPEC ARC-RTP-minimum-length. */
export const ARCRTP_MIN_HEADER_BYTES = RTP_FIXED_HEADER_BYTES + ARC_BLOCK_BYTES;

/** Flag: the bandwidth field is valid. SPEC ARC-RTP-bandwidth-flag. */
export const ARC_FLAG_BANDWIDTH = 0x01;

/** Flag: a loss byte follows the bandwidth. SPEC ARC-RTP-loss-byte. */
export const ARC_FLAG_LOSS = 0x02;

/** PR, most important first. SPEC ARC-RTP-priority-values. */
export const Priority = {
  /** Audio. */
  critical: 0,
  /** Packets of a video key frame. */
  high: 1,
  /** Packets of a video delta frame. */
  medium: 2,
  /** Disposable frames and FEC. */
  low: 3,
} as const;

export type Priority = (typeof Priority)[keyof typeof Priority];

/** What the Arc block says. */
export interface ArcBlockFields {
  /** Q, 0..3: rung of the stream's quality ladder, 0 the best. */
  readonly quality: number;
  /** PR, 0..3, see {@link Priority}. */
  readonly priority: number;
  /** K, 0..3: the epoch modulo 4. */
  readonly keyPhase: number;
  /** Estimate in kbps, 0..65535; undefined leaves the flag clear and the field 0. */
  readonly bandwidthKbps?: number;
  /** Loss in tenths of a percent, 0..255; undefined leaves the byte out. See {@link lossTenthsOf}. */
  readonly lossTenths?: number;
}

/** A packet to write. The caller may keep one object and change it from packet to packet. */
export interface ArcRtpFields extends RtpFields, ArcBlockFields {}

/**
 * False for payload types 64..95, which with the marker set read as RTCP. SPEC ARC-RTP-payload-types-excluded, RFC 5761
 * §4.
 */
export function isUsablePayloadType(payloadType: number): boolean {
  return (payloadType & 0x60) !== 0x40;
}

/**
 * A reusable view of a full ArcRTP packet. Allocate one per receiver and `parse` every packet with it; see
 * {@link RtpView} for what it borrows and what its offsets count from.
 */
export class ArcRtpView extends RtpView {
  protected override readonly what: string = "ArcRTP";

  /**
   * Moves the view to the packet at `bytes[start..end)`. False when it is `truncated` (shorter than its own fields
   * say), has a `bad_version` or the `bad_value` of an excluded payload type. Padding is judged by `stripPadding`.
   * SPEC ARC-RTP-version, ARC-RTP-minimum-length, ARC-RTP-own-fields-length, ARC-RTP-padding-inside-ciphertext.
   */
  override parse(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (!this.parseHeader(bytes, start, end, ARCRTP_MIN_HEADER_BYTES, ARC_BLOCK_BYTES)) return false;
    if (!isUsablePayloadType(bytes[start + 1])) return this.refuse("bad_value", 1);
    const headerEnd = this.arcStart + ARC_BLOCK_BYTES + (this.hasLoss ? 1 : 0);
    if (headerEnd > end) return this.refuseLength(headerEnd - start);
    this.payloadStart = headerEnd;
    return true;
  }

  /** First byte of the Arc block. */
  get arcStart(): number {
    return this.rtpHeaderEnd;
  }

  /** One past the Arc block: the packet up to here is the AAD of its protection. SPEC ARC-SRTP-aad. */
  get headerEnd(): number {
    return this.payloadStart;
  }

  /** Q, 0..3: rung of the stream's quality ladder, 0 the best. */
  get quality(): number {
    return this.bytes[this.arcStart] >>> 6;
  }

  /** PR, 0..3, see {@link Priority}. */
  get priority(): number {
    return (this.bytes[this.arcStart] >>> 4) & 3;
  }

  /** K, 0..3: the epoch modulo 4. */
  get keyPhase(): number {
    return (this.bytes[this.arcStart] >>> 2) & 3;
  }

  /** All eight flag bits as they came; the undefined ones mean nothing. SPEC ARC-RTP-reserved-ignored. */
  get flags(): number {
    return this.bytes[this.arcStart + 1];
  }

  get hasBandwidth(): boolean {
    return (this.flags & ARC_FLAG_BANDWIDTH) !== 0;
  }

  /** True when the Arc block ends with a loss byte. */
  get hasLoss(): boolean {
    return (this.flags & ARC_FLAG_LOSS) !== 0;
  }

  /** Estimate in kbps; undefined without its flag. */
  get bandwidthKbps(): number | undefined {
    return this.hasBandwidth ? readU16(this.bytes, this.arcStart + 2) : undefined;
  }

  /** Loss in tenths of a percent, 255 meaning 25.5 % or more; undefined without its flag. */
  get lossTenths(): number | undefined {
    return this.hasLoss ? this.bytes[this.arcStart + ARC_BLOCK_BYTES] : undefined;
  }

  /** The Arc block's fields in a value of their own. For tools, not for hot paths. */
  arcFields(): ArcBlockFields {
    return {
      quality: this.quality,
      priority: this.priority,
      keyPhase: this.keyPhase,
      bandwidthKbps: this.bandwidthKbps,
      lossTenths: this.lossTenths,
    };
  }

  /**
   * All fields, such that {@link writeArcRtp} writes the packet again (SPEC ARC-RTP-round-trip): the payload includes
   * its padding, stripped or not, and is borrowed.
   */
  fields(): ArcRtpFields {
    return {
      ...this.headerFields(),
      ...this.arcFields(),
      payload: this.bytes.subarray(this.payloadStart, this.end),
    };
  }
}

/**
 * Parses one full ArcRTP packet into a view of its own, which borrows `bytes`; padding is stripped, unless the packet
 * is still `encrypted`. For tools and tests; a receive path keeps an {@link ArcRtpView}.
 */
export function parseArcRtp(bytes: Uint8Array, options: { readonly encrypted?: boolean } = {}): Parsed<ArcRtpView> {
  const view = new ArcRtpView();
  return view.parse(bytes) && (options.encrypted === true || view.stripPadding())
    ? ok(view)
    : { ok: false, fault: view.fault() };
}

/** Bytes of the header, Arc block included, that {@link writeArcRtpHeader} writes for these fields. */
export function arcRtpHeaderBytes(fields: ArcRtpFields): number {
  return rtpHeaderBytes(fields) + arcBlockBytes(fields);
}

/**
 * Writes a packet, header and payload, into the caller's buffer and returns the bytes written.
 *
 * @throws RangeError as {@link writeArcRtpHeader} does.
 */
export function writeArcRtp(fields: ArcRtpFields, out: Uint8Array, at: number): number {
  const headerBytes = writeArcRtpHeader(fields, out, at);
  return headerBytes + writePayload(fields.payload, out, at + headerBytes);
}

/**
 * Writes the header through the Arc block into the caller's buffer and returns the bytes written, for a payload that
 * is put behind it in place.
 *
 * @throws RangeError for a payload type in 64..95, more than 15 CSRCs or a buffer without room.
 */
export function writeArcRtpHeader(fields: ArcRtpFields, out: Uint8Array, at: number): number {
  if (!isUsablePayloadType(fields.payloadType)) {
    throw new RangeError(
      `Cannot write ArcRTP header: need a payload type outside of 64..95, got ${fields.payloadType}`,
    );
  }
  const rtpBytes = writeRtpHeader(fields, out, at);
  return rtpBytes + writeArcBlock(fields, out, at + rtpBytes);
}

/** Bytes that {@link writeArcBlock} writes for these fields: 5 with the loss byte, else 4. */
export function arcBlockBytes(fields: Pick<ArcBlockFields, "lossTenths">): number {
  return fields.lossTenths === undefined ? ARC_BLOCK_BYTES : ARC_BLOCK_BYTES + 1;
}

/**
 * Writes the Arc block alone and returns the bytes written. Reserved bits and the bandwidth without its flag are 0.
 * SPEC ARC-RTP-reserved-zero, ARC-RTP-bandwidth-flag, ARC-RTP-loss-byte.
 *
 * @throws RangeError when the buffer has no room.
 */
export function writeArcBlock(fields: ArcBlockFields, out: Uint8Array, at: number): number {
  const { bandwidthKbps, lossTenths } = fields;
  const bytes = arcBlockBytes(fields);
  requireRoom("Arc block", bytes, out, at);
  out[at] = ((fields.quality & 3) << 6) | ((fields.priority & 3) << 4) | ((fields.keyPhase & 3) << 2);
  out[at + 1] = (bandwidthKbps === undefined ? 0 : ARC_FLAG_BANDWIDTH) | (lossTenths === undefined ? 0 : ARC_FLAG_LOSS);
  writeU16(out, at + 2, bandwidthKbps === undefined ? 0 : bandwidthKbps);
  if (lossTenths !== undefined) out[at + ARC_BLOCK_BYTES] = lossTenths;
  return bytes;
}

/** The loss byte for a lost share of 0..1: tenths of a percent, rounded down, 255 from 25.5 % on. SPEC ARC-RTP-loss-unit. */
export function lossTenthsOf(lossFraction: number): number {
  return Math.min(255, Math.max(0, Math.floor(lossFraction * 1000)));
}

/** Gives a written packet another key phase, in place; `arcStart` is the first byte of its Arc block. */
export function setKeyPhase(bytes: Uint8Array, arcStart: number, keyPhase: number): void {
  bytes[arcStart] = (bytes[arcStart] & 0xf3) | ((keyPhase & 3) << 2);
}
