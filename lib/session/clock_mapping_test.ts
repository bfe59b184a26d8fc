import assert from "node:assert/strict";
import { compactNtp, msToCompact, unixMsToNtp } from "../base/time.ts";
import { CaptureClock, RemoteClock, roundTripMs } from "./clock_mapping.ts";

const UNIX_MS = 1_700_000_000_000;

Deno.test("capture clock: the beat counts, not the lateness of single frames, nor the order of their timestamps", () => {
  const clock = new CaptureClock(90_000);
  assert.equal(clock.timestampAt(0), undefined);
  const first = 0xffff_f000;
  // 30 fps, every frame up to 5 ms late but each fourth in time; B frames out of order.
  for (let i = 0; i < 90; i++) {
    const picture = i % 3 === 1 ? i + 1 : i % 3 === 2 ? i - 1 : i;
    clock.note((first + picture * 3000) >>> 0, 1000 + (i * 100) / 3 + (i % 4 === 0 ? 0 : 5));
  }
  const at = clock.timestampAt(5000) ?? assert.fail();
  const expected = (first + 4000 * 90) >>> 0;
  // The pictures that come early in their order are the most in time: at most one frame off.
  assert.ok(Math.abs((at - expected) | 0) <= 3000, `${(at - expected) | 0} ticks off`);
});

Deno.test("capture clock: a timeline that drifts or jumps is followed within two seconds", () => {
  const clock = new CaptureClock(48_000);
  for (let i = 0; i < 100; i++) clock.note(i * 960, 1000 + i * 20);
  // The source begins anew, 10 s ahead of its clock.
  for (let i = 0; i < 150; i++) clock.note(10 * 48_000 + (100 + i) * 960, 3000 + i * 20);
  assert.equal(clock.timestampAt(6000), 10 * 48_000 + 250 * 960);
  for (let i = 0; i < 150; i++) clock.note((250 + i) * 960, 6000 + i * 20);
  assert.equal(clock.timestampAt(9000), 400 * 960);
});

Deno.test("remote clock: capture times on the sender's clock, around the wrap of the timestamp", () => {
  const clock = new RemoteClock(48_000);
  assert.equal(clock.captureUnixMs(0), undefined);
  assert.equal(clock.lastSrCompact, 0);
  assert.equal(clock.delaySinceLastSrCompact(5), 0);
  const { seconds, fraction } = unixMsToNtp(UNIX_MS + 0.5);
  clock.handleReport({ ntpSeconds: seconds, ntpFraction: fraction, rtpTimestampTicks: 480 }, 1000);
  assert.ok(Math.abs((clock.captureUnixMs(960) ?? 0) - UNIX_MS - 10.5) < 1e-3);
  assert.ok(Math.abs((clock.captureUnixMs(0xffff_fff0) ?? 0) - UNIX_MS + 9.8333) < 1e-3);
  assert.equal(clock.lastSrCompact, compactNtp({ seconds, fraction }));
  assert.equal(clock.delaySinceLastSrCompact(1500), msToCompact(500));
});

Deno.test("round trip: by LSR and DLSR, never negative, undefined before the first report", () => {
  const lastSrCompact = compactNtp(unixMsToNtp(UNIX_MS));
  const block = { lastSrCompact, delaySinceLastSrCompact: msToCompact(200) };
  assert.ok(Math.abs((roundTripMs(block, UNIX_MS + 240) ?? 0) - 40) < 0.1);
  assert.equal(roundTripMs(block, UNIX_MS + 199.9), 0);
  assert.equal(roundTripMs({ lastSrCompact: 0, delaySinceLastSrCompact: 0 }, UNIX_MS), undefined);
  // Around the wrap of the compact form, each 18 hours.
  const wrap = Math.ceil(UNIX_MS / 65_536_000) * 65_536_000 - 2_208_988_800_000 % 65_536_000;
  const before = { lastSrCompact: compactNtp(unixMsToNtp(wrap - 5)), delaySinceLastSrCompact: 0 };
  assert.ok(Math.abs((roundTripMs(before, wrap + 5) ?? 0) - 10) < 0.1);
});
