/** What a demo over a bad network may lose, and what it may not. */
import assert from "node:assert/strict";
import { unwrap } from "../../lib/base/parsed.ts";
import { audioFrame, DELTA_FRAME, type MediaFrame, videoFrame } from "../../lib/media/frame.ts";
import { LatencyHistogram } from "../../lib/quality/latency_histogram.ts";
import { parseImpairment } from "../../lib/relay/impairment.ts";
import type { DemoResult } from "./demo_run.ts";
import { criticalBalance, demoFailures } from "./demo_verdict.ts";
import { FrameLedger } from "./frame_ledger.ts";

const OVER = { kind: "closed", why: "user_request", byPeer: false, message: "" } as const;
const DIRECT = { kind: "direct", place: "127.0.0.1:1 (direct)" } as const;

interface Call {
  /** Audio frames of 1000 that are missing. */
  readonly missing?: number;
  /** All video, which is delta frames, is missing. */
  readonly noVideo?: boolean;
  readonly different?: boolean;
  readonly impair?: string;
  readonly lost?: number;
  readonly rebinds?: number;
  readonly repairs?: boolean;
  readonly relay?: boolean;
}

function result(call: Call): DemoResult {
  const { missing = 0, noVideo = false, different = false, impair, lost = 0, rebinds = 0 } = call;
  const ledger = (frames: MediaFrame[], missing: number) => {
    const made = new FrameLedger();
    for (const frame of frames) made.sent(frame, 0);
    for (const frame of frames.slice(missing)) made.received(frame.data, 1);
    if (different) made.received(Uint8Array.of(9), 1);
    return made;
  };
  const data = (i: number) => Uint8Array.of(i >>> 8, i & 0xff);
  const audio = Array.from({ length: 1000 }, (_, i) => audioFrame(data(i), 0, 0));
  const video = Array.from({ length: 100 }, (_, i) => videoFrame(data(i), 0, 0, DELTA_FRAME));
  const row = (kind: "audio" | "video", ledger: FrameLedger) => ({
    direction: 0 as const,
    stream: { kind, codec: kind === "audio" ? "opus" : "vp9" } as DemoResult["streams"][number]["stream"],
    ledger,
    claimed: new LatencyHistogram(),
    received: undefined,
  });
  return {
    streams: [row("audio", ledger(audio, missing)), row("video", ledger(video, noVideo ? 100 : 0))],
    latency: new LatencyHistogram(),
    ends: [OVER, OVER],
    wire: [],
    suite: "aes-128-gcm",
    authentication: "none",
    epochs: [1, 1],
    paths: [DIRECT, DIRECT],
    relayedUnits: call.relay === true ? 0 : undefined,
    impair: impair === undefined ? undefined : {
      text: impair,
      impairment: unwrap(parseImpairment(impair)),
      seed: 1,
      injected: { passed: 2000 - lost, lost, duplicated: 0, reordered: 0, overflown: 0, rebinds },
    },
    repairs: call.repairs ?? true,
    rttMs: 1,
    elapsedMs: 10_000,
  };
}

Deno.test("demo verdict: on a good network nothing may be missing, whatever its class", () => {
  assert.deepEqual(demoFailures(result({})), []);
  assert.match(demoFailures(result({ missing: 1 }))[0], /of 1000 frames 1 are missing/);
  assert.match(demoFailures(result({ noVideo: true }))[0], /video vp9.* 100 are missing/);
});

Deno.test("demo verdict: on a bad one a tenth of what was lost may be missing of PR 0 and 1, and PR 2 is not judged", () => {
  const bad = { impair: "loss=4%", lost: 80 } as const;
  assert.deepEqual(criticalBalance(result({ ...bad, missing: 3 })), { sent: 1000, missing: 3, allowed: 4 });
  assert.deepEqual(demoFailures(result({ ...bad, missing: 4, noVideo: true })), []);
  assert.deepEqual(demoFailures(result({ ...bad, missing: 5 })), [
    "of 1000 frames of PR 0 and 1 5 are missing, the impairment explains 4",
  ]);
});

Deno.test("demo verdict: without loss nothing of PR 0 and 1 may be missing; without repair twice the loss", () => {
  assert.equal(criticalBalance(result({ impair: "delay=30ms" }))?.allowed, 0);
  assert.equal(criticalBalance(result({ impair: "loss=4%", lost: 80, repairs: false }))?.allowed, 80);
  assert.equal(criticalBalance(result({ impair: "loss=4%,burst=4", lost: 80 }))?.allowed, 80);
  assert.equal(criticalBalance(result({ impair: "rebind=5s", rebinds: 1 }))?.allowed, 200);
});

Deno.test("demo verdict: a frame that differs is wrong on every network, and so is another path than asked for", () => {
  assert.match(demoFailures(result({ impair: "loss=4%", lost: 80, different: true }))[0], /1 differ/);
  const wrong = demoFailures(result({ relay: true }));
  assert.equal(wrong.length, 2);
  assert.match(wrong[0], /the caller went to .* not through the relay/);
});
