/** Our containers held against ffmpeg's: the same frames out of its files, and our files open and decode in it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { concatBytes } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { CODECS } from "../codec.ts";
import { makeTestSource, type TestSourceName } from "../synthetic.ts";
import type { MediaFrame } from "../frame.ts";
import { openMedia } from "./open_media.ts";
import { readAllFrames } from "./media_reader.ts";
import { writeAllFrames } from "./media_writer.ts";
import type { StreamInfo } from "./stream_info.ts";
import { FFMPEG_ABSENT, probe, run } from "./testing/ffmpeg.ts";
import { FIXTURES_DIRECTORY, MEDIA_FIXTURES } from "./testing/media_fixtures.ts";
import { FILE_EXTENSIONS, writerFor } from "./writer_for.ts";

const FFMPEG_NAMES: Readonly<Record<StreamInfo["codec"], string>> = {
  opus: "opus",
  aac: "aac",
  g722: "adpcm_g722",
  pcm: "pcm_s16le",
  vp9: "vp9",
  av1: "av1",
  h264: "h264",
  h265: "hevc",
};

function test(name: string, body: (directory: string) => void): void {
  Deno.test({
    name: FFMPEG_ABSENT === undefined ? name : `${name} (${FFMPEG_ABSENT})`,
    ignore: FFMPEG_ABSENT !== undefined,
    fn() {
      const directory = Deno.makeTempDirSync();
      try {
        body(directory);
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    },
  });
}

function read(file: string, name: string): { stream: StreamInfo; frames: MediaFrame[] } {
  const bytes = Deno.readFileSync(file);
  const reader = unwrap(openMedia(bytes, name));
  const frames = readAllFrames(reader, bytes);
  assert.equal(reader.fault, undefined);
  assert.ok(reader.stream);
  return { stream: reader.stream, frames };
}

function write(directory: string, stream: StreamInfo, frames: readonly MediaFrame[]): string {
  const path = `${directory}/written${FILE_EXTENSIONS[stream.codec]}`;
  Deno.writeFileSync(path, writeAllFrames(unwrap(writerFor(stream)), frames));
  return path;
}

const seconds = (stream: StreamInfo, frames: readonly MediaFrame[]) =>
  frames.reduce((sum, frame) => sum + frame.durationTicks, 0) / stream.clockRateHz;

/** One file per codec: every program start costs. */
const ONE_PER_CODEC = CODECS.map(({ name }) => MEDIA_FIXTURES.filter(({ codec }) => codec === name).slice(-1)[0]);

/** A frame as ffmpeg cuts it out of the file: its ADTS packets keep their header, and its H.265 parser leaves the zero
 * before a start code with the unit before. */
function asFfmpegCuts(codec: string, frames: readonly MediaFrame[], i: number): Uint8Array {
  const { data } = frames[i];
  if (codec === "aac") return concatBytes(new Uint8Array(7), data);
  if (codec !== "h265") return data;
  return concatBytes(i > 0 ? data.subarray(1) : data, new Uint8Array(i < frames.length - 1 ? 1 : 0));
}

for (const { file, codec, frames: frameCount } of ONE_PER_CODEC) {
  const path = fileURLToPath(new URL(file, FIXTURES_DIRECTORY));

  if (codec !== "pcm" && codec !== "g722") {
    test(`ffprobe: ${file} has the frames that we read in it, to the bit`, () => {
      const { frames } = read(path, file);
      const { packets } = probe(path, false);
      const hash = (data: Uint8Array) => codec === "aac" ? "" : `MD5:${createHash("md5").update(data).digest("hex")}`;
      assert.deepEqual(
        frames.map(({ keyframe }, i) => {
          const data = asFfmpegCuts(codec, frames, i);
          return [data.length, keyframe, hash(data)];
        }),
        packets.map(({ size, flags, data_hash }) => [
          Number(size),
          flags.includes("K"),
          codec === "aac" ? "" : data_hash,
        ]),
      );
    });
  }

  test(`ffprobe: ${file} written anew has the right codec and decodes without complaint, frame by frame`, (directory) => {
    const { stream, frames } = read(path, file);
    const probed = probe(write(directory, stream, frames)).stream;
    assert.equal(probed.codec_name, FFMPEG_NAMES[codec]);
    if (stream.kind === "video") {
      assert.equal(Number(probed.nb_read_frames), frameCount);
      assert.deepEqual([probed.width, probed.height], [stream.width, stream.height]);
      assert.equal(probed.avg_frame_rate, `${stream.fps}/1`);
      if (codec === "vp9" || codec === "av1") assert.equal(Number(probed.duration), frameCount / (stream.fps ?? 0));
    } else {
      assert.deepEqual([Number(probed.sample_rate), probed.channels], [stream.sampleRateHz, stream.channels]);
      if (codec === "opus" || codec === "aac") assert.equal(Number(probed.nb_read_frames), frameCount);
      const lasts = seconds(stream, frames);
      // From its bit rate ffmpeg guesses the length of ADTS only roughly.
      const tolerance = codec === "aac" ? 0.05 : 0.001;
      assert.ok(Math.abs(Number(probed.duration) - lasts) < tolerance, `${probed.duration} s, expected ${lasts}`);
    }
  });
}

