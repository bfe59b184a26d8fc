import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, toHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { audioFrame } from "../frame.ts";
import { AAC_SAMPLE_RATES, parseAudioSpecificConfig, writeAudioSpecificConfig } from "./aac_config.ts";
import { makeAdtsReader, makeAdtsWriter, parseAdtsHeader } from "./adts.ts";
import { readAllFrames } from "./media_reader.ts";
import { writeAllFrames } from "./media_writer.ts";
import type { AudioStreamInfo } from "./stream_info.ts";
import { readFixture } from "./testing/media_fixtures.ts";

const STREAM: AudioStreamInfo = { kind: "audio", codec: "aac", clockRateHz: 44_100, sampleRateHz: 44_100, channels: 2 };
const frame = (...bytes: number[]) => audioFrame(Uint8Array.of(...bytes), 0, 1024);
const FILE = writeAllFrames(unwrap(makeAdtsWriter(STREAM)), [frame(1, 2, 3), frame(4, 5), frame(6)]);

Deno.test("ADTS: a header of the standard's layout, byte by byte", () => {
  // LC, index 4, stereo, 10 bytes, fullness 0x7FF, one block.
  assert.equal(toHex(FILE.subarray(0, 7)), "fff15080015ffc");
  assert.deepEqual(unwrap(parseAdtsHeader(FILE)), {
    objectType: 2,
    sampleRateHz: 44_100,
    channels: 2,
    headerBytes: 7,
    frameBytes: 10,
  });
});

Deno.test("ADTS: access units come without header, 1024 ticks apart, with the configuration that RFC 3640 carries", () => {
  const reader = makeAdtsReader();
  const frames = readAllFrames(reader, FILE);
  assert.deepEqual(frames.map((f) => [...f.data]), [[1, 2, 3], [4, 5], [6]]);
  assert.deepEqual(frames.map((f) => [f.timestampTicks, f.durationTicks]), [[0, 1024], [1024, 1024], [2048, 1024]]);
  assert.ok(reader.stream?.kind === "audio" && reader.stream.config);
  assert.equal(toHex(reader.stream.config), "1210");
});

Deno.test("ADTS: a CRC is passed over", () => {
  const withCrc = Uint8Array.of(0xff, 0xf0, 0x50, 0x80, 0x01, 0x9f, 0xfc, 0xaa, 0xbb, 1, 2, 3);
  assert.deepEqual(readAllFrames(makeAdtsReader(), withCrc).map((f) => [...f.data]), [[1, 2, 3]]);
});

const second = FILE.subarray(10, 19);
const changed = (change: (b: Uint8Array) => void) => {
  const b = second.slice();
  change(b);
  return concatBytes(FILE.subarray(0, 10), b);
};

const BAD: readonly [string, Uint8Array, string, number][] = [
  ["no sync word", changed((b) => b[0] = 0xfe), "bad_value", 10],
  ["another layer", changed((b) => b[1] = 0xf3), "bad_value", 10],
  ["a reserved rate", changed((b) => b[2] = 0x74), "bad_value", 12],
  ["a frame shorter than its header", changed((b) => (b[4] = 0, b[5] = 0xe0 & b[5])), "bad_length", 13],
  ["two access units in one", changed((b) => b[6] |= 1), "bad_value", 16],
  ["another rate than before", changed((b) => b[2] = 0x4c), "bad_state", 12],
  ["another layout than before", changed((b) => b[3] = 0x40), "bad_state", 12],
  ["the end inside a header", FILE.subarray(0, 15), "truncated", 15],
  ["the end inside a frame", FILE.subarray(0, 18), "truncated", 18],
];

for (const [what, bytes, reason, offset] of BAD) {
  Deno.test(`ADTS: ${what} is a fault at its place, after the frames before it`, () => {
    const reader = makeAdtsReader();
    assert.equal(readAllFrames(reader, bytes).length, 1);
    assert.deepEqual([reader.fault?.reason, reader.fault?.offset], [reason, offset], `${reader.fault?.message}`);
  });
}

