import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import { below, SeededRng } from "../base/rng.ts";
import { makeDepacketizer, makePacketizer, payloadFormatOf } from "./payload/payload_formats.ts";
import type { PayloadSink } from "./payload/payload_format.ts";
import { opusDurationTicks } from "./payload/opus.ts";
import { classifyH264 } from "./payload/h264.ts";
import { comparable } from "./container/testing/media_fixtures.ts";
import { isTestSource, makeTestSource, readTestMark, TEST_SOURCES, type TestSourceName } from "./synthetic.ts";

const OPTIONS = { seed: 11, sourceId: 0xfeedface };

function take(name: TestSourceName, count: number, options: Partial<Parameters<typeof makeTestSource>[1]> = {}) {
  const source = makeTestSource(name, { ...OPTIONS, ...options });
  return { stream: source.stream, frames: Array.from({ length: count }, () => source.next()) };
}

for (const name of TEST_SOURCES) {
  Deno.test(`${name}: every frame tells its source and number`, () => {
    const { stream, frames } = take(name, 130);
    frames.forEach((frame, frameNumber) => {
      const mark = unwrap(readTestMark(stream.codec, frame.data));
      assert.deepEqual(mark, { sourceId: 0xfeedface, frameNumber });
    });
  });

  Deno.test(`${name}: one seed and source, one stream; frames are spaced without gap or overlap`, () => {
    const { stream, frames } = take(name, 70);
    assert.deepEqual(comparable(take(name, 70).frames), comparable(frames));
    assert.notDeepEqual(comparable(take(name, 70, { sourceId: 1 }).frames), comparable(frames));
    frames.forEach((frame, i) => {
      const expected = stream.kind === "video" ? i * 3000 : i * frame.durationTicks;
      assert.equal(frame.timestampTicks, expected);
      assert.equal(frame.complete, true);
    });
  });

  Deno.test(`${name}: any changed bit of what is marked is seen, and a frame cut short`, () => {
    const { stream, frames } = take(name, 3);
    const rng = new SeededRng(5);
    for (const { data } of frames) {
      for (let i = 0; i < 300; i++) {
        const changed = data.slice();
        changed[below(rng, data.length)] ^= 1 << below(rng, 8);
        assert.equal(readTestMark(stream.codec, changed).ok, false);
      }
      for (let length = 0; length < data.length; length += 1 + below(rng, 40)) {
        assert.equal(readTestMark(stream.codec, data.subarray(0, length)).ok, false, `cut to ${length}`);
      }
    }
  });

  Deno.test(`${name}: survives its payload format to the bit`, () => {
    const { stream, frames } = take(name, 65);
    const format = payloadFormatOf(stream.codec);
    const params = { clockHz: stream.clockRateHz, channels: 1, fromStart: true };
    const packetizer = makePacketizer(format, params);
    const depacketizer = makeDepacketizer(format, params);
    let seqIndex = 0;
    for (const frame of frames) {
      const packets: { payload: Uint8Array; marker: boolean; ticks: number }[] = [];
      const sink: PayloadSink = {
        buffer: new Uint8Array(1200),
        offsetBytes: 0,
        commit(lengthBytes, marker, ticks) {
          packets.push({ payload: this.buffer.slice(0, lengthBytes), marker, ticks });
        },
      };
      unwrap(packetizer.packetize(frame, 1132, sink));
      for (const { payload, marker, ticks } of packets) {
        assert.equal(depacketizer.push(payload, marker, ticks, seqIndex++), undefined);
      }
      const received = depacketizer.poll();
      assert.ok(received);
      assert.deepEqual(new Uint8Array(received.data), new Uint8Array(frame.data));
      assert.equal(received.keyframe, frame.keyframe);
    }
  });
}

Deno.test("test:video: key frames come when due and when asked for, and look so to the payload format", () => {
  const source = makeTestSource("test:video", { ...OPTIONS, keyframeInterval: 10 });
  const keys: number[] = [];
  for (let i = 0; i < 40; i++) {
    if (i === 14) source.requestKeyframe();
    const frame = source.next();
    const seen = classifyH264(frame.data);
    assert.deepEqual([seen.keyframe, seen.priority], [frame.keyframe, frame.priority]);
    if (frame.keyframe) keys.push(i);
  }
  assert.deepEqual(keys, [0, 10, 14, 24, 34]);
});

Deno.test("test:video: sizes are those of an encoder: large key frames, small varying delta frames, the rate asked for", () => {
  for (const bitrateBps of [350_000, 600_000, 1_000_000]) {
    const { frames } = take("test:video", 600, { bitrateBps });
    const rate = frames.reduce((sum, { data }) => sum + data.length, 0) * 8 / 20;
    assert.ok(Math.abs(rate / bitrateBps - 1) < 0.15, `${rate} for ${bitrateBps}`);
    const sizes = frames.filter((frame) => !frame.keyframe).map(({ data }) => data.length);
    assert.ok(Math.max(...sizes) < 18_000 && new Set(sizes).size > 3);
  }
  const { frames } = take("test:video", 60, { bitrateBps: 1, fps: 25 });
  assert.ok(Math.max(...frames.slice(1).map(({ data }) => data.length)) < 1700, "the least that it can do");
  assert.equal(frames[1].timestampTicks, 3600);
});

Deno.test("test:audio: packets are 20 ms of Opus, 80 to 160 bytes, 48 kbit/s on average", () => {
  const { frames } = take("test:audio", 1000);
  let total = 0;
  for (const { data } of frames) {
    assert.equal(opusDurationTicks(data), 960);
    assert.ok(data.length >= 80 && data.length <= 160);
    total += data.length;
  }
  assert.ok(Math.abs(total / 1000 - 120) < 3, `${total}`);
});

Deno.test("test:tone: the tone goes on over frame boundaries", () => {
  const sampleAt = (data: Uint8Array, i: number) => ((data[i * 2] << 24) >> 16) | data[i * 2 + 1];
  const { frames } = take("test:tone", 60);
  const samples = frames.flatMap(({ data }) => Array.from({ length: 320 }, (_, i) => sampleAt(data, i)));
  samples.forEach((sample, i) => {
    const tone = 8000 * Math.sin((2 * Math.PI * 440 * i) / 16_000);
    assert.ok(Math.abs(sample - tone) <= 2, `sample ${i}: ${sample}, expected ${tone}`);
  });
});

Deno.test("readTestMark: other codecs, other frames and no frames are refused", () => {
  assert.equal(readTestMark("vp9", new Uint8Array(100)).ok, false);
  for (const codec of ["opus", "pcm", "h264"] as const) {
    for (const bytes of [new Uint8Array(0), new Uint8Array(640), new SeededRng(1).fill(new Uint8Array(640))]) {
      assert.equal(readTestMark(codec, bytes).ok, false);
    }
  }
});

Deno.test("isTestSource: the three names and no others", () => {
  assert.ok(TEST_SOURCES.every(isTestSource));
  assert.equal(isTestSource("test:smell"), false);
});
