/** The quality rule at work between two planes, and the pacer on the wire. */
import assert from "node:assert/strict";
import { SeededRng } from "../base/rng.ts";
import { unwrap } from "../base/parsed.ts";
import { DELTA_FRAME, KEY_FRAME, type MediaFrame, videoFrame } from "../media/frame.ts";
import type { MediaEvent } from "./media_events.ts";
import { fixtureMedia, type Media, PlanePair, startOf, VIDEO_STREAM } from "./testing/plane_pair.ts";
import { Wiretap } from "./testing/wiretap.ts";

const opus = fixtureMedia("opus_48k_stereo.opus");
const vp9 = fixtureMedia("vp9_160x90.ivf");
const BOTH = { rtx: true, fec: true };
const LADDER = ["medium", "low", "very_low"] as const;

type RungEvent = Extract<MediaEvent, { kind: "rung" }>;

function rungs(pair: PlanePair): { readonly atMs: number; readonly event: RungEvent }[] {
  const seen: { readonly atMs: number; readonly event: RungEvent }[] = [];
  pair.caller.onEvent = (event, atMs) => {
    if (event.kind === "rung") seen.push({ atMs, event });
  };
  return seen;
}

Deno.test("ARC-QUALITY-sender-decides ARC-QUALITY-one-rung ARC-QUALITY-loss-measure: loss brings the rung down a step a second, and Q shows it", () => {
  const pair = new PlanePair({ link: { delayMs: 10, lossRate: 0.15 } });
  const start = startOf(vp9, { ladder: LADDER });
  pair.start(start);
  const seen = rungs(pair);
  pair.play(start.stream_id, vp9);
  pair.runUntil(9000);
  assert.deepEqual(seen.map(({ event }) => event.rung), [1, 2]);
  assert.ok(seen.every(({ event }) => event.because === "rule" && !event.isVideoStopped));
  const stepMs = seen[1].atMs - seen[0].atMs;
  assert.ok(stepMs >= 900 && stepMs <= 2100, `steps ${stepMs} ms apart`);
  // Frames sent after the decision have the new Q; all of them do, and none before.
  for (const { quality, captureUnixMs } of pair.callee.frames) {
    const atMs = (captureUnixMs ?? 0) - 1_700_000_000_000;
    const expected = seen.filter((step) => step.atMs < atMs).length;
    if (captureUnixMs !== undefined) assert.equal(quality, expected, `frame of ${atMs}`);
  }
  assert.equal(pair.caller.plane.rung(start.stream_id), 2);
  assert.equal(pair.callee.plane.stats(pair.nowMs).receiving[0].tracks[0].quality, 2);
});

Deno.test("ARC-QUALITY-hold-up ARC-QUALITY-bandwidth-up: on a good path the rung comes back up, five seconds on each", () => {
  const pair = new PlanePair({ link: { delayMs: 10 } });
  const ladder = ["low", "very_low"] as const;
  const start = startOf(vp9, { ladder });
  const seen = rungs(pair);
  pair.start(start, { rung: 1 });
  pair.play(start.stream_id, vp9);
  pair.runUntil(11_000);
  assert.deepEqual(seen.map(({ event }) => [event.rung, event.because]), [[0, "rule"]]);
  assert.ok(seen[0].atMs >= 6000 && seen[0].atMs <= 7100, `up at ${seen[0].atMs}`);
  assert.equal(pair.callee.frames[pair.callee.frames.length - 1].quality, 0);
});

Deno.test("ARC-QUALITY-adapt-cap: QUALITY_ADAPT is obeyed at once, until the next one", () => {
  const pair = new PlanePair({ link: { delayMs: 10 } });
  const start = startOf(vp9, { ladder: LADDER });
  const seen = rungs(pair);
  pair.start(start);
  pair.play(start.stream_id, vp9);
  pair.clock.at(3005, () => {
    pair.caller.plane.capQuality(start.stream_id, { bitrate: 10_000_000, resolution: "360p" }, pair.nowMs);
    pair.caller.plane.capQuality("another stream", { bitrate: 1 }, pair.nowMs);
    pair.drive(pair.caller);
  });
  pair.runUntil(9000);
  assert.deepEqual(seen, [{
    atMs: 3005,
    event: { kind: "rung", streamId: VIDEO_STREAM, rung: 2, because: "cap", isVideoStopped: false },
  }]);
  assert.equal(pair.caller.plane.stats(pair.nowMs).sending[0].level, "very_low");
  assert.equal(pair.callee.frames[pair.callee.frames.length - 1].quality, 2);
});

