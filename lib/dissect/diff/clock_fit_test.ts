import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRng, unit } from "../../base/rng.ts";
import { type ClockPoint, fitClocks } from "./clock_fit.ts";

interface Truth {
  readonly offsetS: number;
  readonly skew: number;
  readonly thereS: number;
  readonly backS: number;
  readonly seconds: number;
  readonly seed: number;
}

/** Ten packets a second each way, which queue for a random time of 8 ms on average. */
function points({ offsetS, skew, thereS, backS, seconds, seed }: Truth) {
  const rng = new SeededRng(seed);
  const queueS = () => -0.008 * Math.log(1 - unit(rng));
  const there: ClockPoint[] = [];
  const back: ClockPoint[] = [];
  for (let x = 0; x < seconds; x += 0.1) {
    there.push({ x, y: offsetS + skew * x + thereS + queueS() });
    back.push({ x, y: offsetS + skew * x - backS - queueS() });
  }
  return { there, back };
}

const truth = fc.record({
  offsetS: fc.double({ min: -1e4, max: 1e4, noNaN: true }),
  skew: fc.double({ min: -2e-4, max: 2e-4, noNaN: true }),
  thereS: fc.double({ min: 0.0005, max: 0.1, noNaN: true }),
  backS: fc.double({ min: 0.0005, max: 0.1, noNaN: true }),
  seconds: fc.integer({ min: 120, max: 600 }),
  seed: fc.nat(),
});

Deno.test("clock fit: offset within the bound that is stated, skew to 10 ppm over two minutes and more", () => {
  fc.assert(
    fc.property(truth, (made) => {
      const { there, back } = points(made);
      const fit = fitClocks(there, back);
      assert.ok(Math.abs(fit.skew - made.skew) < 1e-5, `skew ${fit.skew}`);
      // The bound is for the best line; what it is turned by moves it as well.
      const slackS = Math.abs(fit.skew - made.skew) * made.seconds + 1e-9;
      assert.ok(Math.abs((fit.offsetS ?? NaN) - made.offsetS) <= fit.offsetErrorS + slackS);
      // Half of what both ways take at least, and what queues left on top.
      assert.ok(fit.offsetErrorS >= (made.thereS + made.backS) / 2 - slackS);
      assert.ok(fit.offsetErrorS <= (made.thereS + made.backS) / 2 + 0.002);
      const [least, most] = fit.skewBounds ?? [NaN, NaN];
      assert.ok(least <= made.skew && made.skew <= most);
    }),
    { numRuns: 50 },
  );
});

Deno.test("clock fit: equal ways give the offset itself", () => {
  const { there, back } = points({ offsetS: 12, skew: 5e-5, thereS: 0.02, backS: 0.02, seconds: 300, seed: 3 });
  const fit = fitClocks(there, back);
  assert.ok(Math.abs((fit.offsetS ?? NaN) - 12) < 0.002, `${fit.offsetS}`);
});

Deno.test("clock fit: a short capture has no skew, one direction no offset, none nothing", () => {
  const { there, back } = points({ offsetS: 1, skew: 1e-4, thereS: 0.02, backS: 0.02, seconds: 5, seed: 3 });
  const short = fitClocks(there, back);
  assert.deepEqual([short.isSkewFitted, short.skew], [false, 0]);
  assert.ok(Math.abs((short.offsetS ?? NaN) - 1) <= short.offsetErrorS + 5e-4);
  const one = fitClocks(there, []);
  assert.equal(one.offsetS, undefined);
  assert.ok(one.thereS !== undefined && one.backS === undefined && one.skewBounds === undefined);
  assert.equal(fitClocks([], []).thereS, undefined);
});

Deno.test("clock fit: a quicker way narrows the offset, and does not turn the lines", () => {
  const made = { offsetS: -3, skew: 4e-5, thereS: 0.05, backS: 0.02, seconds: 300, seed: 9 };
  const { there, back } = points(made);
  const aside = [0, 1].map((x) => ({ x, isAside: true }));
  const fit = fitClocks(
    [...aside.map((point) => ({ ...point, y: -3 + made.skew * point.x + 0.001 })), ...there],
    [...aside.map((point) => ({ ...point, y: -3 + made.skew * point.x - 0.001 })), ...back],
  );
  assert.ok(Math.abs(fit.skew - made.skew) < 1e-5);
  assert.ok(fit.offsetErrorS <= 0.001 + 1e-6 && Math.abs((fit.offsetS ?? NaN) + 3) <= 0.001 + 1e-6);
});

Deno.test("clock fit: a clock that is set meanwhile contradicts itself", () => {
  const { there, back } = points({ offsetS: 0, skew: 0, thereS: 0.01, backS: 0.01, seconds: 100, seed: 1 });
  const set = back.map(({ x, y }) => ({ x, y: x > 50 ? y + 5 : y }));
  assert.equal(fitClocks(there, set).isContradictory, true);
  assert.equal(fitClocks(there, back).isContradictory, false);
});
