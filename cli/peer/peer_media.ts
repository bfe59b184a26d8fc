/** What a peer sends and where it writes what it receives, opened from the command line. */
import { KNOWN_CODECS, type SupportedCodec } from "../../lib/signaling/selection.ts";
import { CliError } from "../ui/cli_error.ts";
import type { CallTally, ReceivedTally } from "./call_tally.ts";
import { type MediaSink, openSink } from "./media_sink.ts";
import { type MediaSource, openSource } from "./media_source.ts";
import { groupSources, MAX_RENDITIONS, RenditionSet } from "./rendition_set.ts";
import type { StreamStart } from "../../lib/signaling/messages/stream_start.ts";
import type { FrameEvent } from "../../lib/session/media_events.ts";

/** Opens all, or none. @throws CliError */
export function openSending(names: readonly string[], loop: boolean): RenditionSet[] {
  const sources: MediaSource[] = [];
  try {
    names.forEach((name, i) => sources.push(openSource(name, { loop, seed: i + 1 })));
    const groups = groupSources(sources);
    const tooMany = groups.find((group) => group.length > MAX_RENDITIONS);
    if (tooMany !== undefined) {
      const { codec } = tooMany[0].stream;
      throw new CliError("usage", `${tooMany.length} renditions of ${codec}: a stream has at most ${MAX_RENDITIONS}`);
    }
    return groups.map((group) => new RenditionSet(group));
  } catch (error) {
    for (const source of sources) source.close();
    throw error;
  }
}

/** What we send comes first, so that the selection of a session says what will be heard and seen. */
export function codecPreference(sending: readonly RenditionSet[]): readonly SupportedCodec[] {
  const own = new Set<string>(sending.map(({ stream }) => stream.codec));
  return [...KNOWN_CODECS].sort((a, b) => Number(own.has(b.name)) - Number(own.has(a.name)));
}

const DEFAULT_RESOLUTIONS = ["1080p", "720p", "480p", "360p"];

/** Heights of what we send, for `capabilities.resolutions`; what players like where that is none. */
export function resolutionsOf(sending: readonly RenditionSet[]): readonly string[] {
  const heights = sending.flatMap(({ sources }) =>
    sources.map(({ stream }) => stream.kind === "video" ? stream.height : 0)
  );
  const own = [...new Set(heights)].filter((height) => height > 0).map((height) => `${height}p`);
  return own.length > 0 ? own : DEFAULT_RESOLUTIONS;
}

/** The files of `--receive`, one for each stream and medium. */
export class ReceivedFiles {
  readonly #directory: string | undefined;
  readonly #sinks = new Map<ReceivedTally, MediaSink>();
  readonly #failed: (why: string) => void;

  /** `directory` is made where it is not there; undefined: nothing is written. @throws CliError */
  constructor(directory: string | undefined, failed: (why: string) => void) {
    this.#directory = directory;
    this.#failed = failed;
    if (directory === undefined) return;
    try {
      Deno.mkdirSync(directory, { recursive: true });
    } catch (error) {
      throw new CliError("usage", `cannot use ${directory}: ${error instanceof Error ? error.message : error}`);
    }
  }

  sinkOf(tally: ReceivedTally): MediaSink | undefined {
    return this.#sinks.get(tally);
  }

  /** Opens the files of a stream that is new; a stream that cannot be written is still received. */
  offered(start: StreamStart, tally: CallTally): void {
    for (const stream of tally.offered(start)) {
      if (this.#directory === undefined) continue;
      try {
        this.#sinks.set(stream, openSink(this.#directory, stream.stream));
      } catch (error) {
        this.#failed(error instanceof Error ? error.message : String(error));
      }
    }
  }

  frame(event: FrameEvent, tally: CallTally): void {
    const stream = tally.receivedFrame(event);
    if (stream !== undefined) this.#sinks.get(stream)?.write(event.frame);
  }

  close(): void {
    for (const sink of this.#sinks.values()) sink.close();
  }
}
