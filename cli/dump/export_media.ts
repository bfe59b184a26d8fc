/** `--export`: the media of a capture as files that players open, one for each medium of each stream. */
import { CODECS, isCodecName } from "../../lib/media/codec.ts";
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import type { MediaFrame } from "../../lib/media/frame.ts";
import { type ExportTrack, MediaExport } from "../../lib/dissect/export/media_export.ts";
import { EXIT, type ExitCode } from "../exit_codes.ts";
import { type MediaSink, openRawSink, openSink } from "../peer/media_sink.ts";
import { announcedMedia } from "../peer/stream_offer.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { textTable } from "../ui/table.ts";
import { CapturePass } from "./capture_pass.ts";
import type { DumpFlags } from "./dump_flags.ts";
import { Progress } from "./progress.ts";
import type { WriteTask } from "./file_outputs.ts";

const PLAIN_SAMPLE_RATE_HZ = 48_000;

/** @throws CliError */
export async function exportMedia(task: WriteTask, directory: string, flags: DumpFlags, io: Io): Promise<ExitCode> {
  const { source, keys, registry, passes, note } = task;
  const files = new ExportFiles(directory, note);
  const media = new MediaExport(files);
  let lastS = 0;
  const pass = new CapturePass({
    unit: (unit) => {
      lastS = unit.timeS;
      if (passes?.(unit) !== false) media.unit(unit);
    },
    note,
  }, registry === undefined ? { keys } : { keys, registry });
  try {
    await pass.run(source, source.isLive || flags.quiet ? undefined : new Progress(io, source.sizeBytes));
    media.end(lastS);
  } finally {
    files.close();
  }
  tellRest(media, files, source.name, note);
  io.stdout(flags.json ? exportJson(files, media) : exportText(files));
  const { fault } = pass.reader;
  if (fault === undefined) return EXIT.ok;
  io.stderr(`error: ${source.name}: ${fault.message}; the ${pass.dissector.packets} packets before it were read\n`);
  return EXIT.finding;
}

/** The files by their tracks, opened when the first frame is there. */
class ExportFiles {
  readonly #directory: string;
  readonly #sinks = new Map<ExportTrack, MediaSink | undefined>();
  readonly #note: (text: string) => void;

  constructor(directory: string, note: (text: string) => void) {
    this.#directory = directory;
    this.#note = note;
  }

  get list(): readonly (readonly [ExportTrack, MediaSink])[] {
    return [...this.#sinks].flatMap(([track, sink]) => sink === undefined ? [] : [[track, sink] as const]);
  }

  frame(track: ExportTrack, frame: MediaFrame): void {
    if (!this.#sinks.has(track)) this.#sinks.set(track, this.#open(track));
    this.#sinks.get(track)?.write(frame);
  }

  close(): void {
    for (const [, sink] of this.list) sink.close();
  }

  /** A medium that no container holds is told of and left out. */
  #open(track: ExportTrack): MediaSink | undefined {
    try {
      Deno.mkdirSync(this.#directory, { recursive: true });
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      throw new CliError("usage", `cannot use ${this.#directory}: ${why}`);
    }
    const { kind, codecName } = track.format;
    if (!isCodecName(codecName)) return openRawSink(this.#directory, `${kind}-${codecName}`);
    try {
      return openSink(this.#directory, infoOf(track));
    } catch (error) {
      if (error instanceof CliError) throw error;
      this.#note(`${kind} ${codecName} is left out: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }
}

/** As it was announced; of plain RTP as the payload type has it. */
function infoOf({ stream, format }: ExportTrack): StreamInfo {
  const announced = stream === undefined
    ? undefined
    : announcedMedia(stream.start).find(({ kind }) => kind === format.kind);
  if (announced !== undefined) return announced;
  const { codecName, clockRateHz, channels } = format;
  const codec = CODECS.find(({ name }) => name === codecName);
  if (codec === undefined) throw new Error(`no container holds ${codecName}`);
  if (codec.kind === "video") {
    return { kind: "video", codec: codec.name, clockRateHz, width: 0, height: 0, fps: undefined };
  }
  return { kind: "audio", codec: codec.name, clockRateHz, sampleRateHz: PLAIN_SAMPLE_RATE_HZ, channels };
}

/** What is not in the files, and what would help. @throws CliError where there are none. */
function tellRest(media: MediaExport, { list }: ExportFiles, source: string, note: (text: string) => void): void {
  const closed = sum(media.closed.values());
  const unknown = sum(media.unknown.values());
  const locked = `${closed} packets of ${media.closed.size} SSRCs are encrypted, and no key that is held opens them`;
  const strange = `${unknown} packets of ${media.unknown.size} SSRCs are of no stream that is announced`;
  if (list.length === 0) {
    const hint = "--keylog FILE names the log that arcrtc peer call --keylog writes; streams under TLS are in it too";
    if (closed > 0) throw new CliError("nothingSelected", `no media to export: ${locked}`, hint);
    if (unknown > 0) throw new CliError("nothingSelected", `no media to export: ${strange}`, hint);
    throw new CliError("nothingSelected", `${source} has no media to export`);
  }
  if (closed > 0) note(locked);
  if (unknown > 0) note(strange);
  if (media.further.size > 0) note(`${media.further.size} streams more are left out: too many at a time`);
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const each of counts) total += each;
  return total;
}

function exportText({ list }: ExportFiles): string {
  const rows = list.map(([track, sink]) => [
    sink.path,
    `${track.format.kind} ${track.format.codecName}`,
    track.format.ssrc.toString(16).padStart(8, "0"),
    String(sink.frames),
    String(sink.skipped),
    String(track.packets),
    String(track.missing),
    String(track.restored),
  ]);
  const headings = ["file", "media", "ssrc", "frames", "left out", "packets", "missing", "restored"];
  return textTable([headings, ...rows], ["left", "left", "left", "right", "right", "right", "right", "right"]);
}

function exportJson({ list }: ExportFiles, media: MediaExport): string {
  const files = list.map(([track, sink]) => ({
    path: sink.path,
    kind: track.format.kind,
    codec: track.format.codecName,
    ssrc: track.format.ssrc,
    session: track.stream?.session.id ?? null,
    stream: track.stream?.id ?? null,
    frames: sink.frames,
    frames_left_out: sink.skipped,
    packets: track.packets,
    packets_missing: track.missing,
    packets_restored: track.restored,
  }));
  const encrypted = sum(media.closed.values());
  return jsonDocument(
    envelope("dump", { files, encrypted_packets: encrypted, unknown_packets: sum(media.unknown.values()) }),
  );
}
