/**
 * The payload of a codec that ArcRTC does not know: a frame's bytes as they are, one frame per packet, never cut
 * (SPEC ARC-MEDIA-opaque: a format that needs fragments brings its own). Nothing is known of the bytes, so video is
 * never called a key frame.
 */
import { fault, ok, type Parsed } from "../../base/parsed.ts";
import type { MediaKind } from "../codec.ts";
import { AUDIO_FRAME, DELTA_FRAME, type MediaFrame } from "../frame.ts";
import type { Depacketizer, Packetizer, PayloadSink } from "./payload_format.ts";
import { Talkspurt } from "./talkspurt.ts";
import { WholeDepacketizer } from "./whole_depacketizer.ts";

/** The marker follows RFC 3551 §4.1 and §5: with video it ends the frame, with audio it begins a talkspurt. */
export class OpaquePacketizer implements Packetizer {
  readonly #kind: MediaKind;
  readonly #talkspurt = new Talkspurt();

  constructor(kind: MediaKind) {
    this.#kind = kind;
  }

  packetize(frame: MediaFrame, maxPayloadBytes: number, sink: PayloadSink): Parsed<number> {
    const { data, timestampTicks } = frame;
    if (data.length === 0) return fault("bad_length", "Cannot packetize: the frame is empty", { offset: 0 });
    if (data.length > maxPayloadBytes) {
      return fault(
        "too_large",
        `Cannot packetize: need a payload of ${data.length} bytes, got ${maxPayloadBytes}; opaque frames are never cut`,
      );
    }
    sink.buffer.set(data, sink.offsetBytes);
    const marker = this.#kind === "video" || this.#talkspurt.marker(timestampTicks, frame.durationTicks);
    sink.commit(data.length, marker, timestampTicks, frame.priority);
    return ok(1);
  }
}

export function makeOpaqueDepacketizer(kind: MediaKind): Depacketizer {
  return new WholeDepacketizer(kind === "audio" ? AUDIO_FRAME : DELTA_FRAME, () => 0);
}
