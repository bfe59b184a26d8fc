import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";

Deno.test("calibrated clock: agrees with the wall clock to the millisecond that this counts", () => {
  const clock = systemClock();
  for (let i = 0; i < 2000; i++) {
    const before = Date.now();
    const ours = Math.floor(clock.nowMs() + clock.unixOffsetMs);
    const after = Date.now();
    assert.ok(before - 1 <= ours && ours <= after + 1, `${before} <= ${ours} <= ${after}`);
  }
});
