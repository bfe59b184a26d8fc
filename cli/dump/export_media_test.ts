import assert from "node:assert/strict";
import { unwrap } from "../../lib/base/parsed.ts";
import { type MadeMedium, mediaCapture } from "../../lib/dissect/testing/media_capture.ts";
import { codecOf } from "../../lib/media/codec.ts";
import { openMedia } from "../../lib/media/container/open_media.ts";
import { readAllFrames } from "../../lib/media/container/media_reader.ts";
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import { FFMPEG_ABSENT, probe } from "../../lib/media/container/testing/ffmpeg.ts";
import { MEDIA_FIXTURES, readFixture } from "../../lib/media/container/testing/media_fixtures.ts";
import { audioFrame, type MediaFrame } from "../../lib/media/frame.ts";
import { EXIT } from "../exit_codes.ts";
import { runArgs } from "../testing/run_line.ts";

const CAPTURES = "fixtures/captures/";
const dump = (...args: string[]) => runArgs(["dump", ...args]);

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    await test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function readMedia(bytes: Uint8Array, name: string): { readonly stream: StreamInfo; readonly frames: MediaFrame[] } {
  const reader = unwrap(openMedia(bytes, name));
  const frames = readAllFrames(reader, bytes);
  assert.ok(reader.stream);
  return { stream: reader.stream, frames };
}

/** A media file of the fixtures as a stream is announced. */
function mediumOf(file: string): MadeMedium {
  const { stream, frames } = readMedia(readFixture(file), file);
  const { payloadType } = codecOf(stream.codec);
  const { kind, codec: name, clockRateHz } = stream;
  const block = stream.kind === "audio"
    ? { name, bitrate: 1, sample_rate: stream.sampleRateHz, channels: stream.channels }
    : { name, bitrate: 1, width: stream.width, height: stream.height, fps: stream.fps ?? 30 };
  return { kind, block, payloadType, clockRateHz, channels: stream.kind === "audio" ? stream.channels : 1, frames };
}

interface Exported {
  readonly path: string;
  readonly codec: string;
  readonly frames: number;
  readonly frames_left_out: number;
  readonly packets_missing: number;
}

async function exported(capture: Uint8Array, folder: string): Promise<readonly Exported[]> {
  const path = `${folder}/made.pcapng`;
  Deno.writeFileSync(path, capture);
  const { out, err, exitCode } = await dump(path, "--export", `${folder}/media`, "--json");
  assert.equal(exitCode, EXIT.ok, err);
  return JSON.parse(out).files;
}

const sizes = (frames: readonly MediaFrame[]) => frames.map(({ data }) => data.length);

for (const { file, codec } of MEDIA_FIXTURES.filter(({ file }) => !/_(?:256|320)x/.test(file))) {
  Deno.test(`dump --export: ${codec} comes out as it went in`, () =>
    inFolder(async (folder) => {
      const medium = mediumOf(file);
      const [{ path, frames_left_out, packets_missing }] = await exported(mediaCapture(medium).bytes, folder);
      assert.deepEqual([frames_left_out, packets_missing], [0, 0]);
      const { frames, stream } = readMedia(Deno.readFileSync(path), path);
      assert.equal(stream.codec, codec);
      // Containers of these cut their frames anew.
      const isCutAnew = codec === "pcm" || codec === "g722";
      const total = (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0);
      if (isCutAnew) assert.equal(total(sizes(frames)), total(sizes(medium.frames)));
      else assert.deepEqual(frames.map(({ data }) => data), medium.frames.map(({ data }) => data));
    }));

  Deno.test({
    name: `dump --export: ${codec} with a gap plays in ffmpeg${
      FFMPEG_ABSENT === undefined ? "" : ` (${FFMPEG_ABSENT})`
    }`,
    ignore: FFMPEG_ABSENT !== undefined,
    fn: () =>
      inFolder(async (folder) => {
        const medium = mediumOf(file);
        const { packets } = mediaCapture(medium);
        // The last third: what is before it can be decoded by itself, and what is lost is one stretch.
        const first = Math.floor((2 * packets.length) / 3);
        const { bytes } = mediaCapture(medium, (packet) => packet < first || packet >= first + 3);
        const [{ path, frames, packets_missing }] = await exported(bytes, folder);
        assert.equal(packets_missing, 3);
        assert.ok(frames > 0 && (medium.frames.length < 4 || frames < medium.frames.length));
        // Video that refers to a lost picture is shown with its damage: what is read through is the container.
        const { stream, packets: probed } = probe(path, medium.kind === "audio");
        assert.equal(stream.codec_name, FFMPEG_NAMES[codec] ?? codec);
        assert.ok(probed.length > 0);
      }),
  });
}

