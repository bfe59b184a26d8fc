/** Where received frames go: a media file that players open, one for each stream and kind. */
import { EMPTY_BYTES } from "../../lib/base/bytes.ts";
import { ok } from "../../lib/base/parsed.ts";
import { distance32 } from "../../lib/base/serial.ts";
import { FILE_EXTENSIONS, writerFor } from "../../lib/media/container/writer_for.ts";
import type { MediaWriter } from "../../lib/media/container/media_writer.ts";
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import type { MediaFrame } from "../../lib/media/frame.ts";
import { OutputFile } from "./output_file.ts";

export interface MediaSink {
  /** The file's path. */
  readonly path: string;
  /** Frames written. */
  readonly frames: number;
  /** Frames left out: video before the first key frame, and what the container cannot hold. */
  readonly skipped: number;
  /** Takes a frame in, borrowed for the call. */
  write(frame: MediaFrame): void;
  close(): void;
}

/** Names tried before giving up: a directory with so many recordings of one kind is somebody's mistake. */
const MAX_SAME_NAME = 10_000;

/**
 * Makes `DIR/video-vp9.ivf`, or with `-2`, `-3` where that is taken: nothing is overwritten.
 *
 * @throws CliError where the directory cannot be written; Error where no container holds such a stream.
 */
export function openSink(directory: string, stream: StreamInfo): MediaSink {
  const writer = writerFor(stream);
  if (!writer.ok) throw new Error(writer.fault.message);
  const file = newFile(`${directory}/${stream.kind}-${stream.codec}`, FILE_EXTENSIONS[stream.codec]);
  return new FileSink(file, writer.value, stream.kind === "audio");
}

/** As {@link openSink}, for what no container holds: frame behind frame, as they were in their packets. */
export function openRawSink(directory: string, name: string): MediaSink {
  return new FileSink(newFile(`${directory}/${name}`, ".raw"), RAW, true);
}

const RAW: MediaWriter = {
  write: ({ data }) => ok(data),
  end: () => ({ bytes: EMPTY_BYTES, patches: [] }),
};

function newFile(name: string, extension: string): OutputFile {
  for (let i = 1; i < MAX_SAME_NAME; i++) {
    try {
      return new OutputFile(`${name}${i === 1 ? "" : `-${i}`}${extension}`, { isNew: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
  throw new Error(`${name}: too many files of this name`);
}

class FileSink implements MediaSink {
  readonly path: string;
  frames = 0;
  skipped = 0;
  readonly #file: OutputFile;
  readonly #writer: MediaWriter;
  #hasBegun: boolean;
  #lastTimestamp: number | undefined;
  /** From the first frame written; RTP's timestamps begin anywhere and wrap. */
  #ticks = 0;

  constructor(file: OutputFile, writer: MediaWriter, isAudio: boolean) {
    this.path = file.path;
    this.#file = file;
    this.#writer = writer;
    this.#hasBegun = isAudio;
  }

  write(frame: MediaFrame): void {
    this.#hasBegun ||= frame.keyframe;
    if (!this.#hasBegun) {
      this.skipped++;
      return;
    }
    const step = this.#lastTimestamp === undefined ? 0 : distance32(this.#lastTimestamp, frame.timestampTicks);
    const written = this.#writer.write({ ...frame, timestampTicks: Math.max(0, this.#ticks + step) });
    if (!written.ok) {
      this.skipped++;
      return;
    }
    this.#ticks = Math.max(0, this.#ticks + step);
    this.#lastTimestamp = frame.timestampTicks;
    this.frames++;
    this.#file.write(written.value);
  }

  close(): void {
    const { bytes, patches } = this.#writer.end();
    this.#file.write(bytes);
    for (const patch of patches) this.#file.patch(patch.offsetBytes, patch.bytes);
    this.#file.close();
  }
}
