/** ffmpeg and ffprobe, for tests that hold our files against them. */

/** Why tests with ffmpeg cannot run here; undefined when they can. Printed once. */
export const FFMPEG_ABSENT: string | undefined = findAbsence();

function findAbsence(): string | undefined {
  for (const program of ["ffprobe", "ffmpeg"]) {
    try {
      new Deno.Command(program, { args: ["-version"], stdout: "null", stderr: "null" }).outputSync();
    } catch (error) {
      const reason = `${program} cannot be run (${
        error instanceof Error ? error.name : error
      }): apt-get install ffmpeg`;
      console.warn(`ignored: tests against ffmpeg, because ${reason}`);
      return reason;
    }
  }
  return undefined;
}

/** Runs a program to its end and answers its standard output; throws on an exit code or anything on standard error. */
export function run(program: "ffprobe" | "ffmpeg", args: readonly string[]): Uint8Array {
  const { success, stdout, stderr } = new Deno.Command(program, { args: ["-v", "warning", ...args] }).outputSync();
  const complaint = new TextDecoder().decode(stderr).split("\n").filter((line) => !HARMLESS.test(line)).join("\n")
    .trim();
  if (!success || complaint !== "") throw new Error(`${program} ${args.join(" ")}: ${complaint}`);
  return stdout;
}

/** Said of files without a channel layout, or without a bit rate: nothing is wrong with them. */
const HARMLESS = /Guessed Channel Layout|Estimating duration from bitrate/;

export interface ProbedStream {
  readonly codec_name: string;
  readonly width?: number;
  readonly height?: number;
  readonly r_frame_rate: string;
  readonly avg_frame_rate: string;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly nb_read_frames: string;
  readonly duration?: string;
}

export interface ProbedPacket {
  readonly pts?: number;
  readonly size: string;
  readonly flags: string;
  readonly data_hash: string;
}

/** What ffprobe says of a file after decoding all of it, or with `decodes` false after reading it through. */
export function probe(
  path: string,
  decodes = true,
): { readonly stream: ProbedStream; readonly packets: readonly ProbedPacket[] } {
  const json = run("ffprobe", [
    "-show_streams",
    decodes ? "-count_frames" : "-count_packets",
    "-show_packets",
    "-show_data_hash",
    "md5",
    "-of",
    "json",
    path,
  ]);
  const { streams: [stream], packets } = JSON.parse(new TextDecoder().decode(json));
  return { stream, packets };
}
