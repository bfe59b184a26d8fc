import assert from "node:assert/strict";
import { unwrap } from "../base/parsed.ts";
import {
  DEFAULT_LADDER,
  heightOfResolution,
  levelBitrateBps,
  levelOfQ,
  parseLadder,
  QUALITY_LEVELS,
  rungWithin,
} from "./ladder.ts";

Deno.test("ARC-QUALITY-levels: the five levels have the seed's numbers", () => {
  assert.deepEqual(
    QUALITY_LEVELS.map(({ name, video, audio }) => [
      name,
      `${video.widthPx}x${video.heightPx}@${video.fps}`,
      video.bitrateBps,
      audio.bitrateBps,
    ]),
    [
      ["ultra", "1920x1080@60", 5_000_000, 192_000],
      ["high", "1920x1080@30", 3_000_000, 128_000],
      ["medium", "1280x720@30", 1_500_000, 96_000],
      ["low", "854x480@30", 800_000, 64_000],
      ["very_low", "640x360@24", 400_000, 48_000],
    ],
  );
});

Deno.test("ARC-QUALITY-default-ladder: ultra, high, medium, low", () => {
  assert.deepEqual(DEFAULT_LADDER.map(({ name }) => name), ["ultra", "high", "medium", "low"]);
});

Deno.test("ARC-SIG-stream-start-ladder: one to four different levels, best first", () => {
  assert.deepEqual(unwrap(parseLadder(["high", "very_low"])).map(({ name }) => name), ["high", "very_low"]);
  for (
    const names of [
      [],
      ["ultra", "high", "medium", "low", "very_low"],
      ["high", "high"],
      ["low", "high"],
      ["best"],
      ["high", "best"],
    ]
  ) {
    const parsed = parseLadder(names);
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_value", names.join());
  }
});

Deno.test("ARC-QUALITY-index-range: a Q beyond the ladder means its last rung", () => {
  const ladder = unwrap(parseLadder(["high", "low"]));
  assert.deepEqual([0, 1, 2, 3].map((q) => levelOfQ(ladder, q).name), ["high", "low", "low", "low"]);
});

Deno.test("ARC-QUALITY-adapt-cap: the best rung within bit rate, height and frame rate, else the last", () => {
  const within = (kbps: number, heightPx?: number, fps?: number) =>
    rungWithin(DEFAULT_LADDER, "video", { bitrateBps: kbps * 1000, heightPx, fps });
  assert.equal(within(10_000), 0);
  assert.equal(within(5_000), 0);
  assert.equal(within(4_999), 1);
  assert.equal(within(10_000, 1080, 30), 1);
  assert.equal(within(10_000, 1079), 2);
  assert.equal(within(1_000, 720, 30), 3, "the seed's own example");
  assert.equal(within(10_000, undefined, 24), 3, "no rung is slow enough");
  assert.equal(within(1), 3);
  assert.equal(rungWithin(DEFAULT_LADDER, "audio", { bitrateBps: 100_000, heightPx: 1 }), 2);
  assert.equal(levelBitrateBps(DEFAULT_LADDER[0], "both"), 5_000_000);
});

Deno.test("resolutions are a height and a p", () => {
  assert.deepEqual(["720p", "1p", "99999p"].map(heightOfResolution), [720, 1, 99999]);
  for (const text of ["", "p", "0720p", "720", "720P", "-1p", "100000p", "7.5p", "720p "]) {
    assert.equal(heightOfResolution(text), undefined, text);
  }
});
