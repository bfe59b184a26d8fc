/**
 * The codecs of ArcRTC: one table of names, kinds, default payload types, clocks and payload formats.
 * Nothing else in the library lists codecs. SPEC ARC-MEDIA-default-payload-types, ARC-RTP-clock-rate.
 */

export type MediaKind = "audio" | "video";

/** One row of {@link CODECS}. */
export interface Codec {
  readonly name: string;
  readonly kind: MediaKind;
  /** Default RTP payload type; STREAM_START may name another. */
  readonly payloadType: number;
  /** RTP clock in Hz, or `sampling`: the stream's own sampling rate. G.722's is half of it (RFC 3551 §4.5.2). */
  readonly clock: number | "sampling";
  /** The document that defines the RTP payload. */
  readonly format: string;
}

/** In the caller's default order of preference. */
export const CODECS = [
  { name: "opus", kind: "audio", payloadType: 111, clock: 48000, format: "RFC 7587" },
  { name: "vp9", kind: "video", payloadType: 98, clock: 90000, format: "RFC 9628" },
  { name: "h264", kind: "video", payloadType: 102, clock: 90000, format: "RFC 6184" },
  { name: "av1", kind: "video", payloadType: 45, clock: 90000, format: "AOM AV1 RTP 1.0" },
  { name: "h265", kind: "video", payloadType: 100, clock: 90000, format: "RFC 7798" },
  { name: "aac", kind: "audio", payloadType: 104, clock: "sampling", format: "RFC 3640 AAC-hbr" },
  { name: "g722", kind: "audio", payloadType: 9, clock: 8000, format: "RFC 3551 §4.5.2" },
  { name: "pcm", kind: "audio", payloadType: 105, clock: "sampling", format: "RFC 3551 §4.5.11" },
] as const satisfies readonly Codec[];

/** A codec whose payload format the library knows. Any other is custom, carried as opaque payload (ARC-MEDIA-opaque). */
export type CodecName = (typeof CODECS)[number]["name"];

/** Default payload types of the streams that protect media (RFC 4588, RFC 8627). */
export const RTX_PAYLOAD_TYPE = 97;
export const FLEXFEC_PAYLOAD_TYPE = 115;

/** What a custom codec may be called. */
export const CODEC_NAME_PATTERN = /^[a-z0-9._-]{1,32}$/;

const BY_NAME: ReadonlyMap<string, (typeof CODECS)[number]> = new Map(CODECS.map((codec) => [codec.name, codec]));

/** The row of a known codec; `undefined` for a custom one. */
export function findCodec(name: string): (typeof CODECS)[number] | undefined {
  return BY_NAME.get(name);
}

export function isCodecName(name: string): name is CodecName {
  return BY_NAME.has(name);
}

/** The row of a codec that is known to be in the table. */
export function codecOf(name: CodecName): (typeof CODECS)[number] {
  const codec = BY_NAME.get(name);
  if (codec === undefined) throw new Error(`Cannot find codec ${name}: not in the table`);
  return codec;
}

/** RTP clock in Hz of a stream of `name` sampled at `sampleRateHz` (which only AAC and PCM look at). */
export function rtpClockRateHz(name: CodecName, sampleRateHz: number): number {
  const { clock } = codecOf(name);
  return clock === "sampling" ? sampleRateHz : clock;
}
