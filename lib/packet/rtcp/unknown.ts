/** RTCP packets of a type or feedback format that the library does not read (APP, XR, REMB, ...): kept byte for byte. */
import { RTCP_HEADER_BYTES, type RtcpHeader, writeRtcpHeader } from "./header.ts";

export interface UnknownRtcp {
  readonly kind: "unknown";
  readonly packetType: number;
  /** The five bits of the count field. */
  readonly count: number;
  /** The P bit: `body` then ends in padding whose last byte counts it. */
  readonly padding: boolean;
  /** Everything behind the header, padding included; a view of the packet where it was parsed. */
  readonly body: Uint8Array;
}

/** Cannot fail: the header has settled the extent. The body borrows `b`. */
export function parseUnknown(b: Uint8Array, header: RtcpHeader): UnknownRtcp {
  return {
    kind: "unknown",
    packetType: header.packetType,
    count: header.count,
    padding: header.contentEnd !== header.end,
    body: b.subarray(header.offsetBytes + RTCP_HEADER_BYTES, header.end),
  };
}

export function unknownBytes(packet: UnknownRtcp): number {
  return RTCP_HEADER_BYTES + packet.body.length;
}

/** Fills `out` from `at` and answers the bytes written. */
export function writeUnknown(packet: UnknownRtcp, out: Uint8Array, at: number): number {
  const bytes = unknownBytes(packet);
  writeRtcpHeader(out, at, packet.packetType, packet.count, bytes);
  if (packet.padding) out[at] |= 0x20;
  out.set(packet.body, at + RTCP_HEADER_BYTES);
  return bytes;
}
