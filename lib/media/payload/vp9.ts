/**
 * VP9 payload, RFC 9628. Sent without layers, in non-flexible mode; received in any form.
 *
 * A superframe (hidden frames and the shown one, with the index at the end) travels as one frame, index included, and
 * comes out as it went in. Of a picture with spatial layers, the layer frames come out one after the other as one frame.
 */
import { type Fault, fault, ok, type Parsed, truncated } from "../../base/parsed.ts";
import { DELTA_FRAME, DISPOSABLE_FRAME, type FrameClass, KEY_FRAME, type MediaFrame } from "../frame.ts";
import type { FrameAssembly } from "./frame_assembly.ts";
import { FrameDepacketizer, type FrameDepacketizerOptions, type FrameSyntax } from "./frame_depacketizer.ts";
import type { Depacketizer, Packetizer, PayloadSink } from "./payload_format.ts";
import {
  mayBeginVp9Keyframe,
  parseVp9Descriptor,
  VP9_DESCRIPTOR_BYTES,
  type Vp9Descriptor,
  writeVp9Descriptor,
} from "./vp9_descriptor.ts";
import { classifyVp9, classifyVp9Frame } from "./vp9_frame_header.ts";

export class Vp9Packetizer implements Packetizer {
  #pictureId: number;

  /** `initialPictureId` should be random; its low 15 bits count. */
  constructor(initialPictureId = 0) {
    this.#pictureId = initialPictureId & 0x7fff;
  }

  packetize(frame: MediaFrame, maxPayloadBytes: number, sink: PayloadSink): Parsed<number> {
    const { data } = frame;
    const room = maxPayloadBytes - VP9_DESCRIPTOR_BYTES;
    if (room < 1) {
      return fault("bad_length", `Cannot packetize VP9: need payloads of 4 bytes, got ${maxPayloadBytes}`);
    }
    if (data.length === 0) return fault("bad_length", "Cannot packetize VP9: the frame is empty", { offset: 0 });
    let payloads = 0;
    for (let from = 0; from < data.length; from += room) {
      const to = Math.min(data.length, from + room);
      const last = to === data.length;
      const { buffer, offsetBytes } = sink;
      writeVp9Descriptor(buffer, offsetBytes, this.#pictureId, !frame.keyframe, from === 0, last);
      buffer.set(data.subarray(from, to), offsetBytes + VP9_DESCRIPTOR_BYTES);
      sink.commit(VP9_DESCRIPTOR_BYTES + to - from, last, frame.timestampTicks, frame.priority);
      payloads++;
    }
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    return ok(payloads);
  }
}

class Vp9Syntax implements FrameSyntax {
  midFragment = false;
  #keyframe = false;

  begin(): void {
    this.midFragment = false;
  }

  append(payload: Uint8Array, frame: FrameAssembly): Fault | undefined {
    const parsed = parseVp9Descriptor(payload);
    if (!parsed.ok) return parsed.fault;
    const { beginsFrame, endsFrame, spatialId, bytes } = parsed.value;
    if (bytes === payload.length) return truncated("VP9 payload", bytes + 1, bytes).fault;
    if (beginsFrame === this.midFragment) {
      if (frame.length === 0 && frame.afterGap) {
        frame.damaged = true;
        return undefined;
      }
      const expected = beginsFrame ? "the end of a frame" : "the beginning of a frame";
      return fault("bad_state", `Cannot depacketize VP9: need ${expected} first`, { offset: 0 }).fault;
    }
    if (frame.length === 0) {
      this.#keyframe = showsKey(parsed.value, payload);
      // A higher layer may come first: the ones below are then lost, or were never meant for this receiver.
      if (spatialId === 0) frame.proven = true;
    }
    if (!frame.append(payload, bytes, payload.length)) {
      return fault("too_large", "Cannot depacketize VP9: frame over the limit").fault;
    }
    this.midFragment = !endsFrame;
    return undefined;
  }

  classify(data: Uint8Array): FrameClass {
    if (this.#keyframe) return KEY_FRAME;
    return classifyVp9(data) === DISPOSABLE_FRAME ? DISPOSABLE_FRAME : DELTA_FRAME;
  }
}

export function makeVp9Depacketizer(options: FrameDepacketizerOptions = {}): Depacketizer {
  return new FrameDepacketizer(new Vp9Syntax(), options);
}

/** True for a key frame's first payload. */
export function isVp9Keyframe(payload: Uint8Array): boolean {
  if (payload.length === 0 || !mayBeginVp9Keyframe(payload[0])) return false;
  const parsed = parseVp9Descriptor(payload);
  return parsed.ok && showsKey(parsed.value, payload);
}

/**
 * A key frame begins where the descriptor has B and not P, unless the frame's own header says otherwise: some senders
 * never set P, and intra-only frames may go without it.
 */
function showsKey({ beginsFrame, predicted, spatialId, bytes }: Vp9Descriptor, payload: Uint8Array): boolean {
  if (!beginsFrame || predicted || spatialId !== 0) return false;
  const own = classifyVp9Frame(payload, bytes, payload.length);
  return own === undefined || own === KEY_FRAME;
}
