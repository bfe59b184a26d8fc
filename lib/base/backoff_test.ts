import assert from "node:assert/strict";
import { SeededRng } from "./rng.ts";
import { Backoff } from "./backoff.ts";

Deno.test("ARC-PATH-backoff: full jitter under a bound of 250 ms that doubles up to 8 s, and starts over", () => {
  const bounds = [250, 500, 1000, 2000, 4000, 8000, 8000, 8000];
  const highest = bounds.map(() => 0);
  for (let seed = 0; seed < 200; seed++) {
    const backoff = new Backoff(new SeededRng(seed));
    bounds.forEach((bound, i) => {
      const waitMs = backoff.nextMs();
      assert.ok(waitMs >= 0 && waitMs < bound);
      highest[i] = Math.max(highest[i], waitMs);
    });
    backoff.reset();
    assert.ok(backoff.nextMs() < 250);
  }
  bounds.forEach((bound, i) => assert.ok(highest[i] > 0.9 * bound, "the whole range is used"));
});
