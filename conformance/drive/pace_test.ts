import assert from "node:assert/strict";
import { Pace } from "./pace.ts";

Deno.test("Pace: a burst leaves at once, then one after the other; what was not used comes back, up to the burst", () => {
  const pace = new Pace(10, 2);
  assert.deepEqual([0, 0, 0, 0].map((nowMs) => pace.takeMs(nowMs)), [0, 0, 100, 200]);
  assert.equal(pace.takeMs(250), 50);
  assert.deepEqual([5000, 5000, 5000].map((nowMs) => pace.takeMs(nowMs)), [0, 0, 100]);
});
