/**
 * One frame of media, between a container or encoder and a payload format. Both sides agree on the form of `data`:
 *
 * | codec  | `data` is |
 * |--------|-----------|
 * | opus   | one Opus packet (RFC 6716 §3) |
 * | aac    | one raw access unit, without ADTS header |
 * | g722   | any number of G.722 bytes (1 byte = 1 tick of the 8 kHz clock) |
 * | pcm    | interleaved 16-bit **big-endian** samples, whole sample frames (network order; WAV readers and writers swap) |
 * | vp9    | one frame, or one superframe with its index, as in an IVF frame |
 * | h264, h265 | one access unit as Annex B bytes; canonical start codes are the shortest that Annex B allows: 4 bytes for
 * |        | the first NAL unit and for parameter sets, 3 elsewhere (what x264, x265 and ffmpeg write) |
 * | av1    | one temporal unit as low-overhead OBUs with size fields, beginning with its temporal delimiter, as in IVF |
 * | custom | opaque bytes |
 */
import { Priority } from "../packet/arcrtp.ts";

export interface MediaFrame {
  /**
   * The bytes, in the form that the table above fixes. Who makes the frame says who owns them: frames of a container
   * reader own theirs; frames of a depacketizer borrow, until its next `push`.
   */
  readonly data: Uint8Array;
  /** Presentation time in ticks of the RTP clock, unwrapped (an integer below 2^53; the session wraps and offsets it). */
  readonly timestampTicks: number;
  /** Length in ticks of the RTP clock; 0 where it is not known (video). */
  readonly durationTicks: number;
  /** True when decoding can begin here; always true for audio. */
  readonly keyframe: boolean;
  /** PR of all its packets. SPEC ARC-RTP-priority-values. */
  readonly priority: Priority;
  /**
   * False when packets before the first one seen may be missing: nothing else is, but the format has no mark for the
   * start of a frame and the packet before was lost or is unknown. Always true in frames that are to be sent.
   */
  readonly complete: boolean;
}

/** A whole audio frame; every one can be decoded on its own. */
export function audioFrame(data: Uint8Array, timestampTicks: number, durationTicks: number): MediaFrame {
  return { data, timestampTicks, durationTicks, keyframe: true, priority: Priority.critical, complete: true };
}

/** A whole video frame. `durationTicks` 0: unknown. */
export function videoFrame(
  data: Uint8Array,
  timestampTicks: number,
  durationTicks: number,
  kind: FrameClass,
): MediaFrame {
  return { data, timestampTicks, durationTicks, keyframe: kind.keyframe, priority: kind.priority, complete: true };
}

/** What a frame's own bytes say about its worth: see `payload/classify.ts`. */
export interface FrameClass {
  readonly keyframe: boolean;
  readonly priority: Priority;
}

export const AUDIO_FRAME: FrameClass = { keyframe: true, priority: Priority.critical };
export const KEY_FRAME: FrameClass = { keyframe: true, priority: Priority.high };
export const DELTA_FRAME: FrameClass = { keyframe: false, priority: Priority.medium };
export const DISPOSABLE_FRAME: FrameClass = { keyframe: false, priority: Priority.low };