Deno.test("ARC-QUALITY-index-range ARC-RTP-quality-switch: a set rung is kept and stays on the ladder; the switch has a full header", () => {
  const pair = new PlanePair({ link: { delayMs: 10 }, reducedHeader: true });
  const start = startOf(vp9, {
    ladder: LADDER,
    contexts: [{ id: 0, quality: 0 }, { id: 1, quality: 1 }, { id: 2, quality: 2 }],
  });
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  const seen = rungs(pair);
  pair.start(start);
  pair.play(start.stream_id, vp9);
  [1, 9, undefined].forEach((rung, i) =>
    pair.clock.at(2005 + i * 1000, () => {
      pair.caller.plane.setRung(start.stream_id, rung);
      pair.drive(pair.caller);
    })
  );
  pair.runUntil(6000);
  assert.deepEqual(seen.map(({ event }) => [event.rung, event.because]), [[1, "set"], [2, "set"], [0, "set"]]);
  const media = tap.of("media");
  const switches = media.filter(({ fields }, i) => i > 0 && fields.quality !== media[i - 1].fields.quality);
  assert.equal(switches.length, 3);
  assert.ok(switches.every(({ wasReduced }) => !wasReduced));
  assert.ok(media.some(({ fields, wasReduced }) => fields.quality === 2 && wasReduced));
  assert.ok(media.every(({ fields }) => fields.quality <= 2));
  assert.deepEqual(
    pair.callee.frames.map(({ quality }) => quality),
    pair.callee.frames.map(({ captureUnixMs }) => {
      const second = Math.floor(((captureUnixMs ?? 0) - 1_700_000_000_005) / 1000);
      return second === 2 ? 1 : second === 3 ? 2 : 0;
    }),
  );
});

Deno.test("ARC-QUALITY-below-ladder: where it may, the sender stops video on its last rung, and begins again with a key frame", () => {
  const pair = new PlanePair({ link: { delayMs: 10, lossRate: 0.15 } });
  const video = startOf(vp9, { ladder: ["low", "very_low"] });
  const start = {
    ...video,
    stream_type: "both" as const,
    codec: { audio: startOf(opus).codec.audio ?? assert.fail(), video: video.codec.video ?? assert.fail() },
  };
  pair.start(start, { mayStopVideo: true });
  const seen = rungs(pair);
  pair.play(start.stream_id, opus, 4);
  pair.play(start.stream_id, vp9, 4);
  pair.clock.at(4000, () => pair.there.change({ lossRate: 0 }));
  pair.runUntil(41_500);
  const stopped = seen.findIndex(({ event }) => event.isVideoStopped);
  const restarted = seen.findIndex(({ event }, i) => i > stopped && !event.isVideoStopped);
  assert.ok(stopped >= 0 && restarted > stopped, JSON.stringify(seen));
  const from = 1_700_000_000_000 + seen[stopped].atMs;
  const to = 1_700_000_000_000 + seen[restarted].atMs;
  const during = pair.callee.frames.filter(({ captureUnixMs }) =>
    captureUnixMs !== undefined && captureUnixMs > from && captureUnixMs < to
  );
  assert.ok(during.length > 100 && during.every(({ media }) => media === "audio"));
  assert.ok(pair.callee.frames.some(({ media, captureUnixMs }) => media === "video" && (captureUnixMs ?? 0) > to));
  const requests = pair.caller.events.filter(({ kind }) => kind === "keyframe_request").length;
  assert.ok(requests > 0);
});

/** Video of `keyBytes` each second and `deltaBytes` between, opaque enough for any codec: VP9 frames of noise. */
function noise(seconds: number, keyBytes: number, deltaBytes: number): Media {
  const rng = new SeededRng(8);
  const frames: MediaFrame[] = [];
  for (let i = 0; i < seconds * 30; i++) {
    const isKey = i % 30 === 0;
    const data = rng.fill(new Uint8Array(isKey ? keyBytes : deltaBytes));
    // Frame marker, and the bit that tells key frames from others.
    data[0] = isKey ? 0x80 : 0x84;
    frames.push(videoFrame(data, i * 3000, 3000, isKey ? KEY_FRAME : DELTA_FRAME));
  }
  return { ...vp9, frames, lengthTicks: seconds * 90_000 };
}

