/**
 * The `armoricore` dialect of RTP and ArcRTP: what the public engine writes and accepts, byte for byte. The layout is
 * ArcRTP's; the differences are in what is refused:
 *
 * | | `arcrtc-1.0` | `armoricore` |
 * |---|---|---|
 * | bytes behind the RTP header | 4, or 5 with the loss flag | always 5, and 16 in all |
 * | padding of ArcRTP | judged and stripped | left in the payload |
 * | padding count 0 of plain RTP | malformed | accepted |
 * | payload types 64..95 | malformed | accepted |
 * | low four bits of the block's first byte | key phase, reserved | written 0, ignored |
 *
 * Quality is the engine's own, the state of the network as the sender sees it, and no rung of a ladder.
 */
import { ok, type Parsed } from "../base/parsed.ts";
import {
  ARC_BLOCK_BYTES,
  arcBlockBytes,
  ARCRTP_MIN_HEADER_BYTES,
  type ArcRtpFields,
  ArcRtpView,
  writeArcBlock,
} from "./arcrtp.ts";
import { RTP_VERSION, type RtpFields, rtpHeaderBytes, writePayload, writeRtpHeaderAs } from "./rtp_header.ts";
import { RtpView } from "./rtp_view.ts";

/** The engine's names of Q, by value. */
export const ARMORICORE_QUALITIES = ["Excellent", "Good", "Fair", "Poor"] as const;

/** The engine's names of PR, by value. */
export const ARMORICORE_PRIORITIES = ["Critical", "High", "Medium", "Low"] as const;

/** A plain RTP packet in the engine's terms: what its header claims is written even where it contradicts the rest. */
export interface ArmoricoreRtpFields extends RtpFields {
  /** V; 2 when left out. */
  readonly version?: number;
  /** X; true with an `extension` when left out. */
  readonly hasExtension?: boolean;
  /** CC, modulo 16; the length of `csrc` when left out. */
  readonly csrcCount?: number;
}

/** An ArcRTP packet in the engine's terms. */
export type ArmoricoreArcRtpFields =
  & ArmoricoreRtpFields
  & Pick<ArcRtpFields, "quality" | "priority" | "bandwidthKbps" | "lossTenths">;

/** A view of plain RTP as the engine parses it: a padding count of 0 is accepted and strips nothing. */
export class ArmoricoreRtpView extends RtpView {
  protected override readonly leastPadding: number = 0;
}

/** A view of ArcRTP as the engine parses it. Padding is not for stripping: the engine leaves it in the payload. */
export class ArmoricoreArcRtpView extends ArcRtpView {
  /**
   * Moves the view to the packet at `bytes[start..end)`. The engine wants 16 bytes, and 5 behind the RTP header with or
   * without the loss flag: an ArcRTP packet without loss and payload is `truncated`.
   */
  override parse(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (!this.parseHeader(bytes, start, end, ARCRTP_MIN_HEADER_BYTES, ARC_BLOCK_BYTES + 1)) return false;
    this.payloadStart = this.arcStart + ARC_BLOCK_BYTES + (this.hasLoss ? 1 : 0);
    return true;
  }

  /** The engine knows no key phases. */
  override get keyPhase(): number {
    return 0;
  }
}

/** Parses plain RTP as the engine does, padding stripped. The view borrows `bytes`. */
export function parseArmoricoreRtp(bytes: Uint8Array): Parsed<ArmoricoreRtpView> {
  const view = new ArmoricoreRtpView();
  return view.parse(bytes) && view.stripPadding() ? ok(view) : { ok: false, fault: view.fault() };
}

/** Parses ArcRTP as the engine does. The view borrows `bytes`. */
export function parseArmoricoreArcRtp(bytes: Uint8Array): Parsed<ArmoricoreArcRtpView> {
  const view = new ArmoricoreArcRtpView();
  return view.parse(bytes) ? ok(view) : { ok: false, fault: view.fault() };
}

/**
 * Writes plain RTP as the engine does and returns the bytes written: no padding is added, whatever `padding` says.
 *
 * @throws RangeError when the buffer has no room.
 */
export function writeArmoricoreRtp(fields: ArmoricoreRtpFields, out: Uint8Array, at: number): number {
  const headerBytes = writeHeader(fields, out, at);
  return headerBytes + writePayload(fields.payload, out, at + headerBytes);
}

/**
 * Writes ArcRTP as the engine does and returns the bytes written.
 *
 * @throws RangeError when the buffer has no room.
 */
export function writeArmoricoreArcRtp(fields: ArmoricoreArcRtpFields, out: Uint8Array, at: number): number {
  const rtpBytes = writeHeader(fields, out, at);
  const headerBytes = rtpBytes + writeArcBlock({ ...fields, keyPhase: 0 }, out, at + rtpBytes);
  return headerBytes + writePayload(fields.payload, out, at + headerBytes);
}

/** Bytes that {@link writeArmoricoreArcRtp} writes for these fields. */
export function armoricoreArcRtpBytes(fields: ArmoricoreArcRtpFields): number {
  const payloadBytes = fields.payload === undefined ? 0 : fields.payload.length;
  return rtpHeaderBytes(fields) + arcBlockBytes(fields) + payloadBytes;
}

/** The engine's loss byte for a percentage: ten times it in single precision, truncated, held within 0..255. */
export function armoricoreLossTenths(lossPercent: number): number {
  const tenths = Math.trunc(Math.fround(Math.fround(lossPercent) * 10));
  return Number.isNaN(tenths) ? 0 : Math.min(255, Math.max(0, tenths));
}

function writeHeader(fields: ArmoricoreRtpFields, out: Uint8Array, at: number): number {
  const { version = RTP_VERSION, csrcCount = fields.csrc?.length ?? 0 } = fields;
  const { hasExtension = fields.extension !== undefined } = fields;
  const first = ((version & 3) << 6) | (fields.padding === true ? 0x20 : 0) | (hasExtension ? 0x10 : 0) |
    (csrcCount & 0x0f);
  return writeRtpHeaderAs(first, fields, out, at);
}
