/** What the FEC tests share: streams of source packets at random. */
import fc from "fast-check";
import { type ArcRtpFields, parseArcRtp } from "../../packet/arcrtp.ts";
import { arcRtpBytes, arcRtpFields } from "../../packet/testing/arbitrary.ts";
import { unwrap } from "../../base/parsed.ts";
import type { FecSource } from "../source.ts";

export const SSRC = 0xcafe_f00d;

/** A source as a sender has it: some packet in a buffer, its K as it happens to be. */
export function sourceOf(fields: ArcRtpFields): FecSource {
  const bytes = arcRtpBytes(fields);
  const view = unwrap(parseArcRtp(bytes));
  return { bytes, start: 0, end: bytes.length, arcStart: view.arcStart };
}

/** The packet with K set to 0: what FEC protects and recovery gives back. */
export function plainBytes(source: FecSource): Uint8Array {
  const bytes = source.bytes.slice(source.start, source.end);
  bytes[source.arcStart - source.start] &= 0xf3;
  return bytes;
}

/** Packets of every shape with consecutive sequence numbers from `index` on, of one SSRC. */
export function streams(minLength: number, maxLength: number): fc.Arbitrary<{ first: number; sources: FecSource[] }> {
  return fc.tuple(
    fc.oneof(fc.nat(200_000), fc.integer({ min: 65_500, max: 65_540 }), fc.constant(2 ** 48 - 500)),
    fc.array(arcRtpFields, { minLength, maxLength, size: "max" }),
  ).map(([first, packets]) => ({
    first,
    sources: packets.map((fields, i) => sourceOf({ ...fields, ssrc: SSRC, sequenceNumber: (first + i) % 0x1_0000 })),
  }));
}
