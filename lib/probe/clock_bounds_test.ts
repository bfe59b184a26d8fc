import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRng, unit } from "../base/rng.ts";
import { ClockBounds } from "./clock_bounds.ts";

/** Questions and answers with a peer whose clock is `offsetMs` ahead at time 0 and drifts, over uneven ways. */
function observe(bounds: ClockBounds, peer: { offsetMs: number; ppm: number }, runMs: number, seed: number): void {
  const rng = new SeededRng(seed);
  for (let atMs = 0; atMs < runMs; atMs += 1000) {
    const answeredMs = atMs + unit(rng) * 8;
    const receivedMs = answeredMs + unit(rng) * 3;
    const theirsMs = Math.floor(answeredMs * (1 + peer.ppm * 1e-6) + peer.offsetMs);
    bounds.add((atMs + receivedMs) / 2, theirsMs - 1 - receivedMs, theirsMs + 1 - atMs);
  }
}

Deno.test("clock bounds: the true offset and drift lie within the uncertainty, whatever they and the ways are", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: -300, max: 300, noNaN: true }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer(),
      (offsetMs, ppm, seconds, seed) => {
        const bounds = new ClockBounds();
        observe(bounds, { offsetMs, ppm }, seconds * 1000, seed);
        const estimate = bounds.estimate();
        assert.ok(estimate !== undefined);
        const trueMs = offsetMs + (seconds - 1) * 1000 * ppm * 1e-6;
        // What drifts during one exchange is 5 us at most.
        assert.ok(Math.abs(estimate.offsetMs - trueMs) <= estimate.uncertaintyMs + 0.005);
        assert.ok(estimate.uncertaintyMs < 7);
        if (estimate.driftPpm === undefined || estimate.driftUncertaintyPpm === undefined) return;
        assert.ok(Math.abs(estimate.driftPpm - ppm) <= estimate.driftUncertaintyPpm + 0.05);
      },
    ),
    { seed: 3, numRuns: 150 },
  );
});

Deno.test("clock bounds: drift is told when the run is long enough, and ever better", () => {
  const uncertainty = (seconds: number) => {
    const bounds = new ClockBounds();
    observe(bounds, { offsetMs: 40, ppm: 80 }, seconds * 1000, 1);
    return bounds.estimate()?.driftUncertaintyPpm;
  };
  assert.equal(uncertainty(2), undefined);
  assert.ok((uncertainty(60) ?? Infinity) < 60);
  assert.ok((uncertainty(3600) ?? Infinity) < 1);
});

Deno.test("clock bounds: days of answers stay cheap and keep their sharpness", () => {
  const bounds = new ClockBounds();
  observe(bounds, { offsetMs: -12.5, ppm: -20 }, 86_400_000, 2);
  const estimate = bounds.estimate();
  assert.ok(Math.abs((estimate?.driftPpm ?? NaN) + 20) < 0.05, `drift ${estimate?.driftPpm}`);
});

Deno.test("clock bounds: no straight line through a step; nothing known while empty", () => {
  const bounds = new ClockBounds();
  assert.equal(bounds.estimate(), undefined);
  assert.deepEqual(bounds.rangeAt(5), { lowMs: -Infinity, highMs: Infinity });
  bounds.add(0, -1, 1);
  bounds.add(1000, 499, 501);
  assert.equal(bounds.estimate(), undefined);
  bounds.reset();
  bounds.add(0, 3, 5);
  assert.equal(bounds.estimate()?.offsetMs, 4);
  assert.equal(bounds.estimate()?.uncertaintyMs, 1);
});
