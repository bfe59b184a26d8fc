/** A long call: a thousand seconds of virtual time. */
import assert from "node:assert/strict";
import { fixtureMedia, PlanePair, startOf } from "./testing/plane_pair.ts";

const opus = fixtureMedia("opus_48k_stereo.opus");
const BOTH = { rtx: true, fec: true };

Deno.test("a call of a thousand seconds over a lossy path keeps its delay and its figures in bounds, and nothing piles up", () => {
  const pair = new PlanePair({ link: { delayMs: 20, lossRate: 0.01, jitterMs: 5 }, ...BOTH, authentication: "none" });
  // Frames of 60 ms, so that the test takes seconds and not a minute.
  const frames = opus.frames.filter((_, i) => i % 3 === 0).map((frame) => ({ ...frame, durationTicks: 2880 }));
  const media = { ...opus, frames, lengthTicks: frames.length * 2880 };
  const start = startOf(media, BOTH);
  pair.callee.keepFrames = false;
  let worstMs = 0;
  pair.callee.onEvent = (event) => {
    if (event.kind === "frame") worstMs = Math.max(worstMs, event.e2eMs ?? 0);
  };
  pair.start(start);
  const loops = 101;
  pair.play(start.stream_id, media, loops);
  pair.runUntil(1000 + loops * media.lengthTicks / 48 + 500);
  const sent = frames.length * loops;
  assert.ok(pair.nowMs > 1_010_000, `${pair.nowMs} ms`);
  assert.ok(pair.callee.frameCount >= 0.9995 * sent, `${pair.callee.frameCount} of ${sent}`);
  // The path, its jitter, a packet that comes back with the next one's repair, the playout delay.
  assert.ok(worstMs < 20 + 5 + 60 + 30, `${worstMs} ms`);
  const { drops, receiving, heldUnits, unreadFrames } = pair.callee.plane.stats(pair.nowMs);
  assert.deepEqual([drops, heldUnits, unreadFrames], [{}, 0, 0]);
  const [track] = receiving[0].tracks;
  assert.ok(Math.abs(track.lostPackets / sent - 0.01) < 0.004, `${track.lostPackets} lost`);
  assert.ok((track.e2e?.p99 ?? 99) < 40 && track.playoutDelayMs <= 30);
  const { sending, sent: totals } = pair.caller.plane.stats(pair.nowMs);
  assert.equal(sending[0].tracks[0].queuedPackets, 0);
  const reports = totals.rtcpPackets;
  assert.ok(reports >= 1010 && reports < 1030, `${reports} reports in 1012 s`);
});
