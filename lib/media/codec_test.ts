import assert from "node:assert/strict";
import {
  CODEC_NAME_PATTERN,
  codecOf,
  CODECS,
  findCodec,
  FLEXFEC_PAYLOAD_TYPE,
  isCodecName,
  rtpClockRateHz,
  RTX_PAYLOAD_TYPE,
} from "./codec.ts";

Deno.test("ARC-MEDIA-default-payload-types: every codec has its number from the table, and no two share one", () => {
  const types = Object.fromEntries(CODECS.map((codec) => [codec.name, codec.payloadType]));
  assert.deepEqual(types, { opus: 111, g722: 9, aac: 104, pcm: 105, vp9: 98, h264: 102, av1: 45, h265: 100 });
  assert.equal(RTX_PAYLOAD_TYPE, 97);
  assert.equal(FLEXFEC_PAYLOAD_TYPE, 115);
  const all = [...Object.values(types), RTX_PAYLOAD_TYPE, FLEXFEC_PAYLOAD_TYPE];
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.every((type) => type < 64 || (type > 95 && type < 128)));
});

Deno.test("ARC-RTP-clock-rate: 48000 for Opus, 90000 for video, 8000 for G.722, the sampling rate for AAC and PCM", () => {
  for (const { name, kind } of CODECS) {
    const rate = rtpClockRateHz(name, 44100);
    if (kind === "video") assert.equal(rate, 90000);
  }
  assert.equal(rtpClockRateHz("opus", 16000), 48000);
  assert.equal(rtpClockRateHz("g722", 16000), 8000);
  assert.equal(rtpClockRateHz("aac", 44100), 44100);
  assert.equal(rtpClockRateHz("pcm", 32000), 32000);
});

Deno.test("codecs: opus and vp9 come first in the default order", () => {
  assert.deepEqual(CODECS.slice(0, 2).map((codec) => codec.name), ["opus", "vp9"]);
});

Deno.test("codecs: names outside the table are custom, and have a form", () => {
  assert.equal(isCodecName("av1"), true);
  assert.equal(isCodecName("AV1"), false);
  assert.equal(isCodecName("__proto__"), false);
  assert.equal(findCodec("x-lyra"), undefined);
  assert.equal(codecOf("h265").format, "RFC 7798");
  for (const name of ["x-lyra", "a", "0.1_b", "z".repeat(32)]) assert.match(name, CODEC_NAME_PATTERN);
  for (const name of ["", "Opus", "a b", "z".repeat(33), "é", "a\n"]) assert.doesNotMatch(name, CODEC_NAME_PATTERN);
});
