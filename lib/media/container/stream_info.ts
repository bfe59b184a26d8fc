/** What a container says of the media in it: enough for a STREAM_START and for writing another file of it. */
import type { CodecName } from "../codec.ts";

export interface AudioStreamInfo {
  readonly kind: "audio";
  readonly codec: "opus" | "aac" | "g722" | "pcm";
  /** RTP clock, the unit of the frames' timestamps. */
  readonly clockRateHz: number;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** AAC: the AudioSpecificConfig of ISO/IEC 14496-3 §1.6.2.1, which RFC 3640 carries as `config`. */
  readonly config?: Uint8Array;
  /** Opus: ticks at the start that a player does not play, because the decoder is still settling (RFC 7845 §4.2). */
  readonly preSkipTicks?: number;
}

export interface VideoStreamInfo {
  readonly kind: "video";
  readonly codec: "vp9" | "h264" | "av1" | "h265";
  /** RTP clock, the unit of the frames' timestamps: always 90000. */
  readonly clockRateHz: number;
  /** 0 where the container does not say. */
  readonly width: number;
  readonly height: number;
  /** Frames per second; undefined where the container does not say. */
  readonly fps: number | undefined;
}

export type StreamInfo = AudioStreamInfo | VideoStreamInfo;

/** The type checker's promise that the two lists above are the library's codecs, no more and no less. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
const _allCodecs: Same<StreamInfo["codec"], CodecName> = true;

export const VIDEO_CLOCK_HZ = 90_000;

/** Frame rates that a file may claim and be believed; beyond, timestamps would overrun or stand still. */
export function isPlausibleFps(fps: number): boolean {
  return fps >= 0.1 && fps <= 480;
}
