/** What a peer sends: a media file read piece by piece, or a synthetic source; frames with times that begin at 0. */
import { DETECT_BYTES, openMedia } from "../../lib/media/container/open_media.ts";
import type { MediaReader } from "../../lib/media/container/media_reader.ts";
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import type { MediaFrame } from "../../lib/media/frame.ts";
import { isTestSource, makeTestSource, TEST_SOURCES } from "../../lib/media/synthetic.ts";
import { CliError } from "../ui/cli_error.ts";

export interface MediaSource {
  /** As it was given on the command line. */
  readonly name: string;
  readonly stream: StreamInfo;
  /** Of the media itself; for files estimated from their beginning. */
  readonly bitrateBps: number;
  /** Why the source ended before its end: what is wrong with the file. */
  readonly complaint: string | undefined;
  /** The next frame, which belongs to the caller; undefined at the end. Times begin at 0 and never go back. */
  next(): MediaFrame | undefined;
  /** The next frame should be a key frame. Files have theirs where they have them. */
  requestKeyframe(): void;
  close(): void;
}

export interface SourceOptions {
  /** Files begin anew at their end, their times going on. */
  readonly loop: boolean;
  /** For synthetic sources. */
  readonly seed: number;
}

const CHUNK_BYTES = 64 * 1024;
/** How much of a file is looked at for its bit rate, before the first frame is sent. */
const ESTIMATE_S = 2;

/** Opens `name`, a path or `test:...`. @throws CliError where it is neither or holds no media. */
export function openSource(name: string, options: SourceOptions): MediaSource {
  if (!name.startsWith("test:")) return new FileSource(name, options.loop);
  if (!isTestSource(name)) {
    throw new CliError("usage", `no test source is called '${name}'`, `there are ${TEST_SOURCES.join(", ")}`);
  }
  const source = makeTestSource(name, { seed: options.seed, sourceId: options.seed });
  return {
    name,
    stream: source.stream,
    bitrateBps: TEST_BITRATE_BPS[name],
    complaint: undefined,
    next: () => source.next(),
    requestKeyframe: () => source.requestKeyframe(),
    close() {},
  };
}

/** What `lib/media/synthetic.ts` makes by default. */
const TEST_BITRATE_BPS = { "test:audio": 48_000, "test:tone": 256_000, "test:video": 400_000 } as const;

class FileSource implements MediaSource {
  readonly name: string;
  readonly stream: StreamInfo;
  readonly bitrateBps: number;
  readonly #loops: boolean;
  #file: OpenFile;
  /** Read ahead for the estimate. */
  readonly #ahead: MediaFrame[] = [];
  /** Added to the file's own times. */
  #shiftTicks: number;
  #lastTicks = 0;
  #stepTicks = 0;

  constructor(name: string, loops: boolean) {
    this.name = name;
    this.#loops = loops;
    this.#file = new OpenFile(name);
    const first = this.#file.next();
    if (first === undefined || this.#file.stream === undefined) {
      this.#file.close();
      throw new CliError("usage", `cannot send ${name}: ${this.#file.complaint ?? "it holds no frames"}`);
    }
    this.stream = this.#file.stream;
    this.#shiftTicks = -first.timestampTicks;
    const { clockRateHz } = this.stream;
    let frame: MediaFrame | undefined = first;
    let bytes = 0;
    while (frame !== undefined) {
      this.#ahead.push(frame);
      bytes += frame.data.length;
      if (frame.timestampTicks - first.timestampTicks >= ESTIMATE_S * clockRateHz) break;
      frame = this.#file.next();
    }
    const seconds = lengthTicks(this.#ahead) / clockRateHz;
    this.bitrateBps = Math.max(1, Math.round((bytes * 8) / (seconds > 0 ? seconds : 1)));
  }

  get complaint(): string | undefined {
    return this.#file.complaint;
  }

  next(): MediaFrame | undefined {
    let frame = this.#ahead.shift() ?? this.#file.next();
    if (frame === undefined && this.#loops && this.#file.complaint === undefined) {
      this.#file.close();
      this.#file = new OpenFile(this.name);
      frame = this.#file.next();
      if (frame !== undefined) this.#shiftTicks = this.#lastTicks + this.#stepTicks - frame.timestampTicks;
    }
    if (frame === undefined) return undefined;
    const timestampTicks = Math.max(this.#lastTicks, frame.timestampTicks + this.#shiftTicks);
    this.#stepTicks = frame.durationTicks || timestampTicks - this.#lastTicks || this.#stepTicks;
    this.#lastTicks = timestampTicks;
    return { ...frame, timestampTicks };
  }

  requestKeyframe(): void {}

  close(): void {
    this.#file.close();
  }
}

/** From the first frame's beginning to the last one's end; the last video frame lasts as long as the one before. */
function lengthTicks(frames: readonly MediaFrame[]): number {
  const last = frames[frames.length - 1];
  const toLast = last.timestampTicks - frames[0].timestampTicks;
  return toLast + (last.durationTicks || (frames.length > 1 ? toLast / (frames.length - 1) : 0));
}

/** One pass through a file, a chunk in memory at a time. */
class OpenFile {
  readonly #name: string;
  readonly #file: Deno.FsFile;
  readonly #reader: MediaReader;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #isAtEnd = false;
  #isClosed = false;

  constructor(name: string) {
    this.#name = name;
    try {
      this.#file = Deno.openSync(name);
    } catch (error) {
      throw new CliError("usage", `cannot read ${name}: ${error instanceof Error ? error.message : error}`);
    }
    const head = this.#readHead();
    const reader = openMedia(head, name);
    if (!reader.ok) {
      this.close();
      throw new CliError("usage", reader.fault.message, `synthetic sources are ${TEST_SOURCES.join(", ")}`);
    }
    this.#reader = reader.value;
    this.#reader.push(head);
  }

  get stream(): StreamInfo | undefined {
    return this.#reader.stream;
  }

  get complaint(): string | undefined {
    return this.#reader.fault === undefined ? undefined : `${this.#name}: ${this.#reader.fault.message}`;
  }

  next(): MediaFrame | undefined {
    for (;;) {
      const frame = this.#reader.poll();
      if (frame !== undefined || this.#isAtEnd || this.#reader.fault !== undefined) return frame;
      const count = this.#isClosed ? null : this.#file.readSync(this.#chunk);
      if (count !== null) this.#reader.push(this.#chunk.subarray(0, count));
      else {
        this.#isAtEnd = true;
        this.#reader.end();
      }
    }
  }

  /** A read may answer less than was asked for. */
  #readHead(): Uint8Array {
    const head = new Uint8Array(DETECT_BYTES);
    let length = 0;
    while (length < head.length) {
      const count = this.#file.readSync(head.subarray(length));
      if (count === null) break;
      length += count;
    }
    return head.subarray(0, length);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.close();
  }
}
