/** Parameter sets of H.264 and H.265: real ones, and made ones with the parts that are rare. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "../../base/bytes.ts";
import { NalCursor } from "../payload/annexb.ts";
import { parseH264Sps } from "./h264_sps.ts";
import { parseH265Sps } from "./h265_sps.ts";
import { BitWriter, escapeNal } from "./rbsp.ts";
import { readFixture } from "./testing/media_fixtures.ts";

function firstNal(file: string, isWanted: (header: number) => boolean): Uint8Array {
  const bytes = readFixture(file);
  const cursor = new NalCursor();
  cursor.open(bytes);
  while (cursor.advance()) if (isWanted(bytes[cursor.start])) return bytes.subarray(cursor.start, cursor.end);
  throw new Error(`no such NAL unit in ${file}`);
}

const X264_SPS = firstNal("h264_160x90.h264", (header) => (header & 0x1f) === 7);
const X265_SPS = firstNal("h265_160x90.h265", (header) => header >>> 1 === 33);

const h264 = (write: (bits: BitWriter) => void) => {
  const bits = new BitWriter();
  write(bits);
  return concatBytes(Uint8Array.of(0x67), escapeNal(bits.finish()));
};

/** Timing of `fps` behind an aspect ratio, a signal type and a chroma location that must be passed over. */
function writeUsability(
  bits: BitWriter,
  beforeTiming: (bits: BitWriter) => void,
  unitsInTick: number,
  timeScale: number,
): void {
  bits.write(1, 1).write(255, 8).write(16, 16).write(11, 16);
  bits.write(1, 1).write(1, 1);
  bits.write(1, 1).write(5, 3).write(1, 1).write(1, 1).write(0x010101, 24);
  bits.write(1, 1).ue(1).ue(2);
  beforeTiming(bits);
  bits.write(1, 1).write(unitsInTick, 32).write(timeScale, 32).write(1, 1);
}

Deno.test("H.264 SPS: a real one gives size, cropped, and rate", () => {
  assert.deepEqual(parseH264Sps(X264_SPS), { width: 160, height: 90, fps: 30 });
});

Deno.test("H.264 SPS: high profile with scaling lists, 4:2:2, fields, cropping, order count type 1", () => {
  const nal = h264((bits) => {
    bits.write(122, 8).write(0, 8).write(41, 8).ue(0);
    bits.ue(2).ue(2).ue(2).write(0, 1).write(1, 1); // 4:2:2, 10 bits, scaling matrices
    for (let list = 0; list < 8; list++) {
      if (list % 2 === 1) {
        bits.write(0, 1);
        continue;
      }
      bits.write(1, 1);
      if (list === 2) bits.se(-8); // the rest repeats the last
      else for (let i = 0; i < (list < 6 ? 16 : 64); i++) bits.se(i % 3 - 1);
    }
    bits.ue(4).ue(1).write(1, 1).se(-3).se(5).ue(3).se(1).se(-2).se(7);
    bits.ue(4).write(0, 1).ue(119).ue(33); // 1920 x 1088 of fields
    bits.write(0, 1).write(1, 1).write(1, 1); // fields, adaptive, direct
    bits.write(1, 1).ue(0).ue(0).ue(0).ue(4); // crop 8 lines of 4:2:2 fields
    bits.write(1, 1);
    writeUsability(bits, () => {}, 1001, 60_000);
  });
  assert.deepEqual(parseH264Sps(nal), { width: 1920, height: 1080, fps: 30_000 / 1001 });
});

Deno.test("H.264 SPS: 4:4:4 has a plane flag, twelve lists and crops by single samples", () => {
  const nal = h264((bits) => {
    bits.write(244, 8).write(0, 8).write(41, 8).ue(0);
    bits.ue(3).write(0, 1).ue(0).ue(0).write(0, 1).write(1, 1);
    for (let list = 0; list < 12; list++) bits.write(0, 1);
    bits.ue(0).ue(0).ue(0).ue(1).write(0, 1).ue(5).ue(3).write(1, 1).write(1, 1);
    bits.write(1, 1).ue(1).ue(2).ue(3).ue(4).write(0, 1);
  });
  assert.deepEqual(parseH264Sps(nal), { width: 93, height: 57, fps: undefined });
});

Deno.test("H.264 SPS: rates that cannot be are not believed", () => {
  for (const [units, scale] of [[0, 50], [1, 0], [1, 0xffff_ffff], [0xffff_ffff, 1]]) {
    const nal = h264((bits) => {
      bits.write(66, 8).write(0, 8).write(30, 8).ue(0).ue(0).ue(2).ue(1).write(0, 1).ue(3).ue(3);
      bits.write(1, 1).write(1, 1).write(0, 1).write(1, 1);
      writeUsability(bits, () => {}, units, scale);
    });
    assert.deepEqual(parseH264Sps(nal), { width: 64, height: 64, fps: undefined });
  }
});

interface H265Parts {
  readonly subLayers?: number;
  readonly scalingLists?: boolean;
  readonly pcm?: boolean;
  readonly longTerm?: number;
  /** Reference sets: explicit distances, or predicted from the set before by `shift`, keeping all that is not 0. */
  readonly sets?: readonly ({ readonly before: readonly number[]; readonly after: readonly number[] } | {
    readonly shift: number;
    /** Per picture of the reference set and for `shift` itself: 2 used, 1 kept unused, 0 dropped. */
    readonly flags: readonly (0 | 1 | 2)[];
  })[];
}

