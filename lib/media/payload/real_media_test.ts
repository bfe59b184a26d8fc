/** Encoders' own output, through every payload format, with a file's worth of frames at two payload limits. */
import assert from "node:assert/strict";
import { readU16, toHex } from "../../base/bytes.ts";
import { videoFrame } from "../frame.ts";
import { classifyFrame } from "./classify.ts";
import { NalCursor } from "./annexb.ts";
import type { PayloadFormat } from "./payload_format.ts";
import { makeDepacketizer, makePacketizer } from "./payload_formats.ts";
import { packetsOf, receive } from "./testing/pipe.ts";

function fixture(name: string): Uint8Array {
  return Deno.readFileSync(new URL(`../../../fixtures/media/${name}`, import.meta.url));
}

/** The frames of an IVF file: 32 bytes of header, then per frame a u32 size, 8 bytes of time, the frame. */
function ivfFrames(file: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 32; at < file.length;) {
    const size = readU16(Uint8Array.of(file[at + 1], file[at]), 0) + file[at + 2] * 65536;
    frames.push(file.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return frames;
}

function nalUnits(data: Uint8Array): string[] {
  const cursor = new NalCursor();
  const nals: string[] = [];
  cursor.open(data);
  while (cursor.advance()) nals.push(toHex(data.subarray(cursor.start, cursor.end)));
  return nals;
}

function through(format: PayloadFormat, data: readonly Uint8Array[], maxPayloadBytes: number) {
  const frames = data.map((bytes, i) => videoFrame(bytes, i * 3600, 3600, classifyFrame(format, bytes)));
  const received = receive(makeDepacketizer(format), packetsOf(makePacketizer(format), frames, maxPayloadBytes));
  assert.ok(received.every((frame) => frame.complete));
  assert.deepEqual(received.map((frame) => frame.keyframe), frames.map((frame) => frame.keyframe));
  assert.equal(received[0].keyframe, true);
  return received;
}

for (const [name, format] of [["vp9_160x90.ivf", "vp9"], ["av1_160x90.ivf", "av1"]] as const) {
  Deno.test(`ARC-MEDIA-${format}: ${name} comes through bit for bit`, () => {
    const frames = ivfFrames(fixture(name));
    assert.ok(frames.length > 10);
    for (const maxPayloadBytes of [1132, 90]) {
      assert.deepEqual(through(format, frames, maxPayloadBytes).map((frame) => toHex(frame.data)), frames.map(toHex));
    }
  });
}

for (const [name, format] of [["h264_160x90.h264", "h264"], ["h265_160x90.h265", "h265"]] as const) {
  Deno.test(`ARC-MEDIA-${format}: the NAL units of ${name} come through bit for bit`, () => {
    const file = fixture(name);
    const expected = nalUnits(file);
    assert.ok(expected.length > 10);
    for (const maxPayloadBytes of [1132, 90]) {
      // The whole file as one access unit: cutting it into pictures is the container's work.
      const [frame] = through(format, [file], maxPayloadBytes);
      assert.deepEqual(nalUnits(frame.data), expected);
    }
  });
}
