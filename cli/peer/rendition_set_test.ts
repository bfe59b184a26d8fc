import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { StreamInfo } from "../../lib/media/container/stream_info.ts";
import { FIXTURES_DIRECTORY } from "../../lib/media/container/testing/media_fixtures.ts";
import { DELTA_FRAME, KEY_FRAME, type MediaFrame, videoFrame } from "../../lib/media/frame.ts";
import { type MediaSource, openSource } from "./media_source.ts";
import { groupSources, RenditionSet, sortRenditions } from "./rendition_set.ts";

const open = (file: string) =>
  openSource(file.startsWith("test:") ? file : fileURLToPath(new URL(file, FIXTURES_DIRECTORY)), {
    loop: false,
    seed: 1,
  });

const names = (sources: readonly MediaSource[]) => sources.map(({ name }) => name.slice(name.lastIndexOf("/") + 1));

Deno.test("renditions: video of one codec is one stream, best first; audio and other codecs are their own", () => {
  const sources = [
    "vp9_160x90.ivf",
    "opus_48k_stereo.opus",
    "vp9_320x180.ivf",
    "test:audio",
    "h264_160x90.h264",
    "vp9_256x144.ivf",
  ].map(open);
  assert.deepEqual(groupSources(sources).map(names), [
    ["vp9_320x180.ivf", "vp9_256x144.ivf", "vp9_160x90.ivf"],
    ["opus_48k_stereo.opus"],
    ["test:audio"],
    ["h264_160x90.h264"],
  ]);
  for (const source of sources) source.close();
});

Deno.test("renditions: of one size the higher bit rate is the better", () => {
  const source = (name: string, bitrateBps: number) => ({ ...made([0]), name, bitrateBps });
  assert.deepEqual(names(sortRenditions([source("a", 100), source("b", 300), source("c", 200)])), ["b", "c", "a"]);
});

/** A source of video frames at these times; a key frame where the time is a multiple of 60 ticks, or near one. */
function made(times: readonly number[], width = 16): MediaSource {
  const frames = times.map((ticks): MediaFrame => {
    const isKey = (ticks + 5) % 6000 <= 10;
    return videoFrame(Uint8Array.of(width), ticks, 0, isKey ? KEY_FRAME : DELTA_FRAME);
  });
  const stream: StreamInfo = { kind: "video", codec: "vp9", clockRateHz: 90_000, width, height: 16, fps: 30 };
  return {
    name: `${width}`,
    stream,
    bitrateBps: 1,
    complaint: undefined,
    next: () => frames.shift(),
    requestKeyframe() {},
    close() {},
  };
}

const times = (count: number, shift = 0) => Array.from({ length: count }, (_, i) => i * 3000 + (i > 0 ? shift : 0));

/** Which rendition each frame came from, and when, while `wish` says which is wanted at each. */
function play(set: RenditionSet, wish: (i: number) => number): [width: number, ticks: number, rung: number][] {
  const played: [number, number, number][] = [];
  for (let i = 0; set.nextTicks !== undefined; i++) {
    const due = set.nextTicks;
    const frame = set.next(wish(i));
    assert.ok(frame);
    assert.ok(Math.abs(frame.timestampTicks - due) <= 900);
    played.push([frame.data[0], frame.timestampTicks, set.rung]);
  }
  assert.equal(set.next(0), undefined);
  return played;
}

Deno.test("renditions: another takes over at its next key frame and no frame is sent twice or left out", () => {
  const played = play(new RenditionSet([made(times(12), 30), made(times(12), 20)]), (i) => i >= 1 && i < 7 ? 1 : 0);
  assert.deepEqual(played.map(([width]) => width), [30, 30, 20, 20, 20, 20, 20, 20, 30, 30, 30, 30]);
  assert.deepEqual(played.map(([, ticks]) => ticks), times(12));
  assert.deepEqual(played.map(([, , rung]) => rung), [0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
});

Deno.test("renditions: times that differ by rounding are the same instant; half the frame rate is no hindrance", () => {
  for (const shift of [-4, 4]) {
    const played = play(new RenditionSet([made(times(12), 30), made(times(12, shift), 20)]), (i) => i === 0 ? 0 : 1);
    assert.deepEqual(played.map(([width]) => width), [30, 30, ...Array(10).fill(20)]);
  }
  const slow = made(times(12).filter((_, i) => i % 2 === 0), 20);
  const played = play(new RenditionSet([made(times(12), 30), slow]), (i) => i === 0 ? 0 : 1);
  assert.deepEqual(played.map(([, ticks]) => ticks / 3000), [0, 1, 2, 4, 6, 8, 10]);
});

Deno.test("renditions: a wish beyond the last rung means the last; an ended rendition is not gone to", () => {
  const played = play(new RenditionSet([made(times(8), 30), made(times(3), 20)]), (i) => i < 3 ? 0 : 3);
  assert.deepEqual(played.map(([width]) => width), Array(8).fill(30));
});

Deno.test("renditions: the three VP9 fixtures switch at any of their key frames", () => {
  const set = new RenditionSet(["vp9_320x180.ivf", "vp9_256x144.ivf", "vp9_160x90.ivf"].map(open));
  const rungs: number[] = [];
  for (let i = 0; set.nextTicks !== undefined; i++) {
    const frame = set.next(Math.floor(i / 60) % 3);
    if (i % 60 === 0) assert.equal(frame?.keyframe, true);
    rungs.push(set.rung);
  }
  set.close();
  assert.deepEqual(rungs, Array.from({ length: 300 }, (_, i) => Math.floor(i / 60) % 3));
});