Deno.test("the pacer: ten packets leave at once, more are spread over 4 ms, and audio does not wait for them", () => {
  const pair = new PlanePair({ link: { delayMs: 10 } });
  const media = noise(4, 60_000, 4000);
  const starts = [startOf(opus), startOf(media, { bitrate: 1_500_000 })];
  const tap = new Wiretap(pair, starts, "hmac-sha256-80");
  for (const start of starts) pair.start(start, { renditions: 1 });
  // Audio frames fall into the middle of the key frames' time.
  pair.clock.at(1001, () => pair.play(starts[0].stream_id, { ...opus, frames: opus.frames.slice(0, 200) }));
  pair.play(starts[1].stream_id, media);
  pair.runUntil(5500);
  const video = tap.packets.filter(({ fields }) => fields.payloadType === 98);
  for (let second = 0; second < 4; second++) {
    const key = video.filter(({ fields }) =>
      fields.priority === 1 &&
      fields.timestamp === video.find(({ atMs }) => atMs >= 1000 + second * 1000)?.fields.timestamp
    );
    assert.ok(key.length > 50, `${key.length} packets`);
    const tookMs = key[key.length - 1].atMs - key[0].atMs;
    assert.ok(tookMs >= 2 && tookMs <= 6, `a key frame took ${tookMs} ms`);
    const perWakeUp = new Map<number, number>();
    for (const { atMs } of key) perWakeUp.set(atMs, (perWakeUp.get(atMs) ?? 0) + 1);
    // Bursts, not single packets: some five wake-ups.
    assert.ok(perWakeUp.size <= 7, `${perWakeUp.size} wake-ups`);
    assert.ok(Math.max(...perWakeUp.values()) <= 20, `${[...perWakeUp.values()]}`);
  }
  const audio = tap.packets.filter(({ fields }) => fields.payloadType === 111);
  assert.ok(audio.every(({ atMs }, i) => atMs === 1001 + i * 20));
  // Four packets of a delta frame leave together.
  const delta = video.filter(({ fields }) => fields.priority === 2);
  assert.ok(new Set(delta.map(({ atMs }) => atMs)).size <= 4 * 29);
  assert.ok(tap.rtcp.every(({ wireBytes }) => wireBytes <= 1232));
});

Deno.test("ARC-RTP-priority-values: PR says what a packet is worth, and the lower one leaves first", () => {
  const pair = new PlanePair({ link: { delayMs: 10 }, ...BOTH });
  const starts = [startOf(vp9, BOTH), startOf(opus, BOTH)];
  const tap = new Wiretap(pair, starts, "hmac-sha256-80");
  for (const start of starts) pair.start(start, { renditions: 1 });
  // Of one instant: video was queued first, audio leaves first.
  pair.hold(() => {
    unwrap(pair.caller.plane.sendFrame(starts[0].stream_id, "video", vp9.frames[0], pair.nowMs));
    unwrap(pair.caller.plane.sendFrame(starts[0].stream_id, "video", vp9.frames[1], pair.nowMs));
    unwrap(pair.caller.plane.sendFrame(starts[1].stream_id, "audio", opus.frames[0], pair.nowMs));
  });
  pair.runUntil(1100);
  const priorities = tap.packets.map(({ fields }) => fields.priority);
  assert.equal(priorities[0], 0);
  assert.deepEqual([...new Set(priorities)], [0, 1, 2, 3]);
  assert.deepEqual(priorities.slice(1), priorities.slice(1).sort((a, b) => a - b));
});

Deno.test("without a path nothing leaves, what waits too long is given up, and the stream goes on with the path", () => {
  const pair = new PlanePair({ link: { delayMs: 10 } });
  const start = startOf(vp9);
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, vp9);
  pair.clock.at(2000, () => void (pair.caller.hasPath = false));
  pair.clock.at(4000, () => void (pair.caller.hasPath = true));
  pair.runUntil(3990);
  const { queuedPackets } = pair.caller.plane.stats(pair.nowMs).sending[0].tracks[0];
  assert.ok(queuedPackets > 0 && queuedPackets < 15, `${queuedPackets} wait`);
  pair.runUntil(11_300);
  const { framesDiscarded } = pair.caller.plane.stats(pair.nowMs).sending[0].tracks[0];
  assert.ok(framesDiscarded > 40, `${framesDiscarded} frames given up`);
  assert.ok(pair.caller.events.some(({ kind }) => kind === "keyframe_request"));
  const [track] = pair.callee.plane.stats(pair.nowMs).receiving[0].tracks;
  assert.equal(track.framesIncomplete, 0);
  assert.equal(pair.callee.frames.length, vp9.frames.length - framesDiscarded);
  // What was given up shows as a gap, so that a key frame is asked for.
  assert.ok(track.plis > 0);
});

