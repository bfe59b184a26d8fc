/** Every codec through two planes, bit for bit, with plain and with reduced headers. */
import assert from "node:assert/strict";
import { toHex } from "../base/bytes.ts";
import { SeededRng } from "../base/rng.ts";
import { MEDIA_FIXTURES } from "../media/container/testing/media_fixtures.ts";
import { videoFrame } from "../media/frame.ts";
import { fixtureMedia, type Media, PlanePair, startOf } from "./testing/plane_pair.ts";
import { Wiretap } from "./testing/wiretap.ts";

/** What the application got against what it sent: bytes, order, distances in time, key frames. */
function assertSame(pair: PlanePair, media: Media): void {
  const { frames } = pair.callee;
  assert.equal(frames.length, media.frames.length);
  const first = frames[0].frame.timestampTicks;
  frames.forEach(({ frame }, i) => {
    const sent = media.frames[i];
    assert.equal(toHex(frame.data), toHex(sent.data), `frame ${i}`);
    assert.equal(frame.timestampTicks - first, sent.timestampTicks - media.frames[0].timestampTicks, `frame ${i}`);
    assert.equal(frame.keyframe, sent.keyframe, `frame ${i}`);
    assert.equal(frame.priority, sent.priority, `frame ${i}`);
  });
}

function lengthMs(media: Media): number {
  return (media.lengthTicks * 1000) / media.clockRateHz;
}

for (const { file, codec } of MEDIA_FIXTURES) {
  Deno.test(`ARC-MEDIA-${codec}: ${file} comes through two planes bit for bit, each frame at its time`, () => {
    const media = fixtureMedia(file);
    const pair = new PlanePair({ link: { delayMs: 10 } });
    const start = startOf(media);
    pair.start(start, { renditions: 1 });
    pair.play(start.stream_id, media);
    pair.runUntil(1200 + lengthMs(media));
    assertSame(pair, media);
    const lastMs = 1000 + (media.frames[media.frames.length - 1].timestampTicks * 1000) / media.clockRateHz;
    const last = pair.callee.frames[media.frames.length - 1];
    // Each has its capture time, and none waits for more than the path, the playout delay and the pacer.
    assert.ok(Math.abs((last.captureUnixMs ?? 0) - 1_700_000_000_000 - lastMs) < 1, `captured ${last.captureUnixMs}`);
    for (const { e2eMs } of pair.callee.frames) assert.ok(e2eMs !== undefined && e2eMs >= 10 && e2eMs < 27, `${e2eMs}`);
    const [track] = pair.callee.plane.stats(pair.nowMs).receiving[0].tracks;
    assert.equal(track.missingPackets + track.latePackets + track.duplicatePackets + track.framesIncomplete, 0);
    assert.deepEqual(pair.callee.plane.stats(pair.nowMs).drops, {});
  });

  Deno.test(`ARC-RTP-reduced-lossless: ${file} comes through with reduced headers too, in fewer bytes`, () => {
    const media = fixtureMedia(file);
    const bytes = [false, true].map((reducedHeader) => {
      const pair = new PlanePair({ link: { delayMs: 10 }, reducedHeader });
      const start = startOf(media, { contexts: [{ id: 3, quality: 0 }] });
      const tap = new Wiretap(pair, [start], "hmac-sha256-80");
      pair.start(start, { renditions: 1 });
      pair.play(start.stream_id, media);
      pair.runUntil(1200 + lengthMs(media));
      assertSame(pair, media);
      assert.equal(tap.unread, 0);
      const reduced = tap.packets.filter(({ wasReduced }) => wasReduced).length;
      if (reducedHeader) assert.ok(reduced > tap.packets.length / 2, `${reduced} of ${tap.packets.length} reduced`);
      else assert.equal(reduced, 0);
      return pair.caller.plane.stats(pair.nowMs).sent.wireBytes;
    });
    assert.ok(bytes[1] < bytes[0], `${bytes[1]} bytes with reduced headers, ${bytes[0]} without`);
  });
}

Deno.test("ARC-SIG-stream-start-both-ssrc ARC-MEDIA-both-payload-types: audio and video of one stream, told apart", () => {
  const audio = fixtureMedia("opus_48k_stereo.opus");
  const video = fixtureMedia("vp9_160x90.ivf");
  const pair = new PlanePair({ link: { delayMs: 10 }, rtx: true, fec: true });
  const base = startOf(video);
  const start = {
    ...base,
    stream_type: "both" as const,
    codec: { audio: startOf(audio).codec.audio ?? assert.fail(), video: base.codec.video ?? assert.fail() },
    // The video's SSRC is 0: one more than the audio's, modulo 2^32.
    ssrc: 0xffff_ffff,
    rtx: [{ ssrc: 7, protects: 0 }],
    fec: [{ ssrc: 8, protects: 0 }, { ssrc: 9, payload_type: 116, protects: 0xffff_ffff }],
  };
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, audio);
  pair.play(start.stream_id, video);
  pair.runUntil(11_300);
  const kinds = { audio, video };
  for (const kind of ["audio", "video"] as const) {
    const got = pair.callee.frames.filter((event) => event.media === kind);
    assert.deepEqual(got.map(({ frame }) => toHex(frame.data)), kinds[kind].frames.map(({ data }) => toHex(data)));
  }
  const pairs = new Set(tap.packets.map(({ fields }) => `${fields.ssrc} ${fields.payloadType}`));
  assert.deepEqual([...pairs].sort(), ["0 98", "4294967295 111", "8 115", "9 116"]);
  assert.equal(tap.unread, 0);
});

Deno.test("ARC-MEDIA-opaque: a codec that nobody knows travels one frame in one packet", () => {
  const rng = new SeededRng(5);
  const frames = Array.from(
    { length: 100 },
    (_, i) => videoFrame(rng.fill(new Uint8Array(1 + (i * 11) % 1100)), i * 500, 500, { keyframe: false, priority: 2 }),
  );
  const media: Media = {
    kind: "video",
    codec: "x-theora.2",
    clockRateHz: 10_000,
    channels: 1,
    sampleRateHz: 0,
    width: 64,
    height: 64,
    frames,
    lengthTicks: 50_000,
  };
  const pair = new PlanePair({ link: { delayMs: 10 } });
  const start = startOf(media, { payloadType: 121 });
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, media);
  pair.runUntil(6200);
  assertSame(pair, media);
  assert.equal(tap.packets.length, 100);
  assert.ok(tap.packets.every(({ fields }) => fields.payloadType === 121));
  // Nobody can tell its key frames, so none is asked for.
  assert.ok(tap.rtcp.every(({ packets }) => packets.every(({ kind }) => kind !== "pli")));
});

for (const [suite, authentication] of [["aes-256-gcm", "none"], ["chacha20-poly1305", "hmac-sha256-80"]] as const) {
  Deno.test(`two planes speak ${suite} with authentication ${authentication}`, () => {
    const media = fixtureMedia("g722_16k_mono.g722");
    const pair = new PlanePair({ suite, authentication });
    const start = startOf(media);
    pair.start(start);
    pair.play(start.stream_id, media);
    pair.runUntil(4200);
    assertSame(pair, media);
  });
}
