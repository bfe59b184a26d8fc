import assert from "node:assert/strict";
import fc from "fast-check";
import * as time from "./time.ts";

Deno.test("NTP: known instants and round trip", () => {
  assert.deepEqual(time.unixMsToNtp(0), { seconds: 2_208_988_800, fraction: 0 });
  assert.deepEqual(time.unixMsToNtp(1500), { seconds: 2_208_988_801, fraction: 0x8000_0000 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_000_000_000_000 }), (ms) => {
      const { seconds, fraction } = time.unixMsToNtp(ms);
      assert.ok(Math.abs(time.ntpToUnixMs(seconds, fraction) - ms) < 0.001);
    }),
    { seed: 6, numRuns: 200 },
  );
});

Deno.test("compact NTP: 16.16 seconds", () => {
  assert.equal(time.compactNtp({ seconds: 0x1234_5678, fraction: 0x9abc_def0 }), 0x5678_9abc);
  assert.equal(time.msToCompact(1000), 65536);
  assert.equal(time.compactToMs(65536), 1000);
  assert.equal(time.msToCompact(-1), 0);
  assert.equal(time.msToCompact(1e12), 0xffff_ffff);
});

Deno.test("absolute send time: 6.18 fixed point, wraps in 64 s, distances take the nearer way", () => {
  const start = time.unixMsToAbsSendTime(1_700_000_000_000);
  for (const later of [0, 1, 250, 31_000, -31_000]) {
    const end = time.unixMsToAbsSendTime(1_700_000_000_000 + later);
    assert.ok(Math.abs(time.absSendTimeDeltaMs(start, end) - later) < 0.005, `${later}`);
  }
  assert.equal(time.unixMsToAbsSendTime(1_700_000_064_000), start);
});
