import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { unwrap } from "../../lib/base/parsed.ts";
import { openMedia } from "../../lib/media/container/open_media.ts";
import { readAllFrames } from "../../lib/media/container/media_reader.ts";
import {
  comparable,
  FIXTURES_DIRECTORY,
  MEDIA_FIXTURES,
  readFixture,
} from "../../lib/media/container/testing/media_fixtures.ts";
import { CliError } from "../ui/cli_error.ts";
import { type MediaSource, openSource } from "./media_source.ts";

const OPTIONS = { loop: false, seed: 1 };
const path = (file: string) => fileURLToPath(new URL(file, FIXTURES_DIRECTORY));

function take(source: MediaSource, most = Infinity) {
  const frames = [];
  while (frames.length < most) {
    const frame = source.next();
    if (frame === undefined) break;
    frames.push(frame);
  }
  source.close();
  return frames;
}

for (const { file, codec, frames: count, bytes } of MEDIA_FIXTURES) {
  Deno.test(`source: ${file} gives the frames of the whole file, from time 0 on`, () => {
    const source = openSource(path(file), OPTIONS);
    assert.equal(source.stream.codec, codec);
    const frames = take(source);
    const all = readFixture(file);
    const expected = readAllFrames(unwrap(openMedia(all, file)), all);
    const startTicks = expected[0].timestampTicks;
    const shifted = expected.map((frame) => ({ ...frame, timestampTicks: frame.timestampTicks - startTicks }));
    assert.equal(frames.length, count);
    assert.deepEqual(comparable(frames), comparable(shifted));
    assert.equal(source.complaint, undefined);
    const last = frames[count - 1];
    const seconds = (last.timestampTicks + last.durationTicks) / source.stream.clockRateHz;
    const exactBps = (bytes * 8) / seconds;
    assert.ok(source.bitrateBps > exactBps * 0.6 && source.bitrateBps < exactBps * 1.6, `${source.bitrateBps}`);
  });
}

Deno.test("source: a looping file goes on in time, frame for frame", () => {
  for (const file of ["pcm_16k_mono.wav", "h264_160x90.h264", "aac_48k_mono.aac"]) {
    const once = take(openSource(path(file), OPTIONS));
    const twice = take(openSource(path(file), { ...OPTIONS, loop: true }), 2 * once.length);
    assert.equal(twice.length, 2 * once.length);
    const step = once[1].timestampTicks - once[0].timestampTicks;
    twice.forEach(({ timestampTicks, data }, i) => {
      assert.ok(Math.abs(timestampTicks - i * step) <= 1, `${file}: frame ${i} at ${timestampTicks}`);
      assert.deepEqual(data, once[i % once.length].data);
    });
  }
});

Deno.test("source: a file that ends in the middle gives what is whole, and says so", () => {
  const cut = Deno.makeTempFileSync({ suffix: ".ivf" });
  try {
    Deno.writeFileSync(cut, readFixture("av1_160x90.ivf").subarray(0, 20_000));
    for (const loop of [false, true]) {
      const source = openSource(cut, { ...OPTIONS, loop });
      const frames = take(source);
      assert.ok(frames.length > 10 && frames.length < 60);
      assert.match(source.complaint ?? "", /IVF frame/);
    }
  } finally {
    Deno.removeSync(cut);
  }
});

Deno.test("source: what cannot be sent is refused as a mistake of usage", () => {
  const empty = Deno.makeTempFileSync({ suffix: ".ivf" });
  try {
    Deno.writeFileSync(empty, readFixture("av1_160x90.ivf").subarray(0, 32));
    for (const name of ["no/such/file.ivf", path("README.md"), "test:smell", empty]) {
      assert.throws(() => openSource(name, OPTIONS), (error) => error instanceof CliError && error.exit === "usage");
    }
  } finally {
    Deno.removeSync(empty);
  }
});

Deno.test("source: test sources are endless and answer a wish for a key frame", () => {
  const source = openSource("test:video", OPTIONS);
  const frames = take(source, 10);
  source.requestKeyframe();
  assert.deepEqual(frames.map((frame) => frame.keyframe), [true, ...Array(9).fill(false)]);
  assert.equal(source.next()?.keyframe, true);
});
