/** Two planes over lossy paths: what arrives, and by which means. The figures are printed. */
import assert from "node:assert/strict";
import type { LinkOptions } from "../base/link.ts";
import { equalBytes } from "../base/bytes.ts";
import { fixtureMedia, type Media, PlanePair, startOf } from "./testing/plane_pair.ts";

const opus = fixtureMedia("opus_48k_stereo.opus");
const vp9 = fixtureMedia("vp9_320x180.ivf");
const LOOP_MS = 10_020;

interface Outcome {
  readonly pair: PlanePair;
  /** Shares of frames that were delivered, 0..1. */
  readonly audio: number;
  readonly key: number;
  readonly video: number;
  /** Audio and key frames together: what is worth the most. */
  readonly critical: number;
}

/** Every frame that comes is one that was sent, whole, in order, and comes once. Answers how many came. */
function countSame(pair: PlanePair, media: Media): { readonly frames: number; readonly keyframes: number } {
  let frames = 0;
  let keyframes = 0;
  let at = 0;
  for (const { media: kind, frame } of pair.callee.frames) {
    if (kind !== media.kind) continue;
    let tries = 0;
    // The frames are played in a loop: the next one sent with these bytes.
    while (!equalBytes(media.frames[at % media.frames.length].data, frame.data)) {
      at++;
      assert.ok(++tries <= media.frames.length, `${kind} frame ${frames} is none that was sent`);
    }
    at++;
    frames++;
    if (frame.keyframe) keyframes++;
  }
  return { frames, keyframes };
}

function call(
  name: string,
  link: Partial<LinkOptions>,
  repair: { rtx: boolean; fec: boolean },
  loops: number,
): Outcome {
  const pair = new PlanePair({ seed: 7, link, authentication: "none", ...repair });
  const starts = [startOf(opus, repair), startOf(vp9, repair)];
  for (const start of starts) pair.start(start, { renditions: 1 });
  pair.play(starts[0].stream_id, opus, loops);
  pair.play(starts[1].stream_id, vp9, loops);
  pair.runUntil(1000 + loops * LOOP_MS + 300);
  const audio = countSame(pair, opus);
  const video = countSame(pair, vp9);
  const sentAudio = opus.frames.length * loops;
  const sentKeys = vp9.frames.filter(({ keyframe }) => keyframe).length * loops;
  const outcome = {
    pair,
    audio: audio.frames / sentAudio,
    key: video.keyframes / sentKeys,
    video: video.frames / (vp9.frames.length * loops),
    critical: (audio.frames + video.keyframes) / (sentAudio + sentKeys),
  };
  const [a, v] = pair.callee.plane.stats(pair.nowMs).receiving.map(({ tracks }) => tracks[0]);
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  console.log(
    `${name}: PR 0-1 ${percent(outcome.critical)} (audio ${percent(outcome.audio)}, key frames ${
      percent(outcome.key)
    }), ` +
      `all video ${percent(outcome.video)}; restored by FEC ${a.fecRestored} + ${v.fecRestored}, by RTX ` +
      `${a.rtxRestored} + ${v.rtxRestored}; late ${a.latePackets} + ${v.latePackets}; playout delay ` +
      `${a.playoutDelayMs.toFixed(1)} ms; e2e p99 ${a.e2e?.p99.toFixed(1)} ms`,
  );
  return outcome;
}

const BOTH = { rtx: true, fec: true };
const ROUGH = { jitterMs: 10, reorderRate: 0.05, reorderMs: 8, duplicateRate: 0.02 };

Deno.test("ARC-LOSS-fec-audio ARC-LOSS-fec-key-frames: 5 % loss, 40 ms RTT: 99.9 % of PR 0 and 1 arrive", () => {
  const { critical, key } = call("5 % loss, 40 ms RTT", { delayMs: 20, lossRate: 0.05 }, BOTH, 10);
  assert.ok(critical >= 0.999, `${critical}`);
  assert.ok(key >= 0.98, `${key}`);
});

