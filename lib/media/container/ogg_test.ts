import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { audioFrame, type MediaFrame } from "../frame.ts";
import { readU32Le, writeU32Le } from "./little_endian.ts";
import { readAllFrames } from "./media_reader.ts";
import { writeAllFrames } from "./media_writer.ts";
import { makeOggReader, makeOggWriter } from "./ogg.ts";
import { oggCrc, parseOggPage, writeOggPage } from "./ogg_page.ts";
import type { AudioStreamInfo } from "./stream_info.ts";
import { comparable } from "./testing/media_fixtures.ts";

const STREAM: AudioStreamInfo = {
  kind: "audio",
  codec: "opus",
  clockRateHz: 48_000,
  sampleRateHz: 48_000,
  channels: 2,
  preSkipTicks: 312,
};

/** A packet of 20 ms (CELT, code 0) whose bytes tell its number. */
function packet(number: number, lengthBytes = 3): Uint8Array {
  const b = new Uint8Array(lengthBytes).fill(number);
  b[0] = 0xfc;
  return b;
}

const frameAt = (timestampTicks: number, data = packet(timestampTicks & 0xff)): MediaFrame =>
  audioFrame(data, timestampTicks, 960);

const HEAD = concatBytes(utf8("OpusHead"), Uint8Array.of(1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0));
const TAGS = concatBytes(utf8("OpusTags"), new Uint8Array(8));

interface Page {
  readonly packets: readonly Uint8Array[];
  readonly granule?: number;
  readonly serial?: number;
  readonly number: number;
  readonly first?: boolean;
  readonly last?: boolean;
}

function page({ packets, granule = 0, serial = 7, number, first = false, last = false }: Page): Uint8Array {
  return writeOggPage({ isFirst: first, isLast: last, granulePosition: granule, serial, pageNumber: number }, packets);
}

/** A page given by its lacing values, for packets that go on from page to page. */
function rawPage(flags: number, granule: number, number: number, lacing: number[], body: Uint8Array): Uint8Array {
  const b = new Uint8Array(27 + lacing.length + body.length);
  b.set(utf8("OggS"));
  b[5] = flags;
  if (granule < 0) b.fill(0xff, 6, 14);
  else writeU32Le(b, 6, granule);
  writeU32Le(b, 14, 7);
  writeU32Le(b, 18, number);
  b[26] = lacing.length;
  b.set(lacing, 27);
  b.set(body, 27 + lacing.length);
  writeU32Le(b, 22, oggCrc(b));
  return b;
}

const START = [page({ packets: [HEAD], number: 0, first: true }), page({ packets: [TAGS], number: 1 })];

function read(...pages: Uint8Array[]) {
  const reader = makeOggReader();
  const frames = readAllFrames(reader, concatBytes(...pages));
  return { frames, times: frames.map((f) => f.timestampTicks), fault: reader.fault, stream: reader.stream };
}

Deno.test("Ogg: the CRC is Ogg's own: polynomial 0x04C11DB7, nothing reflected or inverted, starting at 0", () => {
  // The check value of CRC-32/CKSUM, which differs only in that it inverts its result.
  assert.equal(oggCrc(utf8("123456789")), ~0x765e7680 >>> 0);
});

Deno.test("Ogg: stream, packets and times are read", () => {
  const { frames, times, fault, stream } = read(
    ...START,
    page({ packets: [packet(1), packet(2)], granule: 1920, number: 2 }),
    page({ packets: [packet(3)], granule: 2880, number: 3, last: true }),
  );
  assert.equal(fault, undefined);
  assert.deepEqual(stream, STREAM);
  assert.deepEqual(frames.map((f) => f.data[1]), [1, 2, 3]);
  assert.deepEqual(times, [0, 960, 1920]);
});

Deno.test("Ogg: a packet goes on over pages, in pieces of 255; a length of 255 ends with a 0", () => {
  const long = packet(9, 700);
  const exact = packet(8, 255);
  const { frames, times, fault } = read(
    ...START,
    rawPage(0, 960, 2, [3, 255, 255], concatBytes(packet(1), long.subarray(0, 510))),
    rawPage(1, 2880, 3, [190, 255, 0, 3], concatBytes(long.subarray(510), exact, packet(2))),
  );
  assert.equal(fault, undefined);
  assert.deepEqual(frames.map((f) => f.data.length), [3, 700, 255, 3]);
  assert.deepEqual(frames[1].data, long);
  assert.deepEqual(times, [0, 960, 1920, 2880]);
});

