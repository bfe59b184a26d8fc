import assert from "node:assert/strict";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { SeededRng } from "../../base/rng.ts";
import { audioFrame } from "../frame.ts";
import { writeU16Le, writeU32Le } from "./little_endian.ts";
import { readAllFrames } from "./media_reader.ts";
import { writeAllFrames } from "./media_writer.ts";
import type { AudioStreamInfo } from "./stream_info.ts";
import { makeWavReader, makeWavWriter } from "./wav.ts";

function chunk(id: string, body: Uint8Array, lengthBytes = body.length): Uint8Array {
  const head = new Uint8Array(8);
  head.set(utf8(id));
  writeU32Le(head, 4, lengthBytes);
  return concatBytes(head, body, new Uint8Array(body.length & 1));
}

function fmt(change: (b: Uint8Array) => void = () => {}, lengthBytes = 16): Uint8Array {
  const b = new Uint8Array(lengthBytes);
  writeU16Le(b, 0, 1);
  writeU16Le(b, 2, 2);
  writeU32Le(b, 4, 8000);
  writeU32Le(b, 8, 32_000);
  writeU16Le(b, 12, 4);
  writeU16Le(b, 14, 16);
  change(b);
  return chunk("fmt ", b);
}

const RIFF = concatBytes(utf8("RIFF"), Uint8Array.of(0, 0, 0, 0), utf8("WAVE"));
const SAMPLES = new SeededRng(1).fill(new Uint8Array(2000));

function read(...parts: Uint8Array[]) {
  const reader = makeWavReader();
  const frames = readAllFrames(reader, concatBytes(...parts));
  return { frames, fault: reader.fault, stream: reader.stream, bytes: concatBytes(...frames.map((f) => f.data)) };
}

const swapped = (b: Uint8Array) => b.map((_, i) => b[i ^ 1]);

Deno.test("WAV: samples come in network order, 20 ms a frame, the last one shorter", () => {
  const { frames, bytes, fault, stream } = read(RIFF, fmt(), chunk("data", SAMPLES));
  assert.equal(fault, undefined);
  assert.deepEqual(bytes, swapped(SAMPLES));
  assert.deepEqual(frames.map((f) => [f.timestampTicks, f.durationTicks]), [[0, 160], [160, 160], [320, 160], [
    480,
    20,
  ]]);
  assert.deepEqual(stream, { kind: "audio", codec: "pcm", clockRateHz: 8000, sampleRateHz: 8000, channels: 2 });
});

Deno.test("WAV: other chunks are passed over, odd ones with their padding, and what follows the data is no audio", () => {
  const { bytes, fault } = read(
    RIFF,
    chunk("LIST", new Uint8Array(33)),
    fmt(),
    chunk("fact", new Uint8Array(4)),
    chunk("data", SAMPLES),
    chunk("LIST", new Uint8Array(100)),
  );
  assert.equal(fault, undefined);
  assert.deepEqual(bytes, swapped(SAMPLES));
});

Deno.test("WAV: the extensible form is read, whichever way the format is spelled", () => {
  const extensible = fmt(
    (b) => (writeU16Le(b, 0, 0xfffe), writeU16Le(b, 16, 22), writeU16Le(b, 18, 16), writeU16Le(b, 24, 1)),
    40,
  );
  assert.deepEqual(read(RIFF, extensible, chunk("data", SAMPLES)).bytes, swapped(SAMPLES));
  const float = fmt((b) => (writeU16Le(b, 0, 0xfffe), writeU16Le(b, 24, 3)), 40);
  assert.equal(read(RIFF, float, chunk("data", SAMPLES)).fault?.reason, "unknown_type");
});

Deno.test("WAV: a data length of 2^32-1 means to the end of the file", () => {
  const { bytes, fault } = read(RIFF, fmt(), chunk("data", SAMPLES, 0xffff_ffff));
  assert.equal(fault, undefined);
  assert.deepEqual(bytes, swapped(SAMPLES));
});

