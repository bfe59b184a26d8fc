import assert from "node:assert/strict";
import { type ClockEvent, PeerClock, unitOf } from "./peer_clock.ts";

const NOW = 1_760_000_000_000;

/** One exchange a second, 10 ms there and 10 ms back; `theirs` makes the time stamp of the moment of the answer. */
function exchanges(count: number, theirs: (unixMs: number, i: number) => number) {
  const clock = new PeerClock();
  const events: ClockEvent[] = [];
  for (let i = 0; i < count; i++) {
    const sentUnixMs = NOW + i * 1000;
    const event = clock.handle({
      sequence: i + 1,
      sentUnixMs,
      receivedUnixMs: sentUnixMs + 20,
      responseTimestamp: theirs(sentUnixMs + 10, i),
    });
    if (event !== undefined) events.push(event);
  }
  return { clock, events };
}

Deno.test("peer clock: units are told by magnitude", () => {
  assert.equal(unitOf(NOW - 1e9, NOW), "ms");
  assert.equal(unitOf(NOW / 1000, NOW), "s");
  assert.equal(unitOf(NOW * 1000, NOW), "us");
  assert.equal(unitOf(NOW * 1e6, NOW), "ns");
  for (const time of [0, 1, 86_400_000, -NOW]) assert.equal(unitOf(time, NOW), "unknown");
});

Deno.test("peer clock: a good clock has no events and its offset is found", () => {
  const { clock, events } = exchanges(60, (unixMs) => Math.floor(unixMs + 1234.4));
  assert.deepEqual(events, []);
  const { offsetMs = NaN, uncertaintyMs = NaN } = clock.estimate() ?? {};
  assert.ok(Math.abs(offsetMs - 1234.4) <= uncertaintyMs && uncertaintyMs <= 11);
});

Deno.test("peer clock: a step is seen once, with bounds that enclose it, and the new offset is found", () => {
  const { clock, events } = exchanges(40, (unixMs, i) => Math.floor(unixMs) + (i < 20 ? 0 : -750));
  assert.equal(events.length, 1);
  const [step] = events;
  assert.ok(step.kind === "step" && step.sequence === 21 && step.leastMs < -700 && step.mostMs > -800);
  assert.ok(Math.min(step.leastMs, step.mostMs) <= -750 && Math.max(step.leastMs, step.mostMs) >= -750);
  assert.equal(clock.steps, 1);
  assert.ok(Math.abs((clock.estimate()?.offsetMs ?? 0) + 750) < 11);
});

Deno.test("peer clock: a single impossible time stamp is an outlier, and moves nothing", () => {
  const { clock, events } = exchanges(40, (unixMs, i) => Math.floor(unixMs) + (i === 7 ? 5000 : 0));
  assert.deepEqual(events.map(({ kind, sequence }) => [kind, sequence]), [["outlier", 8]]);
  assert.equal(clock.steps, 0);
  assert.ok(Math.abs(clock.estimate()?.offsetMs ?? NaN) < 11);
});

Deno.test("peer clock: outliers that disagree with each other are no step", () => {
  const { clock, events } = exchanges(40, (unixMs, i) => Math.floor(unixMs) + (i === 7 ? 5000 : i === 8 ? -9000 : 0));
  assert.deepEqual(events.map(({ kind }) => kind), ["outlier", "outlier"]);
  assert.equal(clock.steps, 0);
});

Deno.test("peer clock: a stuck clock is stuck, not stepping", () => {
  const { clock, events } = exchanges(10, () => NOW);
  assert.deepEqual(new Set(events.map(({ kind }) => kind)), new Set(["stuck"]));
  assert.equal(clock.steps, 0);
});

Deno.test("peer clock: seconds are read as seconds, within their resolution", () => {
  const { clock, events } = exchanges(30, (unixMs) => Math.floor((unixMs + 7000) / 1000));
  assert.equal(clock.unit, "s");
  assert.deepEqual(events, []);
  assert.ok(Math.abs((clock.estimate()?.offsetMs ?? NaN) - 7000) <= (clock.estimate()?.uncertaintyMs ?? 0));
});

Deno.test("peer clock: no offset is claimed of a time that is none", () => {
  const { clock } = exchanges(10, (_unixMs, i) => 5000 + i * 1000);
  assert.equal(clock.unit, "unknown");
  assert.equal(clock.estimate(), undefined);
});