Deno.test("ARC-RTP-bandwidth-flag ARC-RTP-loss-unit: headers tell the estimate, and the loss once after each report", () => {
  const pair = new PlanePair({ link: { delayMs: 10, lossRate: 0.1 } });
  const start = startOf(vp9);
  const tap = new Wiretap(pair, [start], "hmac-sha256-80");
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, vp9);
  pair.runUntil(11_000);
  const withBandwidth = tap.packets.filter(({ fields }) => fields.bandwidthKbps !== undefined);
  assert.ok(withBandwidth.length > 0.9 * tap.packets.length);
  assert.ok(withBandwidth.every(({ fields }) => (fields.bandwidthKbps ?? 0) >= 64));
  const losses = tap.packets.map(({ fields }) => fields.lossTenths).filter((loss) => loss !== undefined);
  assert.ok(losses.length >= 8 && losses.length <= 16, `${losses.length} loss bytes`);
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  assert.ok(mean > 40 && mean < 180, `${mean} tenths of a percent`);
});

Deno.test("a frame that is not in its codec's form is refused, and one that finds no room; neither harms the others", () => {
  const pair = new PlanePair({ link: { delayMs: 5 } });
  const start = startOf(opus);
  pair.start(start);
  const bad = { ...opus.frames[0], data: new Uint8Array(0) };
  assert.equal(pair.caller.plane.sendFrame(start.stream_id, "audio", bad, pair.nowMs).ok, false);
  const large = { ...opus.frames[0], data: new Uint8Array(2000) };
  assert.equal(pair.caller.plane.sendFrame(start.stream_id, "audio", large, pair.nowMs).ok, false);
  const huge = noise(1, 6_000_000, 10);
  const video = startOf(huge);
  pair.start(video, { renditions: 1 });
  const refused = pair.caller.plane.sendFrame(video.stream_id, "video", huge.frames[0], pair.nowMs);
  assert.ok(!refused.ok && refused.fault.reason === "too_large");
  assert.throws(() => pair.caller.plane.sendFrame(start.stream_id, "video", huge.frames[0], pair.nowMs), /no video/);
  assert.throws(() => pair.caller.plane.addSendStream(start, {}, pair.nowMs), /running/);
  pair.play(start.stream_id, { ...opus, frames: opus.frames.slice(0, 50) });
  pair.play(video.stream_id, noise(1, 20_000, 1000));
  pair.runUntil(2300);
  assert.equal(pair.callee.frames.length, 50 + 30);
  assert.deepEqual(pair.caller.plane.stats(pair.nowMs).sending.map(({ tracks }) => tracks[0].framesRefused), [2, 1]);
});

Deno.test("ARC-METRICS-interval: the figures of an interval, of what is received or else of what is sent", () => {
  const pair = new PlanePair({ link: { delayMs: 20, lossRate: 0.08 }, cpu: () => 0.25 });
  const start = startOf(vp9, { ladder: ["low", "very_low"] });
  pair.start(start, { renditions: 1 });
  pair.play(start.stream_id, vp9);
  pair.runUntil(6000);
  const received = pair.callee.plane.metricsFigures(pair.nowMs, { path: "direct", natType: "cone" });
  const sent = pair.caller.plane.metricsFigures(pair.nowMs, { path: "direct", natType: "cone" });
  for (const figures of [received, sent]) {
    assert.ok(Math.abs((figures.quality.fps ?? 0) - 30) < 3, `${figures.quality.fps} fps`);
    assert.ok((figures.quality.bitrate ?? 0) > 80_000 && (figures.performance.bps ?? 0) > 10_000);
    assert.equal(figures.quality.resolution, "90p");
    assert.equal(figures.quality.rung, 0);
    assert.deepEqual([figures.network.path, figures.network.nat_type], ["direct", "cone"]);
    assert.equal(figures.performance.cpu, 0.25);
  }
  assert.ok((received.quality.loss ?? 0) > 0.01 && (received.quality.loss ?? 1) < 0.16, `${received.quality.loss}`);
  assert.ok(received.latency.e2e !== undefined && received.latency.one_way !== undefined);
  assert.ok(Math.abs((sent.network.rtt ?? 0) - 40) < 1 && (sent.network.bandwidth ?? 0) > 100_000);
  // The next interval begins empty.
  assert.equal(pair.callee.plane.metricsFigures(pair.nowMs + 1).quality.fps, undefined);
});