Deno.test("Ogg: a page on which no packet ends has no position, and the packet spans it", () => {
  const long = packet(9, 255 * 300 - 20_000);
  const segments = Math.floor(long.length / 255);
  const { frames, fault } = read(
    ...START,
    rawPage(0, -1, 2, new Array(200).fill(255), long.subarray(0, 200 * 255)),
    rawPage(
      1,
      960,
      3,
      [...new Array(segments - 200).fill(255), long.length % 255],
      long.subarray(200 * 255),
    ),
  );
  assert.equal(fault, undefined);
  assert.deepEqual(frames.map((f) => f.data), [long]);
});

Deno.test("Ogg: where a page is missing, the packet that it held in part is gone, and the rest is in its place", () => {
  const long = packet(9, 600);
  const { frames, times, fault } = read(
    ...START,
    rawPage(0, 960, 2, [3, 255], concatBytes(packet(1), long.subarray(0, 255))),
    rawPage(1, 4800, 4, [90, 3], concatBytes(long.subarray(510), packet(2))),
  );
  assert.equal(fault, undefined);
  assert.deepEqual(frames.map((f) => f.data[1]), [1, 2]);
  assert.deepEqual(times, [0, 3840]);
});

Deno.test("Ogg: a position ahead of the packets is a gap before their page; one behind trims the end and moves nothing", () => {
  const { times } = read(
    ...START,
    page({ packets: [packet(1)], granule: 48_960, number: 2 }),
    page({ packets: [packet(2)], granule: 49_920, number: 3 }),
    page({ packets: [packet(3), packet(4)], granule: 50_000, number: 4, last: true }),
  );
  assert.deepEqual(times, [48_000, 48_960, 49_920, 50_880]);
});

Deno.test("Ogg: other streams in the same file are passed over, chained ones follow on", () => {
  const video = (number: number, first = false) => page({ packets: [utf8("\x80theora")], serial: 99, number, first });
  const { frames, times, fault } = read(
    video(0, true),
    START[0],
    video(1),
    START[1],
    page({ packets: [packet(1)], granule: 960, number: 2, last: true }),
    video(2),
    page({ packets: [HEAD], serial: 8, number: 0, first: true }),
    page({ packets: [TAGS], serial: 8, number: 1 }),
    page({ packets: [packet(2)], granule: 960, serial: 8, number: 2, last: true }),
  );
  assert.equal(fault, undefined);
  assert.deepEqual(frames.map((f) => f.data[1]), [1, 2]);
  assert.deepEqual(times, [0, 960]);
});

Deno.test("Ogg: chained streams that together last for ever are a fault, not times that stand still", () => {
  const first = page({ packets: [packet(1)], granule: 2 ** 53 - 1, number: 2, last: true });
  const { frames, fault } = read(...START, first, ...START, page({ packets: [packet(2)], granule: 960, number: 2 }));
  assert.deepEqual([fault?.reason, frames.length], ["bad_value", 2]);
  assert.ok(frames.every((frame) => Number.isSafeInteger(frame.timestampTicks)));
});

Deno.test("Ogg: comments of any size are passed over without being kept", () => {
  const pages = [
    START[0],
    rawPage(0, -1, 1, new Array(255).fill(255), concatBytes(TAGS, new Uint8Array(255 * 255 - 16))),
  ];
  for (let i = 2; i < 20; i++) pages.push(rawPage(1, -1, i, new Array(255).fill(255), new Uint8Array(255 * 255)));
  pages.push(rawPage(1, 0, 20, [4], new Uint8Array(4)), page({ packets: [packet(1)], granule: 960, number: 21 }));
  const { frames, fault } = read(...pages);
  assert.equal(fault, undefined);
  assert.equal(frames.length, 1);
});

const changed = (bytes: Uint8Array, change: (b: Uint8Array) => void, isCrcMended = true) => {
  const b = bytes.slice();
  change(b);
  if (isCrcMended) {
    writeU32Le(b, 22, 0);
    writeU32Le(b, 22, oggCrc(b));
  }
  return b;
};
const audio = page({ packets: [packet(1)], granule: 960, number: 2 });
const startBytes = START[0].length + START[1].length;

