/**
 * The ArcRTP packet around a repair payload: PR 3, its own SSRC and payload type, the protected SSRC as its only CSRC
 * (SPEC ARC-LOSS-fec-format, ARC-LOSS-fec-csrc).
 */
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { type ArcRtpFields, Priority, writeArcRtpHeader } from "../packet/arcrtp.ts";
import type { RtpView } from "../packet/rtp_view.ts";
import { type RepairPlan, writeRepairPayload } from "./encoder.ts";
import type { FecSource } from "./source.ts";

/** SPEC ARC-MEDIA-default-payload-types. */
export const FLEXFEC_PAYLOAD_TYPE = 115;

/** What the header of a repair packet holds beside what is fixed. */
export interface RepairHeader
  extends Pick<ArcRtpFields, "ssrc" | "sequenceNumber" | "timestamp" | "quality" | "keyPhase" | "extension"> {
  readonly payloadType?: number;
  readonly protectedSsrc: number;
}

/**
 * Writes a whole repair packet for one plan, to be protected like any other, and answers the bytes written.
 *
 * @throws RangeError as `writeRepairPayload` does.
 */
export function writeRepairPacket(
  header: RepairHeader,
  sources: readonly FecSource[],
  plan: RepairPlan,
  out: Uint8Array,
  at: number,
): number {
  const headerBytes = writeArcRtpHeader(
    {
      payloadType: header.payloadType ?? FLEXFEC_PAYLOAD_TYPE,
      sequenceNumber: header.sequenceNumber,
      timestamp: header.timestamp,
      ssrc: header.ssrc,
      csrc: [header.protectedSsrc],
      extension: header.extension,
      quality: header.quality,
      priority: Priority.low,
      keyPhase: header.keyPhase,
    },
    out,
    at,
  );
  return headerBytes + writeRepairPayload(sources, plan, out, at + headerBytes);
}

/** The SSRC that a repair packet protects; `bad_value` unless its CSRC list names just one. */
export function protectedSsrc(repair: RtpView): Parsed<number> {
  if (repair.csrcCount === 1) return ok(repair.csrc(0));
  return fault("bad_value", `Cannot read repair packet: expected one protected SSRC, got ${repair.csrcCount}`, {
    offset: 12,
  });
}