function h265(parts: H265Parts): Uint8Array {
  const { subLayers = 0, scalingLists = false, pcm = false, longTerm = 0, sets = [] } = parts;
  const bits = new BitWriter();
  bits.write(0, 4).write(subLayers, 3).write(1, 1);
  for (let i = 0; i < 12; i++) bits.write(0x5a, 8);
  if (subLayers > 0) {
    for (let i = 0; i < 8; i++) bits.write(i < subLayers ? 3 - (i % 2) : 0, 2);
    for (let i = 0; i < subLayers; i++) for (let j = 0; j < (i % 2 === 0 ? 12 : 11); j++) bits.write(0xa5, 8);
  }
  bits.ue(0).ue(1).ue(1288).ue(728).write(1, 1).ue(0).ue(4).ue(0).ue(4);
  bits.ue(0).ue(0).ue(4).write(1, 1);
  for (let i = 0; i <= subLayers; i++) bits.ue(4).ue(2).ue(0);
  for (let i = 0; i < 6; i++) bits.ue(i);
  bits.write(scalingLists ? 1 : 0, 1);
  if (scalingLists) {
    bits.write(1, 1);
    for (let size = 0; size < 4; size++) {
      for (let matrix = 0; matrix < (size === 3 ? 2 : 6); matrix++) {
        if (matrix % 2 === 1) {
          bits.write(0, 1).ue(1);
          continue;
        }
        bits.write(1, 1);
        if (size > 1) bits.se(4);
        for (let i = 0; i < [16, 64, 64, 64][size]; i++) bits.se(i % 5 - 2);
      }
    }
  }
  bits.write(3, 2).write(pcm ? 1 : 0, 1);
  if (pcm) bits.write(0x77, 8).ue(0).ue(2).write(1, 1);
  bits.ue(sets.length);
  sets.forEach((set, i) => {
    if (i > 0) bits.write("shift" in set ? 1 : 0, 1);
    if ("shift" in set) {
      bits.write(set.shift < 0 ? 1 : 0, 1).ue(Math.abs(set.shift) - 1);
      for (const flag of set.flags) {
        if (flag === 2) bits.write(1, 1);
        else bits.write(flag, 2);
      }
      return;
    }
    bits.ue(set.before.length).ue(set.after.length);
    for (const distance of [...set.before, ...set.after]) bits.ue(distance - 1).write(1, 1);
  });
  bits.write(longTerm > 0 ? 1 : 0, 1);
  if (longTerm > 0) {
    bits.ue(longTerm);
    for (let i = 0; i < longTerm; i++) bits.write(i, 8).write(1, 1);
  }
  bits.write(0, 2).write(1, 1);
  writeUsability(bits, () => bits.write(0, 3).write(1, 1).ue(1).ue(2).ue(3).ue(4), 1, 50);
  return concatBytes(Uint8Array.of(0x42, 0x01), escapeNal(bits.finish()));
}

const EXPECTED = { width: 1280, height: 720, fps: 50 };

Deno.test("H.265 SPS: a real one gives size, cropped, and rate", () => {
  assert.deepEqual(parseH265Sps(X265_SPS), { width: 160, height: 90, fps: 25 });
});

const CASES: readonly [string, H265Parts][] = [
  ["nothing special", {}],
  ["six sub-layers, some with profile, some with level only", { subLayers: 6 }],
  ["scaling lists", { scalingLists: true }],
  ["pcm", { pcm: true }],
  ["long-term references", { longTerm: 7 }],
  ["explicit reference sets", { sets: [{ before: [1, 2], after: [] }, { before: [1], after: [1, 3] }] }],
  ["a predicted set that keeps all", { sets: [{ before: [1, 1], after: [2] }, { shift: -1, flags: [2, 2, 1, 2] }] }],
  // -1, +1 shifted by -1: -2, 0 (no picture), and -1 itself: two pictures, so the next set has three flags.
  ["a predicted set in which a picture vanishes", {
    sets: [{ before: [1], after: [1] }, { shift: -1, flags: [2, 2, 2] }, { shift: 2, flags: [2, 0, 1] }],
  }],
  ["a predicted set that drops some, then another", {
    sets: [{ before: [1, 1, 1], after: [] }, { shift: -2, flags: [0, 2, 0, 1] }, { shift: -1, flags: [2, 0, 2] }],
  }],
  ["all of it", { subLayers: 3, scalingLists: true, pcm: true, longTerm: 2, sets: [{ before: [1], after: [] }] }],
];

for (const [what, parts] of CASES) {
  Deno.test(`H.265 SPS: ${what}`, () => assert.deepEqual(parseH265Sps(h265(parts)), EXPECTED));
}

Deno.test("SPS: every prefix, every changed byte and any bytes give a sensible picture or nothing, and never throw", () => {
  const isSensible = (picture: ReturnType<typeof parseH264Sps>) => {
    if (picture === undefined) return;
    assert.ok(picture.width > 0 && picture.width <= 16_888 && Number.isInteger(picture.width));
    assert.ok(picture.height > 0 && picture.height <= 2 * 16_888 && Number.isInteger(picture.height));
    assert.ok(picture.fps === undefined || (picture.fps >= 0.1 && picture.fps <= 480));
  };
  const [allParts] = CASES[CASES.length - 1].slice(1) as [H265Parts];
  for (const sps of [X264_SPS, X265_SPS, h265(allParts)]) {
    for (let length = 0; length <= sps.length; length++) {
      isSensible(parseH264Sps(sps.subarray(0, length)));
      isSensible(parseH265Sps(sps.subarray(0, length)));
    }
    for (let i = 0; i < sps.length; i++) {
      for (const byte of [0, 1, 0x80, 0xff, sps[i] ^ 0x10]) {
        const changed = sps.slice();
        changed[i] = byte;
        isSensible(parseH264Sps(changed));
        isSensible(parseH265Sps(changed));
      }
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      isSensible(parseH264Sps(bytes));
      isSensible(parseH265Sps(bytes));
    }),
    { seed: 3, numRuns: 2000 },
  );
});
