/** What holds for every container alike, shown on the real files of `fixtures/media/`. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { below, SeededRng } from "../../base/rng.ts";
import { CODECS } from "../codec.ts";
import type { MediaFrame } from "../frame.ts";
import { DETECT_BYTES, detectContainer, openMedia } from "./open_media.ts";
import { type MediaReader, readAllFrames } from "./media_reader.ts";
import { writeAllFrames } from "./media_writer.ts";
import { comparable, MEDIA_FIXTURES, readFixture } from "./testing/media_fixtures.ts";
import { FILE_EXTENSIONS, writerFor } from "./writer_for.ts";

/** One per codec: the smallest. */
const ONE_PER_CODEC = CODECS.map(({ name }) => {
  const [smallest] = MEDIA_FIXTURES.filter((f) => f.codec === name).sort((a, b) => a.bytes - b.bytes);
  assert.ok(smallest, `fixtures/media has a file of ${name}`);
  return smallest;
});

const open = (file: Uint8Array, name: string): MediaReader => unwrap(openMedia(file.subarray(0, DETECT_BYTES), name));

function drain(reader: MediaReader): MediaFrame[] {
  const frames: MediaFrame[] = [];
  for (let frame = reader.poll(); frame !== undefined; frame = reader.poll()) frames.push(frame);
  return frames;
}

/** A file that is long enough to be of every shape and short enough to be tried at every place. */
function head(file: Uint8Array, name: string, frames: number): Uint8Array {
  const reader = open(file, name);
  const all = readAllFrames(reader, file).slice(0, frames);
  assert.ok(reader.stream);
  return writeAllFrames(unwrap(writerFor(reader.stream)), all);
}

for (const fixture of MEDIA_FIXTURES) {
  const { file, codec } = fixture;

  Deno.test(`containers: ${file} is the file that files.json describes, and reads as ffprobe says`, () => {
    const bytes = readFixture(file);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), fixture.sha256);
    const reader = open(bytes, file);
    const frames = readAllFrames(reader, bytes);
    assert.equal(reader.fault, undefined);
    assert.equal(frames.length, fixture.frames);
    assert.equal(frames.filter((frame) => frame.keyframe).length, fixture.keyframes);
    const { stream } = reader;
    assert.ok(stream);
    assert.equal(stream.codec, codec);
    if (stream.kind === "video") {
      assert.deepEqual([stream.width, stream.height, stream.fps], [fixture.width, fixture.height, fixture.fps]);
      frames.forEach((frame, i) => assert.equal(frame.timestampTicks, Math.round(i * 90_000 / (fixture.fps ?? 0))));
    } else {
      assert.deepEqual([stream.sampleRateHz, stream.channels], [fixture.sampleRateHz, fixture.channels]);
      frames.forEach((frame, i) => {
        const before = frames[i - 1];
        assert.equal(frame.timestampTicks, i === 0 ? 0 : before.timestampTicks + before.durationTicks);
        assert.ok(frame.durationTicks > 0 && frame.priority === 0);
      });
    }
  });

  Deno.test(`containers: ${file} written anew and read again gives the same frames to the bit`, () => {
    const bytes = readFixture(file);
    const reader = open(bytes, file);
    const frames = readAllFrames(reader, bytes);
    assert.ok(reader.stream);
    const again = writeAllFrames(unwrap(writerFor(reader.stream)), frames);
    const name = `x${FILE_EXTENSIONS[codec]}`;
    const second = open(again, name);
    assert.deepEqual(comparable(readAllFrames(second, again)), comparable(frames));
    assert.equal(second.fault, undefined);
    // The time base of what we write is no frame rate; everything else the container says is kept.
    const { fps: _, ...said } = { fps: undefined, ...reader.stream };
    const { fps: __, ...saidAgain } = { fps: undefined, ...second.stream };
    assert.deepEqual(saidAgain, said);
  });
}