const FFMPEG_NAMES: Readonly<Record<string, string>> = { g722: "adpcm_g722", pcm: "pcm_s16le", h265: "hevc" };

Deno.test("dump --export: a codec that nobody knows comes out as it was in its packets", () =>
  inFolder(async (folder) => {
    const frames = [1, 2, 3].map((n) => audioFrame(new Uint8Array(20).fill(n), 960 * n, 960));
    const block = {
      name: "x-lidar",
      bitrate: 1,
      sample_rate: 48_000,
      channels: 1,
      payload_type: 120,
      clock_rate: 48_000,
    };
    const medium = { kind: "audio", block, payloadType: 120, clockRateHz: 48_000, channels: 1, frames } as const;
    const [{ path, codec }] = await exported(mediaCapture(medium).bytes, folder);
    assert.equal(codec, "x-lidar");
    assert.match(path, /audio-x-lidar\.raw$/);
    assert.deepEqual(Deno.readFileSync(path), new Uint8Array(60).map((_, i) => 1 + Math.floor(i / 20)));
  }));

/** Captures of calls with the media in them. */
const REAL_CALLS = [
  ["call-phoenix.pcapng", 2],
  ["call-ws.pcap", 1],
  ["call-wss.pcap", 1],
  ["call-tcp.pcap", 2],
  ["call-tls.pcap", 1],
  ["call-relay.pcap", 2],
] as const;

Deno.test("dump --export: real calls, every stream of them; nothing is overwritten", () =>
  inFolder(async (folder) => {
    for (const [name, files] of REAL_CALLS) {
      const keys = `${CAPTURES}${name.split(".")[0]}.keys`;
      const { out } = await dump(`${CAPTURES}${name}`, "--keylog", keys, "--export", folder, "--json", "-q");
      const exported: readonly Exported[] = JSON.parse(out).files;
      assert.equal(exported.length, files);
      for (const { path, frames, frames_left_out, packets_missing } of exported) {
        assert.ok(frames > 30 && frames_left_out === 0 && packets_missing === 0, name);
        const { stream, frames: written } = readMedia(Deno.readFileSync(path), path);
        if (stream.codec !== "pcm" && stream.codec !== "g722") assert.equal(written.length, frames);
      }
    }
    // Five epochs, and no signaling.
    const { out } = await dump(`${CAPTURES}call-rotation.pcapng`, "--export", folder, "-q");
    assert.match(
      out,
      /^file +media +ssrc +frames +left out +packets +missing +restored\n\S+\.opus +audio opus +[0-9a-f]{8} +\d+ +0/,
    );
    assert.equal([...Deno.readDirSync(folder)].length, 10);
  }));

Deno.test("dump --export: what a relay lost came again by RTX, at the receiver's side too", () =>
  inFolder(async (folder) => {
    const call = [`${CAPTURES}call-relay.pcap`, "--keylog", `${CAPTURES}call-relay.keys`, "-q"];
    const starts = (await dump(...call, "--filter", "type == CONNECT", "--fields", "src")).out;
    assert.match(starts, /127\.0\.0\.1/);
    const streams = JSON.parse((await dump(...call, "--streams", "--json")).out).streams;
    const behind = streams.filter((each: { role: string; source: string }) =>
      each.role === "audio" && each.source.endsWith(":3478")
    );
    assert.ok(behind.length === 1 && behind[0].lost > 0);
    const side = `dst == "${behind[0].destination}" && src == "${behind[0].source}"`;
    const { out, err } = await dump(...call, "--filter", side, "--export", folder, "--json");
    const audio = JSON.parse(out).files.find((each: { kind: string }) => each.kind === "audio");
    assert.ok(audio.packets_restored > 0 && audio.packets_missing < behind[0].lost, err);
  }));

Deno.test("dump --export: where keys lack it says so, and what would help", () =>
  inFolder(async (folder) => {
    const medium = mediumOf("opus_48k_stereo.opus");
    const closed = `${folder}/closed.pcapng`;
    Deno.writeFileSync(closed, mediaCapture(medium, undefined, false).bytes);
    const cases: [string, RegExp][] = [
      [closed, /\d+ packets of 1 SSRCs are encrypted, and no key that is held opens them\nhint: --keylog FILE/],
      [`${CAPTURES}call-tls.pcap`, /\d+ packets of 1 SSRCs are of no stream that is announced\nhint: --keylog FILE/],
      [`${CAPTURES}made/nats.pcap`, /has no media to export/],
    ];
    for (const [path, message] of cases) {
      const { exitCode, err, out } = await dump(path, "--export", `${folder}/media`);
      assert.deepEqual([exitCode, out], [EXIT.nothingSelected, ""]);
      assert.match(err, message);
    }
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["closed.pcapng"]);
  }));
