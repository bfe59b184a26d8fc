/**
 * G.722 as bare octets at 64 kbit/s: no header, nothing to detect it by but the file's name. One octet holds two
 * samples at 16 kHz and is one tick of the RTP clock, which for G.722 runs at 8 kHz (RFC 3551 §4.5.2).
 */
import { EMPTY_BYTES } from "../../base/bytes.ts";
import { ok, type Parsed } from "../../base/parsed.ts";
import { audioFrame, type MediaFrame } from "../frame.ts";
import type { ByteQueue } from "./byte_queue.ts";
import { type ContainerSyntax, makeMediaReader, type MediaReader, NO_FRAME } from "./media_reader.ts";
import type { FileEnd, MediaWriter } from "./media_writer.ts";
import type { AudioStreamInfo } from "./stream_info.ts";

/** 20 ms. */
const FRAME_BYTES = 160;

export const G722_STREAM: AudioStreamInfo = {
  kind: "audio",
  codec: "g722",
  clockRateHz: 8000,
  sampleRateHz: 16_000,
  channels: 1,
};

export function makeG722Reader(): MediaReader {
  return makeMediaReader(new G722Syntax());
}

class G722Syntax implements ContainerSyntax {
  readonly container = "G.722";
  readonly stream = G722_STREAM;
  #timestampTicks = 0;

  next(input: ByteQueue): Parsed<MediaFrame | undefined> {
    if (input.available < FRAME_BYTES && !(input.isEnded && input.available > 0)) return NO_FRAME;
    const data = input.take(Math.min(FRAME_BYTES, input.available));
    const frame = audioFrame(data, this.#timestampTicks, data.length);
    this.#timestampTicks += data.length;
    return ok(frame);
  }
}

export function makeG722Writer(): MediaWriter {
  return {
    write: (frame: MediaFrame): Parsed<Uint8Array> => ok(frame.data.slice()),
    end: (): FileEnd => ({ bytes: EMPTY_BYTES, patches: [] }),
  };
}
