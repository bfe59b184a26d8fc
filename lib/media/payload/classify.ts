/**
 * What media bytes say of their frame's worth: from whole frames, for containers and encoders; from RTP payloads, for a
 * bridge that must set a priority on packets of others.
 */
import { unreachable } from "../../base/unreachable.ts";
import { AUDIO_FRAME, DELTA_FRAME, type FrameClass } from "../frame.ts";
import { isAv1Keyframe } from "./av1_depacketizer.ts";
import { classifyH264, isH264Keyframe } from "./h264.ts";
import { classifyH265, isH265Keyframe } from "./h265.ts";
import { classifyAv1 } from "./obu.ts";
import type { PayloadFormat } from "./payload_format.ts";
import { isVp9Keyframe } from "./vp9.ts";
import { classifyVp9 } from "./vp9_frame_header.ts";

/**
 * Whether a frame's first payload shows that decoding can begin with it: what a bridge knows of an RTP stream. Always
 * true for audio, false for an opaque codec.
 */
export function isKeyframe(format: PayloadFormat, firstPayload: Uint8Array): boolean {
  switch (format) {
    case "opus":
    case "aac":
    case "g722":
    case "pcm":
      return true;
    case "vp9":
      return isVp9Keyframe(firstPayload);
    case "h264":
      return isH264Keyframe(firstPayload);
    case "h265":
      return isH265Keyframe(firstPayload);
    case "av1":
      return isAv1Keyframe(firstPayload);
    case "opaque":
      return false;
    default:
      return unreachable(format);
  }
}

/** Key frame or not, and the priority, from a frame's own bytes in the form of `frame.ts`: for containers and encoders. */
export function classifyFrame(format: PayloadFormat, data: Uint8Array): FrameClass {
  switch (format) {
    case "opus":
    case "aac":
    case "g722":
    case "pcm":
      return AUDIO_FRAME;
    case "vp9":
      return classifyVp9(data);
    case "h264":
      return classifyH264(data);
    case "h265":
      return classifyH265(data);
    case "av1":
      return classifyAv1(data);
    case "opaque":
      return DELTA_FRAME;
    default:
      return unreachable(format);
  }
}
