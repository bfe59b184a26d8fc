/** What the packet tests share: packets at random, and bytes laid into a larger, dirty buffer. */
import fc from "fast-check";
import { SeededRng } from "../../base/rng.ts";
import {
  type ArcBlockFields,
  type ArcRtpFields,
  arcRtpHeaderBytes,
  isUsablePayloadType,
  writeArcRtp,
} from "../arcrtp.ts";
import { type RtpFields, rtpHeaderBytes, writeRtp } from "../rtp_header.ts";

export const u16 = fc.integer({ min: 0, max: 0xffff });
export const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
export const twoBits = fc.integer({ min: 0, max: 3 });

const wholeWords = fc.integer({ min: 0, max: 6 }).chain((words) =>
  fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words })
);

const extension = fc.tuple(fc.oneof(u16, fc.constant(0xbede)), wholeWords).map(([profile, data]) => ({
  profile,
  data,
}));

/** A payload, with padding of 1..its length at the end when `padding` is set. */
const payloads: fc.Arbitrary<{ padding: boolean; payload: Uint8Array }> = fc.oneof(
  fc.record({ padding: fc.constant(false), payload: fc.uint8Array({ maxLength: 40, size: "max" }) }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40, size: "max" }), fc.nat()).map(([payload, n]) => {
    payload[payload.length - 1] = 1 + n % payload.length;
    return { padding: true, payload };
  }),
);

const rtpOf = (payloadType: fc.Arbitrary<number>) => ({
  marker: fc.boolean(),
  payloadType,
  sequenceNumber: u16,
  timestamp: u32,
  ssrc: u32,
  csrc: fc.array(u32, { maxLength: 15, size: "max" }),
  extension: fc.option(extension, { nil: undefined }),
});

/** Plain RTP packets of every shape, whole words of extension, padding counts in range. */
export const rtpFields: fc.Arbitrary<RtpFields> = fc.tuple(
  fc.record(rtpOf(fc.integer({ min: 0, max: 127 }))),
  payloads,
).map(([header, body]) => ({ ...header, ...body }));

/** Arc blocks of every shape. */
export const arcBlockFields: fc.Arbitrary<ArcBlockFields> = fc.record({
  quality: twoBits,
  priority: twoBits,
  keyPhase: twoBits,
  bandwidthKbps: fc.option(u16, { nil: undefined }),
  lossTenths: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
}, { noNullPrototype: true });

/** ArcRTP packets of every shape. */
export const arcRtpFields: fc.Arbitrary<ArcRtpFields> = fc.tuple(
  fc.record(rtpOf(fc.integer({ min: 0, max: 127 }).filter(isUsablePayloadType))),
  arcBlockFields,
  payloads,
).map(([header, block, body]) => ({ ...header, ...block, ...body }));

/** Bytes that look like packets often enough: anything, but with version 2 in half of the cases. */
export const anyBytes: fc.Arbitrary<Uint8Array> = fc.tuple(fc.uint8Array({ maxLength: 120, size: "max" }), fc.boolean())
  .map(
    ([bytes, versionTwo]) => {
      if (versionTwo && bytes.length > 0) bytes[0] = 0x80 | (bytes[0] & 0x3f);
      return bytes;
    },
  );

/** The packet in a buffer of its own. */
export function arcRtpBytes(fields: ArcRtpFields): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(arcRtpHeaderBytes(fields) + (fields.payload?.length ?? 0));
  writeArcRtp(fields, out, 0);
  return out;
}

/** The plain RTP packet in a buffer of its own. */
export function rtpBytes(fields: RtpFields): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(rtpHeaderBytes(fields) + (fields.payload?.length ?? 0));
  writeRtp(fields, out, 0);
  return out;
}

/** Bytes in the middle of a larger buffer of noise, behind an offset of its own in its ArrayBuffer. */
export function inDirtyPool(packet: Uint8Array, seed = 1): { pool: Uint8Array; start: number; end: number } {
  const whole = new SeededRng(seed).fill(new Uint8Array(packet.length + 160));
  const pool = whole.subarray(13);
  const start = 51;
  pool.set(packet, start);
  return { pool, start, end: start + packet.length };
}
