/** ArcRTP to RTP and back: the Arc block taken out or put in, every other byte as it was. */
import { requireRoom } from "./rtp_header.ts";
import type { RtpView } from "./rtp_view.ts";
import { arcBlockBytes, type ArcBlockFields, type ArcRtpView, writeArcBlock } from "./arcrtp.ts";

/**
 * Writes `packet` without its Arc block into the caller's buffer and returns the bytes written. Quality, priority, key
 * phase, bandwidth and loss are lost. `out` may be the packet's own buffer, with `at` its own start.
 * SPEC ARC-RTP-arc-block-strip.
 *
 * @throws RangeError when the buffer has no room.
 */
export function writeWithoutArcBlock(packet: ArcRtpView, out: Uint8Array, at: number): number {
  return writeParts(packet, 0, out, at);
}

/**
 * Writes the plain RTP `packet` with an Arc block into the caller's buffer and returns the bytes written. The payload
 * type stays as it is: whoever bridges maps it, and refuses those that ArcRTP excludes, before. `out` may be the
 * packet's own buffer, with `at` its own start.
 *
 * @throws RangeError when the buffer has no room.
 */
export function writeWithArcBlock(packet: RtpView, block: ArcBlockFields, out: Uint8Array, at: number): number {
  const bytes = writeParts(packet, arcBlockBytes(block), out, at);
  writeArcBlock(block, out, at + packet.rtpHeaderEnd - packet.start);
  return bytes;
}

/** RTP header, a gap, payload with its padding; the payload first, so that it may move within its own buffer. */
function writeParts(packet: RtpView, gapBytes: number, out: Uint8Array, at: number): number {
  const { bytes, start, rtpHeaderEnd, payloadStart, end } = packet;
  const headBytes = rtpHeaderEnd - start + gapBytes;
  const wholeBytes = headBytes + end - payloadStart;
  requireRoom("packet", wholeBytes, out, at);
  out.set(bytes.subarray(payloadStart, end), at + headBytes);
  out.set(bytes.subarray(start, rtpHeaderEnd), at);
  return wholeBytes;
}