test("ffprobe: a gap in Opus keeps what comes after it in its place", (directory) => {
  const { stream, frames } = read(fileURLToPath(new URL("opus_48k_stereo.opus", FIXTURES_DIRECTORY)), "x.opus");
  assert.ok(stream.kind === "audio" && stream.preSkipTicks !== undefined);
  const { preSkipTicks } = stream;
  const kept = frames.filter((_, i) => i < 100 || i >= 200);
  const { packets } = probe(write(directory, stream, kept), false);
  // ffmpeg takes up the new position from the second packet after the gap on.
  const shown = (_: unknown, i: number) => i !== 100;
  assert.deepEqual(
    packets.map(({ pts }) => pts).filter(shown),
    kept.map(({ timestampTicks }) => timestampTicks - preSkipTicks).filter(shown),
  );
});

const DECODERS: readonly [TestSourceName, readonly string[]][] = [
  ["test:audio", []],
  ["test:audio", ["-c:a", "libopus"]],
  ["test:tone", []],
  ["test:video", []],
];

for (const [name, decoder] of DECODERS) {
  test(`ffmpeg: ${name} decodes${decoder.length > 0 ? ` with ${decoder[1]}` : ""} without complaint`, (directory) => {
    const source = makeTestSource(name, { seed: 3, sourceId: 9 });
    const frames = Array.from({ length: 150 }, () => source.next());
    const written = write(directory, source.stream, frames);
    const strict = ["-err_detect", "explode", "-xerror", ...decoder, "-i", written];
    const { stream } = source;
    if (stream.kind === "video") {
      const { width, height } = stream;
      const picture = width * height;
      const luma = run("ffmpeg", [...strict, "-pix_fmt", "gray", "-f", "rawvideo", "-"]);
      assert.equal(luma.length, picture * 150);
      for (let i = 0; i < 150; i++) assert.equal(numberShown(luma.subarray(i * picture, (i + 1) * picture), width), i);
      return;
    }
    const samples = run("ffmpeg", [...strict, "-f", "s16be", "-"]);
    if (stream.codec === "pcm") {
      assert.deepEqual(new Uint8Array(samples), concatBytes(...frames.map((frame) => frame.data)));
    } else {
      assert.ok(samples.length >= 149 * 960 * 4);
      assert.ok(samples.every((byte) => byte === 0), "silence");
    }
  });
}

/** The number that a test picture shows at its top left: 4 x 4 cells of 4 x 4 samples, the highest bit first. */
function numberShown(luma: Uint8Array, width: number): number {
  let number = 0;
  for (let cell = 0; cell < 16; cell++) {
    const white = luma[((cell >>> 2) * 4 + 1) * width + (cell & 3) * 4 + 1] > 128;
    number = number * 2 + (white ? 1 : 0);
  }
  return number;
}

const ENCODERS: readonly [string, "h264" | "h265", readonly string[]][] = [
  ["scaling lists and B frames", "h264", ["-c:v", "libx264", "-profile:v", "high", "-x264-params", "cqm=jvt:ref=4"]],
  ["4:4:4 and fields", "h264", ["-c:v", "libx264", "-pix_fmt", "yuv444p", "-x264-params", "tff=1:weightp=0"]],
  ["10 bits, scaling lists and many references", "h265", [
    "-c:v",
    "libx265",
    "-pix_fmt",
    "yuv420p10le",
    "-x265-params",
    "log-level=none:scaling-list=default:ref=5:bframes=4:b-pyramid=1",
  ]],
];

for (const [what, format, options] of ENCODERS) {
  test(`ffprobe: the ${format} parameter set of an encoder with ${what} is read alike`, (directory) => {
    const path = `${directory}/x.${format}`;
    const source = ["-f", "lavfi", "-i", "testsrc2=size=178x98:rate=30000/1001:duration=0.5"];
    run("ffmpeg", [...source, ...options, "-f", format === "h265" ? "hevc" : format, path]);
    const { stream, frames } = read(path, path);
    const { stream: probed, packets } = probe(path, false);
    assert.ok(stream.kind === "video");
    assert.deepEqual([stream.width, stream.height], [probed.width, probed.height]);
    assert.equal(stream.fps, 30_000 / 1001);
    assert.equal(probed.r_frame_rate, "30000/1001");
    assert.deepEqual(
      frames.map((_, i) => asFfmpegCuts(format, frames, i).length),
      packets.map(({ size }) => Number(size)),
    );
  });
}
