import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { unwrap } from "../../lib/base/parsed.ts";
import { openMedia } from "../../lib/media/container/open_media.ts";
import { readAllFrames } from "../../lib/media/container/media_reader.ts";
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import { comparable, FIXTURES_DIRECTORY, MEDIA_FIXTURES } from "../../lib/media/container/testing/media_fixtures.ts";
import { DELTA_FRAME, KEY_FRAME, type MediaFrame, videoFrame } from "../../lib/media/frame.ts";
import { openSink } from "./media_sink.ts";
import { openSource } from "./media_source.ts";

function test(name: string, body: (directory: string) => void): void {
  Deno.test(name, () => {
    const directory = Deno.makeTempDirSync();
    try {
      body(directory);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

function read(path: string): { stream: StreamInfo; frames: MediaFrame[] } {
  const bytes = Deno.readFileSync(path);
  const reader = unwrap(openMedia(bytes, path));
  const frames = readAllFrames(reader, bytes);
  assert.equal(reader.fault, undefined);
  assert.ok(reader.stream);
  return { stream: reader.stream, frames };
}

/** What a receiver knows of a stream: less than the file said. */
function asAnnounced(stream: StreamInfo): StreamInfo {
  if (stream.kind === "video") return stream;
  const { kind, codec, clockRateHz, sampleRateHz, channels } = stream;
  return { kind, codec, clockRateHz, sampleRateHz, channels };
}

for (const { file } of MEDIA_FIXTURES) {
  test(`sink: ${file} comes back frame for frame, over a wrap of RTP's timestamps`, (directory) => {
    const source = openSource(fileURLToPath(new URL(file, FIXTURES_DIRECTORY)), { loop: false, seed: 1 });
    const sink = openSink(directory, asAnnounced(source.stream));
    const sent: MediaFrame[] = [];
    for (let frame = source.next(); frame !== undefined; frame = source.next()) {
      sent.push(frame);
      // As on the wire: from a random beginning, modulo 2^32.
      sink.write({ ...frame, timestampTicks: (frame.timestampTicks + 0xffff_ff00) % 0x1_0000_0000 });
    }
    sink.close();
    source.close();
    assert.deepEqual([sink.frames, sink.skipped], [sent.length, 0]);
    const written = read(sink.path);
    assert.equal(written.stream.codec, source.stream.codec);
    assert.deepEqual(comparable(written.frames), comparable(sent));
  });
}

const VP9: StreamInfo = { kind: "video", codec: "vp9", clockRateHz: 90_000, width: 16, height: 16, fps: 30 };

test("sink: video is written from its first key frame on", (directory) => {
  const sink = openSink(directory, VP9);
  [false, false, true, false].forEach((isKey, i) =>
    sink.write(videoFrame(Uint8Array.of(0x82 + i), i * 3000, 0, isKey ? KEY_FRAME : DELTA_FRAME))
  );
  sink.close();
  assert.deepEqual([sink.frames, sink.skipped], [2, 2]);
  assert.deepEqual(read(sink.path).frames.map(({ timestampTicks, data }) => [timestampTicks, data[0]]), [
    [0, 0x84],
    [3000, 0x85],
  ]);
});

test("sink: nothing is overwritten", (directory) => {
  const names = [1, 2, 3].map(() => {
    const sink = openSink(directory, VP9);
    sink.close();
    return sink.path.slice(directory.length);
  });
  assert.deepEqual(names, ["/video-vp9.ivf", "/video-vp9-2.ivf", "/video-vp9-3.ivf"]);
});

test("sink: a frame that the container cannot hold is counted and the rest goes on", (directory) => {
  const stream: StreamInfo = { kind: "video", codec: "h264", clockRateHz: 90_000, width: 16, height: 16, fps: 30 };
  const sink = openSink(directory, stream);
  sink.write(videoFrame(Uint8Array.of(9, 9), 0, 0, KEY_FRAME));
  sink.write(videoFrame(Uint8Array.of(0, 0, 0, 1, 0x65, 0x88), 0, 0, KEY_FRAME));
  sink.close();
  assert.deepEqual([sink.frames, sink.skipped], [1, 1]);
});