const BAD: readonly [string, readonly Uint8Array[], string, number][] = [
  ["no capture pattern", [...START, changed(audio, (b) => b[0] = 0)], "bad_value", startBytes],
  ["another version", [...START, changed(audio, (b) => b[4] = 1)], "bad_version", startBytes + 4],
  ["a changed byte", [...START, changed(audio, (b) => b[29] ^= 1, false)], "bad_value", startBytes + 22],
  [
    "a position of -2",
    [...START, changed(audio, (b) => b.fill(0xff, 6, 14).set([0xfe], 6))],
    "bad_value",
    startBytes + 6,
  ],
  ["no Opus in it", [page({ packets: [utf8("\x01vorbis")], number: 0, first: true }), audio], "unknown_type", 35],
  ["a short OpusHead", [page({ packets: [HEAD.subarray(0, 18)], number: 0, first: true })], "truncated", 28 + 18],
  ["OpusHead version 16", [changed(START[0], (b) => b[28 + 8] = 16)], "bad_version", 28 + 8],
  ["three channels", [changed(START[0], (b) => b[28 + 9] = 3)], "bad_value", 28 + 9],
  ["a channel mapping", [changed(START[0], (b) => b[28 + 18] = 1)], "unknown_type", 28 + 18],
  ["no OpusTags", [START[0], page({ packets: [packet(1)], number: 1 })], "bad_value", START[0].length + 27],
  ["an empty packet", [...START, page({ packets: [new Uint8Array(0)], number: 2 })], "bad_value", startBytes + 27],
  [
    "a packet of 240 ms",
    [...START, page({ packets: [Uint8Array.of(0xff, 12, 0)], number: 2 })],
    "bad_value",
    startBytes + 27,
  ],
  [
    "a packet of 65 kB",
    [...START, rawPage(0, -1, 2, new Array(255).fill(255), new Uint8Array(255 * 255))],
    "too_large",
    startBytes,
  ],
  [
    "the end in the middle of a packet",
    [...START, rawPage(0, -1, 2, [255], packet(1, 255))],
    "truncated",
    startBytes + 28 + 255,
  ],
];

for (const [what, pages, reason, offset] of BAD) {
  Deno.test(`Ogg: ${what} is a fault at its place`, () => {
    const { fault, frames } = read(...pages);
    assert.deepEqual([fault?.reason, fault?.offset], [reason, offset], `${fault?.message}`);
    assert.equal(frames.length, 0);
  });
}

Deno.test("Ogg: what was read before a fault is kept, on the same page as well", () => {
  const half = read(...START, page({ packets: [packet(1), packet(2), new Uint8Array(0)], granule: 2880, number: 2 }));
  assert.deepEqual(half.frames.map((f) => f.data[1]), [1, 2]);
  assert.equal(half.fault?.reason, "bad_value");
  const { frames, fault } = read(...START, audio, changed(audio, (b) => b[28] ^= 1, false));
  assert.equal(frames.length, 1);
  assert.equal(fault?.reason, "bad_value");
});

Deno.test("Ogg: any packets at any times come back as they were, through pages that all check", () => {
  const step = fc.record({
    gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 200_000 })),
    length: fc.integer({ min: 1, max: 1300 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      let at = 0;
      const frames = steps.map(({ gap, length }, i) => {
        const frame = frameAt(at + gap, packet(i & 0xff, length));
        at += gap + 960;
        return frame;
      });
      const file = writeAllFrames(makeOggWriter(STREAM, { serial: 0xdeadbeef }), frames);
      const { frames: again, fault, stream } = read(file);
      assert.equal(fault, undefined);
      assert.deepEqual(comparable(again), comparable(frames));
      assert.deepEqual(stream, STREAM);
    }),
    { seed: 6, numRuns: 60 },
  );
});

Deno.test("Ogg writer: pages hold at most one second and 255 segments, are numbered, and only the last is marked so", () => {
  const frames = Array.from({ length: 200 }, (_, i) => frameAt(i * 960, packet(i, 1 + i * 6)));
  const file = writeAllFrames(makeOggWriter(STREAM, { serial: 5 }), frames);
  let at = 0;
  let before = 0;
  for (let number = 0; at < file.length; number++) {
    const segments = file[at + 26];
    const lengthBytes = 27 + segments + file.subarray(at + 27, at + 27 + segments).reduce((sum, n) => sum + n, 0);
    const parsed = unwrap(parseOggPage(file.subarray(at, at + lengthBytes)));
    assert.deepEqual([parsed.pageNumber, parsed.serial, parsed.isFirst], [number, 5, number === 0]);
    assert.equal(parsed.isLast, at + lengthBytes === file.length);
    assert.ok((parsed.granulePosition ?? 0) - before <= 48_000);
    before = parsed.granulePosition ?? 0;
    at += lengthBytes;
  }
  assert.equal(before, 200 * 960);
});

Deno.test("Ogg writer: what is no Opus packet or goes back in time is refused and leaves the file as it was", () => {
  const writer = makeOggWriter(STREAM);
  unwrap(writer.write(frameAt(960)));
  for (const frame of [frameAt(0), frameAt(1919), frameAt(1920, new Uint8Array(0)), frameAt(1920, packet(1, 61_441))]) {
    assert.equal(writer.write(frame).ok, false);
  }
  unwrap(writer.write(frameAt(1920)));
  const { bytes } = writer.end();
  assert.equal(readU32Le(bytes, 6), 2880);
});
