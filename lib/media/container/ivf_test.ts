import assert from "node:assert/strict";
import { concatBytes } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { DELTA_FRAME, videoFrame } from "../frame.ts";
import { makeIvfReader, makeIvfWriter } from "./ivf.ts";
import { writeMagic, writeU16Le, writeU32Le } from "./little_endian.ts";
import { readAllFrames } from "./media_reader.ts";
import { writeAllFrames } from "./media_writer.ts";
import type { VideoStreamInfo } from "./stream_info.ts";
import { MEDIA_FIXTURES, readFixture } from "./testing/media_fixtures.ts";

function header(change: (b: Uint8Array) => void = () => {}): Uint8Array {
  const b = new Uint8Array(32);
  writeMagic(b, 0, "DKIF");
  writeU16Le(b, 6, 32);
  writeMagic(b, 8, "VP90");
  writeU16Le(b, 12, 64);
  writeU16Le(b, 14, 48);
  writeU32Le(b, 16, 30);
  writeU32Le(b, 20, 1);
  change(b);
  return b;
}

function frame(time: number, lengthBytes: number, data = new Uint8Array(lengthBytes)): Uint8Array {
  const b = new Uint8Array(12);
  writeU32Le(b, 0, lengthBytes);
  writeU32Le(b, 4, time);
  return concatBytes(b, data);
}

const BAD: readonly [string, Uint8Array, string, number][] = [
  ["another magic", header((b) => writeMagic(b, 0, "RIFF")), "bad_value", 0],
  ["another version", header((b) => writeU16Le(b, 4, 1)), "bad_version", 4],
  ["a header shorter than itself", header((b) => writeU16Le(b, 6, 31)), "bad_length", 6],
  ["a header of 64 kB", header((b) => writeU16Le(b, 6, 0xffff)), "bad_length", 6],
  ["another codec", header((b) => writeMagic(b, 8, "VP80")), "unknown_type", 8],
  ["a time base of n/0", header((b) => writeU32Le(b, 16, 0)), "bad_value", 16],
  ["a time base of 0/n", header((b) => writeU32Le(b, 20, 0)), "bad_value", 16],
  ["a 4 GB frame", concatBytes(header(), frame(0, 5), frame(1, 0xffff_ffff, new Uint8Array(9))), "too_large", 32 + 17],
  [
    "a time of 2^63",
    concatBytes(header(), frame(0, 5), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 7)),
    "bad_value",
    32 + 17 + 4,
  ],
];

for (const [what, bytes, reason, offset] of BAD) {
  Deno.test(`IVF: ${what} is a fault at its place`, () => {
    const reader = makeIvfReader();
    const frames = readAllFrames(reader, bytes);
    assert.deepEqual([reader.fault?.reason, reader.fault?.offset], [reason, offset]);
    assert.equal(frames.length, offset > 32 ? 1 : 0, "what came before is kept");
  });
}

Deno.test("IVF: times are turned into 90 kHz ticks whatever the time base, empty frames are passed over", () => {
  const file = concatBytes(
    header((b) => (writeU32Le(b, 16, 30_000), writeU32Le(b, 20, 1001))),
    frame(0, 1),
    frame(1, 0),
    frame(2, 1),
    frame(30_000, 1),
  );
  const reader = makeIvfReader();
  const frames = readAllFrames(reader, file);
  assert.deepEqual(frames.map((f) => f.timestampTicks), [0, 6006, 90_090_000]);
  assert.ok(reader.stream?.kind === "video" && Math.abs((reader.stream.fps ?? 0) - 29.97) < 0.001);
});

Deno.test("IVF: a longer header is skipped; a time base of a clock is no frame rate", () => {
  const long = header((b) => (writeU16Le(b, 6, 40), writeU32Le(b, 16, 1000)));
  const reader = makeIvfReader();
  const frames = readAllFrames(reader, concatBytes(long, new Uint8Array(8), frame(20, 3)));
  assert.deepEqual(frames.map((f) => f.timestampTicks), [1800]);
  assert.ok(reader.stream?.kind === "video" && reader.stream.fps === undefined);
});

Deno.test("IVF: every VP9 fixture shows each of its frames, hides none and has no superframes", () => {
  for (const { file } of MEDIA_FIXTURES.filter(({ codec }) => codec === "vp9")) {
    for (const { data } of readAllFrames(makeIvfReader(), readFixture(file))) {
      assert.equal(data[0] & 0xf2, 0x82, "frame marker, profile 0, no existing frame, shown");
      assert.notEqual(data[data.length - 1] & 0xe0, 0xc0, "superframe index");
    }
  }
});

const STREAM: VideoStreamInfo & { readonly codec: "vp9" } = {
  kind: "video",
  codec: "vp9",
  clockRateHz: 90_000,
  width: 64,
  height: 48,
  fps: 30,
};

Deno.test("IVF writer: uneven times come back as they were, and the length is the duration that players show", () => {
  const times = [5, 3007, 3008, 90_000, 2 ** 40];
  const frames = times.map((at) => videoFrame(Uint8Array.of(0x86, at & 0xff), at, 0, DELTA_FRAME));
  const file = writeAllFrames(makeIvfWriter(STREAM), frames);
  assert.deepEqual(readAllFrames(makeIvfReader(), file).map((f) => f.timestampTicks), times);
  const short = writeAllFrames(makeIvfWriter(STREAM), frames.slice(0, 2));
  assert.equal(short[24] + short[25] * 256, 3007 + 3002 - 5);
});

Deno.test("IVF writer: a frame from before time or beyond the limit is refused and leaves the file as it was", () => {
  const writer = makeIvfWriter(STREAM);
  assert.equal(writer.write(videoFrame(Uint8Array.of(1), -1, 0, DELTA_FRAME)).ok, false);
  assert.equal(writer.write(videoFrame(new Uint8Array(8 * 1024 * 1024 + 1), 0, 0, DELTA_FRAME)).ok, false);
  assert.equal(unwrap(writer.write(videoFrame(Uint8Array.of(1), 0, 0, DELTA_FRAME))).length, 32 + 12 + 1);
});