Deno.test("ARC-JITTER-order: 5 % loss, 40 ms RTT, 10 ms jitter, 5 % reordering, 2 % duplicates: 99.9 % of PR 0 and 1", () => {
  const { critical, pair } = call("the same, rough", { delayMs: 20, lossRate: 0.05, ...ROUGH }, BOTH, 10);
  assert.ok(critical >= 0.999, `${critical}`);
  const stats = pair.callee.plane.stats(pair.nowMs);
  // Each duplicate of the path is refused by the replay window, and nothing else is refused.
  assert.deepEqual(Object.keys(stats.drops), ["replay"]);
  assert.ok((stats.drops.replay ?? 0) > 100);
});

Deno.test("1 % loss, 40 ms RTT, rough: 99.9 % of PR 0 and 1 arrive", () => {
  const { critical } = call("1 % loss, rough", { delayMs: 20, lossRate: 0.01, ...ROUGH }, BOTH, 5);
  assert.ok(critical >= 0.999, `${critical}`);
});

Deno.test("10 % loss, 40 ms RTT, rough: 99.5 % of PR 0 and 1 arrive", () => {
  const { critical } = call("10 % loss, rough", { delayMs: 20, lossRate: 0.1, ...ROUGH }, BOTH, 5);
  assert.ok(critical >= 0.995, `${critical}`);
});

/**
 * Here 99.9 % is out of reach, because the playout delay ends at 30 ms (SPEC ARC-JITTER-adaptive): with 0 to 40 ms of
 * jitter a quarter of the packets, and most of a key frame's last ones, come after their playout time. The buffer gives
 * those out as they come, and so does not wait for what is missing in front of them: a repair that is a millisecond
 * behind is late.
 */
Deno.test("5 % loss, 40 ms RTT, 40 ms jitter: 99.5 % of PR 0 and 1 arrive, and the delay stays bounded", () => {
  const { critical, pair } = call("40 ms jitter", { delayMs: 20, lossRate: 0.05, ...ROUGH, jitterMs: 40 }, BOTH, 5);
  assert.ok(critical >= 0.995, `${critical}`);
  for (const { e2eMs } of pair.callee.frames) assert.ok((e2eMs ?? 0) <= 20 + 40 + 8 + 50, `${e2eMs}`);
});

Deno.test("without RTX and FEC 5 % loss costs 5 % of the audio: the repairs above are what helps", () => {
  const { audio, pair } = call("no repair", { delayMs: 20, lossRate: 0.05 }, { rtx: false, fec: false }, 6);
  assert.ok(audio > 0.93 && audio < 0.97, `${audio}`);
  const stats = pair.caller.plane.stats(pair.nowMs);
  assert.equal(stats.sending[0].tracks[0].nackedPackets, 0);
});

/**
 * With a playout delay of 25 ms, which the reordering of this path brings about, a packet that is asked for again after
 * 5 ms and comes 4 ms later is in time. On a path with little variation the delay is 5 ms, and with 40 ms RTT no playout
 * delay within SPEC ARC-JITTER-adaptive lets a retransmission come in time.
 */
Deno.test("ARC-LOSS-detect ARC-LOSS-nack-delay: on a short path with 25 ms playout delay NACK and RTX restore most", () => {
  const link = { delayMs: 2, lossRate: 0.05, reorderRate: 0.1, reorderMs: 25 };
  const { pair } = call("4 ms RTT, RTX alone", link, { rtx: true, fec: false }, 6);
  const [a] = pair.callee.plane.stats(pair.nowMs).receiving.map(({ tracks }) => tracks[0]);
  assert.ok(a.playoutDelayMs > 20, `${a.playoutDelayMs}`);
  assert.ok(a.rtxRestored > 0.75 * a.lostPackets, `${a.rtxRestored} of ${a.lostPackets} restored`);
});
