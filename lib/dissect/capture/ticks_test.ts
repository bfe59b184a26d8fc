import assert from "node:assert/strict";
import fc from "fast-check";
import { TickClock } from "./ticks.ts";

Deno.test("ticks: equal to exact arithmetic in every resolution", () => {
  const resolutions = [0, 1, 3, 6, 7, 8, 9, 10, 12, 18, 0x80, 0x8a, 0x94, 0x97, 0x98, 0xa0, 0xbf];
  fc.assert(
    fc.property(fc.constantFrom(...resolutions), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (resolution, ticks) => {
      const clock = new TickClock(resolution, -7);
      clock.read(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn));
      const rate = BigInt(resolution & 0x80 ? 2 : 10) ** BigInt(resolution & 0x7f);
      assert.equal(clock.nanoseconds, Number(((ticks % rate) * 1_000_000_000n) / rate));
      // Seconds beyond 2^53 exist only in files that are noise.
      if (ticks / rate < 2n ** 53n) assert.equal(clock.seconds, Number(ticks / rate) - 7);
    }),
    { seed: 12, numRuns: 3000 },
  );
});