const FMT_AT = 12;
const BAD: readonly [string, readonly Uint8Array[], string, number][] = [
  ["no RIFF", [utf8("RIFX"), new Uint8Array(4), utf8("WAVE")], "bad_value", 0],
  ["no WAVE", [utf8("RIFF"), new Uint8Array(4), utf8("AVI ")], "bad_value", 0],
  ["data before the format", [RIFF, chunk("data", SAMPLES)], "bad_state", FMT_AT],
  ["a format of 14 bytes", [RIFF, chunk("fmt ", new Uint8Array(14))], "bad_length", FMT_AT + 4],
  ["a format of 4 GB", [RIFF, chunk("fmt ", new Uint8Array(16), 0xffff_fff0)], "bad_length", FMT_AT + 4],
  ["an extensible format of 16 bytes", [RIFF, fmt((b) => writeU16Le(b, 0, 0xfffe))], "bad_length", FMT_AT + 8],
  ["8-bit samples", [RIFF, fmt((b) => writeU16Le(b, 14, 8))], "unknown_type", FMT_AT + 8 + 14],
  ["mu-law", [RIFF, fmt((b) => writeU16Le(b, 0, 7))], "unknown_type", FMT_AT + 8],
  ["no channels", [RIFF, fmt((b) => writeU16Le(b, 2, 0))], "bad_value", FMT_AT + 8 + 2],
  ["65535 channels", [RIFF, fmt((b) => writeU16Le(b, 2, 65_535))], "bad_value", FMT_AT + 8 + 2],
  ["a rate of 0", [RIFF, fmt((b) => writeU32Le(b, 4, 0))], "bad_value", FMT_AT + 8 + 4],
  ["a rate of 4 GHz", [RIFF, fmt((b) => writeU32Le(b, 4, 0xffff_ffff))], "bad_value", FMT_AT + 8 + 4],
  ["blocks that are no samples", [RIFF, fmt((b) => writeU16Le(b, 12, 3))], "bad_value", FMT_AT + 8 + 12],
  ["no data at all", [RIFF, fmt()], "truncated", FMT_AT + 24],
  [
    "a chunk of 4 GB before the data",
    [RIFF, chunk("LIST", new Uint8Array(9), 0xffff_ffff)],
    "truncated",
    FMT_AT + 8 + 10,
  ],
  [
    "a block cut short",
    [RIFF, fmt(), chunk("data", SAMPLES.subarray(0, 643), 4000).subarray(0, 651)],
    "truncated",
    687,
  ],
];

for (const [what, parts, reason, offset] of BAD) {
  Deno.test(`WAV: ${what} is a fault at its place`, () => {
    const { fault } = read(...parts);
    assert.deepEqual([fault?.reason, fault?.offset], [reason, offset], `${fault?.message}`);
  });
}

Deno.test("WAV: data that ends early is kept as far as it goes", () => {
  const { bytes, fault } = read(RIFF, fmt(), chunk("data", SAMPLES.subarray(0, 1203), 4_000_000_000).subarray(0, 1211));
  assert.deepEqual(bytes, swapped(SAMPLES.subarray(0, 1200)));
  assert.equal(fault?.reason, "truncated");
});

const STREAM: AudioStreamInfo = { kind: "audio", codec: "pcm", clockRateHz: 8000, sampleRateHz: 8000, channels: 2 };

Deno.test("WAV writer: without its patches the file reads as one from a pipe; frames of any size come back in order", () => {
  const writer = makeWavWriter(STREAM);
  const chunks = [4, 400, 44].map((length) =>
    unwrap(writer.write(audioFrame(SAMPLES.subarray(0, length), 0, length / 4)))
  );
  const { patches } = writer.end();
  assert.equal(patches.length, 2);
  const { bytes, fault } = read(...chunks);
  assert.equal(fault, undefined);
  assert.deepEqual(bytes, concatBytes(...[4, 400, 44].map((length) => SAMPLES.subarray(0, length))));
});

Deno.test("WAV writer: half a sample is refused; the caller's frame is not touched", () => {
  const writer = makeWavWriter(STREAM);
  assert.equal(writer.write(audioFrame(SAMPLES.subarray(0, 6), 0, 1)).ok, false);
  const before = SAMPLES.slice();
  writeAllFrames(makeWavWriter(STREAM), [audioFrame(SAMPLES, 0, 500)]);
  assert.deepEqual(SAMPLES, before);
});