for (const { file, codec } of ONE_PER_CODEC) {
  Deno.test(`containers: ${codec} reads the same however the file is cut, and from the middle of a dirty pool`, () => {
    const bytes = head(readFixture(file), file, 12);
    const whole = comparable(readAllFrames(open(bytes, file), bytes));
    assert.equal(whole.length, 12);
    const rng = new SeededRng(1);
    const cuts: (() => number)[] = [() => 1, () => 7, () => 1 + below(rng, 900)];
    for (const next of cuts) {
      const reader = open(bytes, file);
      const frames: MediaFrame[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = Math.min(next(), bytes.length - at);
        const pool = rng.fill(new Uint8Array(size + 64));
        pool.set(bytes.subarray(at, at + size), 32);
        reader.push(pool.subarray(32, 32 + size));
        pool.fill(0xdd);
        at += size;
        frames.push(...drain(reader));
      }
      reader.end();
      frames.push(...drain(reader));
      assert.equal(reader.fault, undefined);
      assert.deepEqual(comparable(frames), whole);
    }
  });

  Deno.test(`containers: ${codec} cut off anywhere keeps every frame before the cut and says where the file ended`, () => {
    const bytes = head(readFixture(file), file, 3);
    const step = Math.max(1, Math.floor(bytes.length / 800));
    const whole = readAllFrames(open(bytes, file), bytes);
    // Byte streams and bare samples cannot tell that they were cut: their last frame is short instead.
    const tellsEnd = !["h264", "h265", "g722"].includes(codec);
    for (let length = 64; length < bytes.length; length += step) {
      const reader = open(bytes, file);
      const frames = readAllFrames(reader, bytes.subarray(0, length));
      assert.ok(frames.length <= whole.length);
      frames.slice(0, -1).forEach((frame, i) => assert.deepEqual(frame, whole[i]));
      if (!tellsEnd) {
        const read = concatBytes(...frames.map((frame) => frame.data));
        assert.deepEqual(read, bytes.subarray(0, read.length));
        assert.equal(reader.fault, undefined);
        continue;
      }
      for (const last of frames.slice(-1)) {
        assert.deepEqual(last.data, whole[frames.length - 1].data.subarray(0, last.data.length));
      }
      if (reader.fault === undefined) continue;
      assert.equal(reader.fault.reason, "truncated", `at ${length}: ${reader.fault.message}`);
      assert.equal(reader.fault.offset, length);
    }
  });

  Deno.test(`containers: ${codec} with bytes changed anywhere never throws, never makes frames out of nothing`, () => {
    const bytes = head(readFixture(file), file, 8);
    for (let seed = 0; seed < 150; seed++) {
      const rng = new SeededRng(seed);
      const bad = bytes.slice();
      for (let i = 0; i <= below(rng, 4); i++) {
        // The beginning more often: that is where the structure is.
        const limit = below(rng, 2) === 0 ? Math.min(200, bad.length) : bad.length;
        bad[below(rng, limit)] = rng.u32();
      }
      const opened = openMedia(bad.subarray(0, DETECT_BYTES), file);
      if (!opened.ok) continue;
      const frames = readAllFrames(opened.value, bad);
      const total = frames.reduce((sum, frame) => sum + frame.data.length, 0);
      assert.ok(total <= bad.length, `seed ${seed}: ${total} bytes of frames from ${bad.length}`);
      const { fault } = opened.value;
      if (fault?.offset !== undefined) assert.ok(fault.offset <= bad.length, `seed ${seed}: ${fault.message}`);
    }
  });

  Deno.test(`containers: ${codec} bytes that are random after a sound beginning never throw`, () => {
    const bytes = head(readFixture(file), file, 2);
    for (let seed = 0; seed < 60; seed++) {
      const rng = new SeededRng(seed);
      const kept = below(rng, bytes.length);
      const bad = rng.fill(new Uint8Array(kept + 3000));
      bad.set(bytes.subarray(0, kept));
      const reader = open(bytes, file);
      const frames = readAllFrames(reader, bad);
      assert.ok(frames.reduce((sum, frame) => sum + frame.data.length, 0) <= bad.length);
    }
  });

  Deno.test(`containers: ${codec} is known by its bytes${codec === "g722" ? " never, by its name always" : ""}`, () => {
    const bytes = readFixture(file).subarray(0, DETECT_BYTES);
    const kind = detectContainer(bytes, file);
    assert.ok(kind);
    assert.equal(detectContainer(bytes, "no-name"), codec === "g722" ? undefined : kind);
    assert.equal(detectContainer(bytes, `UPPER${FILE_EXTENSIONS[codec].toUpperCase()}`), kind);
  });

  Deno.test(`containers: an empty ${codec} file can be written, and has no frames`, () => {
    const bytes = readFixture(file);
    const reader = open(bytes, file);
    readAllFrames(reader, bytes);
    assert.ok(reader.stream);
    const empty = writeAllFrames(unwrap(writerFor(reader.stream)), []);
    if (empty.length === 0) return;
    const again = open(empty, `x${FILE_EXTENSIONS[codec]}`);
    assert.deepEqual(readAllFrames(again, empty), []);
    assert.equal(again.fault, undefined);
  });
}

Deno.test("openMedia: what is no media is refused by name", () => {
  for (
    const [bytes, name] of [[new Uint8Array(100), "zeros.bin"], [new Uint8Array(0), "x"], [
      Uint8Array.of(1, 2),
      "a.ivf",
    ]] as const
  ) {
    const opened = openMedia(bytes, name);
    assert.ok(!opened.ok);
    assert.equal(opened.fault.reason, "unknown_type");
    assert.match(opened.fault.message, new RegExp(name));
  }
});

Deno.test("openMedia: the name chooses between the two byte streams, the given rate their times", () => {
  const bytes = readFixture("h264_160x90.h264");
  assert.equal(detectContainer(bytes, "x.hevc"), "h265");
  const reader = unwrap(openMedia(bytes, "x.h264", { fps: 50 }));
  const frames = readAllFrames(reader, bytes);
  assert.equal(frames[1].timestampTicks, 1800);
  assert.ok(reader.stream?.kind === "video" && reader.stream.fps === 50);
});

Deno.test("MediaReader: stream is known before the first frame is polled; after the end more bytes change nothing", () => {
  const bytes = readFixture("vp9_160x90.ivf");
  const reader = open(bytes, "x.ivf");
  const codec = () => reader.stream?.codec;
  assert.equal(codec(), undefined);
  reader.push(bytes.subarray(0, 32));
  assert.equal(codec(), "vp9");
  assert.equal(reader.poll(), undefined);
  reader.end();
  reader.push(bytes.subarray(32));
  assert.equal(reader.poll(), undefined);
  assert.equal(reader.fault, undefined);
});
