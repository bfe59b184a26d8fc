import assert from "node:assert/strict";
import { SecurityEvents } from "./security_events.ts";

/** Feeds failures of one stream; the indexes (from 1) of those that completed an event. */
function eventsOf(events: SecurityEvents, stream: number, timesMs: readonly number[]): number[] {
  return timesMs.flatMap((nowMs, i) => events.refused(stream, "decrypt", nowMs) ? [i + 1] : []);
}

const every = (stepMs: number, count: number) => Array.from({ length: count }, (_, i) => 1000 + i * stepMs);

Deno.test("ARC-KEY-rotation-security-event: 32 failures on a stream, not 31", () => {
  assert.deepEqual(eventsOf(new SecurityEvents(), 1, every(1, 31)), []);
  assert.deepEqual(eventsOf(new SecurityEvents(), 1, every(1, 32)), [32]);
  assert.deepEqual(eventsOf(new SecurityEvents(), 1, every(0, 32)), [32]);
});

Deno.test("ARC-KEY-rotation-security-event: within 10 seconds, from the first to the last of the 32", () => {
  const spread = (lastMs: number) => [...every(1, 31), 1000 + lastMs];
  assert.deepEqual(eventsOf(new SecurityEvents(), 1, spread(10_000)), [32]);
  assert.deepEqual(eventsOf(new SecurityEvents(), 1, spread(10_001)), []);
  assert.deepEqual(eventsOf(new SecurityEvents(), 1, every(330, 500)), [], "three a second are stray packets");
});

Deno.test("ARC-KEY-rotation-security-event: the window slides, and an event starts the count again", () => {
  const late = [...every(1, 20), ...every(1, 31).map((ms) => ms + 60_000), 61_500];
  assert.deepEqual(eventsOf(new SecurityEvents(), 1, late), [52]);
  assert.deepEqual(eventsOf(new SecurityEvents(), 1, every(1, 100)), [32, 64, 96]);
});

Deno.test("ARC-KEY-rotation-security-event: each stream counts for itself", () => {
  const events = new SecurityEvents();
  assert.deepEqual(eventsOf(events, 1, every(1, 31)), []);
  assert.deepEqual(eventsOf(events, 2, every(1, 31)), []);
  assert.deepEqual(eventsOf(events, 2, every(1, 1)), [1]);
  assert.deepEqual(eventsOf(events, 1, every(1, 1)), [1]);
});

Deno.test("ARC-KEY-rotation-hmac-failures-free: only wrong AEAD tags count", () => {
  const events = new SecurityEvents();
  for (const reason of ["auth", "replay", "truncated", "bad_context"] as const) {
    for (let i = 0; i < 100; i++) assert.equal(events.refused(1, reason, 1000), false);
  }
  assert.deepEqual(eventsOf(events, 1, every(1, 31)), []);
});

Deno.test("security events: more streams than are remembered forget the first that failed, not the count of others", () => {
  const events = new SecurityEvents();
  for (let stream = 0; stream < 256; stream++) eventsOf(events, stream, every(1, 31));
  assert.deepEqual(eventsOf(events, 1000, every(1, 31)), []);
  assert.deepEqual(eventsOf(events, 1, every(1, 1)), [1], "stream 1 is still remembered");
  assert.deepEqual(eventsOf(events, 0, every(1, 31)), [], "stream 0 was forgotten");
});
