import assert from "node:assert/strict";
import { FAULT_REASONS } from "../base/parsed.ts";
import { audioFrame } from "../media/frame.ts";
import { DROP_REASONS, DropCounters } from "./media_counters.ts";
import { type MediaEvent, MediaEvents } from "./media_events.ts";

function frame(index: number): MediaEvent {
  return {
    kind: "frame",
    streamId: "s",
    media: "audio",
    frame: audioFrame(new Uint8Array(1), 0, 0),
    index,
    quality: 0,
    e2eMs: undefined,
    captureUnixMs: undefined,
  };
}

Deno.test("events come in their order; when nobody takes them the oldest frames go, and nothing else", () => {
  const events = new MediaEvents();
  assert.equal(events.poll(), undefined);
  for (let i = 0; i < 5000; i++) {
    if (i % 1000 === 0) events.push({ kind: "stop", epoch: i });
    events.push(frame(i));
  }
  const taken: MediaEvent[] = [];
  for (let event = events.poll(); event !== undefined; event = events.poll()) taken.push(event);
  assert.ok(taken.length <= 2048 + 5);
  assert.deepEqual(taken.flatMap((event) => event.kind === "stop" ? [event.epoch] : []), [0, 1000, 2000, 3000, 4000]);
  const indexes = taken.flatMap((event) => event.kind === "frame" ? [event.index] : []);
  assert.deepEqual(indexes, [...indexes].sort((a, b) => a - b));
  assert.equal(indexes[indexes.length - 1], 4999);
  assert.equal(indexes.length + events.framesDropped, 5000);
  // Small events too are bounded.
  for (let i = 0; i < 10_000; i++) events.push({ kind: "stop", epoch: i });
  let left = 0;
  for (let event = events.poll(); event !== undefined; event = events.poll()) left++;
  assert.ok(left <= 2048 && left > 0, `${left}`);
});

Deno.test("ARC-METRICS-drop-counters: every reason has a count of its own", () => {
  const counters = new DropCounters();
  DROP_REASONS.forEach((reason, i) => {
    for (let n = 0; n <= i; n++) counters.add(reason);
  });
  DROP_REASONS.forEach((reason, i) => assert.equal(counters.get(reason), i + 1));
  assert.equal(counters.total, (DROP_REASONS.length * (DROP_REASONS.length + 1)) / 2);
  assert.deepEqual(Object.keys(counters.snapshot()), [...DROP_REASONS]);
  assert.deepEqual(new DropCounters().snapshot(), {});
  assert.equal(new Set([...FAULT_REASONS, ...DROP_REASONS]).size, DROP_REASONS.length);
});
