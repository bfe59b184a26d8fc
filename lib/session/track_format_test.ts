import assert from "node:assert/strict";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import { fixtureMedia, startOf } from "./testing/plane_pair.ts";
import { ladderOf, trackFormats } from "./track_format.ts";

const AGREED = { rtx: true, fec: true };

Deno.test("ARC-MEDIA-default-payload-types ARC-RTP-clock-rate: what a STREAM_START leaves out has its default", () => {
  const expected = {
    "opus_48k_stereo.opus": [111, 48_000],
    "g722_16k_mono.g722": [9, 8000],
    "aac_48k_mono.aac": [104, 48_000],
    "pcm_16k_mono.wav": [105, 16_000],
    "vp9_160x90.ivf": [98, 90_000],
    "h264_160x90.h264": [102, 90_000],
    "av1_160x90.ivf": [45, 90_000],
    "h265_160x90.h265": [100, 90_000],
  } as const;
  for (const [file, [payloadType, clockRateHz]] of Object.entries(expected)) {
    const [format] = trackFormats(startOf(fixtureMedia(file)), AGREED);
    assert.deepEqual([format.payloadType, format.clockRateHz], [payloadType, clockRateHz], file);
    assert.deepEqual([format.rtx, format.fec], [undefined, undefined]);
  }
  const own = startOf(fixtureMedia("opus_48k_stereo.opus"), { payloadType: 33 });
  const audio = { ...own.codec.audio ?? assert.fail(), clock_rate: 12_345 };
  const start = { ...own, codec: { audio } } as StreamStart;
  assert.deepEqual(trackFormats(start, AGREED).map(({ payloadType, clockRateHz }) => [payloadType, clockRateHz]), [
    [33, 12_345],
  ]);
});

Deno.test("ARC-LOSS-rtx-agreed: RTX and FEC belong to the medium that they protect, where both peers offer them", () => {
  const audio = startOf(fixtureMedia("opus_48k_stereo.opus"));
  const video = startOf(fixtureMedia("vp9_160x90.ivf"));
  const start: StreamStart = {
    ...video,
    stream_type: "both",
    ssrc: 10,
    codec: { audio: audio.codec.audio ?? assert.fail(), video: video.codec.video ?? assert.fail() },
    rtx: [{ ssrc: 20, protects: 11 }, { ssrc: 21, payload_type: 99, protects: 10 }],
    fec: [{ ssrc: 22, protects: 11 }],
  };
  const formats = trackFormats(start, AGREED);
  assert.deepEqual(formats.map(({ kind, ssrc }) => [kind, ssrc]), [["audio", 10], ["video", 11]]);
  assert.deepEqual(formats.map(({ rtx }) => rtx), [{ ssrc: 21, payloadType: 99 }, { ssrc: 20, payloadType: 97 }]);
  assert.deepEqual(formats.map(({ fec }) => fec), [undefined, { ssrc: 22, payloadType: 115 }]);
  for (const { rtx, fec } of trackFormats(start, { rtx: false, fec: false })) {
    assert.deepEqual([rtx, fec], [undefined, undefined]);
  }
});

Deno.test("ARC-QUALITY-default-ladder: four rungs without `quality_ladder`, else those it names", () => {
  const start = startOf(fixtureMedia("vp9_160x90.ivf"));
  assert.deepEqual(ladderOf(start).map(({ name }) => name), ["ultra", "high", "medium", "low"]);
  const short = ladderOf({ ...start, quality_ladder: ["high", "very_low"] });
  assert.deepEqual(short.map(({ name }) => name), ["high", "very_low"]);
});