Deno.test("ADTS: parseAdtsHeader never throws and stays within its bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      const parsed = parseAdtsHeader(bytes);
      if (parsed.ok) assert.ok(parsed.value.frameBytes > parsed.value.headerBytes);
      else assert.ok((parsed.fault.offset ?? 0) <= bytes.length);
    }),
    { seed: 5, numRuns: 500 },
  );
});

Deno.test("ADTS writer: what a header cannot say is refused when it is made, what is too long when it is written", () => {
  assert.equal(makeAdtsWriter({ ...STREAM, sampleRateHz: 44_101 }).ok, false);
  assert.equal(makeAdtsWriter({ ...STREAM, channels: 7 }).ok, false);
  assert.equal(makeAdtsWriter({ ...STREAM, channels: 9 }).ok, false);
  assert.equal(makeAdtsWriter({ ...STREAM, config: Uint8Array.of(0x2b, 0x08) }).ok, false, "SBR as object type");
  const writer = unwrap(makeAdtsWriter({ ...STREAM, channels: 8 }));
  assert.equal(writer.write(audioFrame(new Uint8Array(8185), 0, 1024)).ok, false);
  assert.equal(writer.write(audioFrame(new Uint8Array(0), 0, 1024)).ok, false);
  const largest = unwrap(writer.write(audioFrame(new Uint8Array(8184), 0, 1024)));
  assert.deepEqual(unwrap(parseAdtsHeader(largest)).frameBytes, 8191);
  assert.equal(unwrap(parseAdtsHeader(largest)).channels, 8);
});

Deno.test("AudioSpecificConfig: every rate and layout comes back; known vectors", () => {
  for (const sampleRateHz of AAC_SAMPLE_RATES) {
    for (const channels of [0, 1, 2, 3, 4, 5, 6, 8]) {
      const config = { objectType: 2, sampleRateHz, channels };
      assert.deepEqual(unwrap(parseAudioSpecificConfig(unwrap(writeAudioSpecificConfig(config)))), config);
    }
  }
  assert.deepEqual(unwrap(parseAudioSpecificConfig(Uint8Array.of(0x11, 0x88))), {
    objectType: 2,
    sampleRateHz: 48_000,
    channels: 1,
  });
  // Escaped: object type 42 (31 + 6 bits of 10), 12345 Hz in 24 bits, stereo.
  const escaped = parseAudioSpecificConfig(Uint8Array.of(0xf9, 0x5e, 0x00, 0x60, 0x72, 0x40));
  assert.deepEqual(unwrap(escaped), { objectType: 42, sampleRateHz: 12_345, channels: 2 });
  assert.equal(parseAudioSpecificConfig(Uint8Array.of(0x12)).ok, false);
  const needs = [[0x12], [0xf9], [0xfe, 0x00], [0x17, 0x80], [0xf9, 0x5e, 0x00, 0x60]].map((bytes) => {
    const parsed = parseAudioSpecificConfig(Uint8Array.from(bytes));
    return parsed.ok ? undefined : parsed.fault.need;
  });
  assert.deepEqual(needs, [2, 3, 3, 5, 6], "a truncated one says how long it had to be");
  assert.equal(parseAudioSpecificConfig(Uint8Array.of(0x16, 0x90)).ok, false, "index 13 is reserved");
  assert.equal(parseAudioSpecificConfig(Uint8Array.of(0x12, 0x40)).ok, false, "layout 8 is reserved");
});

Deno.test("ADTS: a real file is written again byte for byte", () => {
  const file = readFixture("aac_48k_mono.aac");
  const reader = makeAdtsReader();
  const frames = readAllFrames(reader, file);
  assert.ok(reader.stream?.kind === "audio");
  assert.deepEqual(writeAllFrames(unwrap(makeAdtsWriter(reader.stream)), frames), file);
});
