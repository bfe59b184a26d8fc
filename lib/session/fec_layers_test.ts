import assert from "node:assert/strict";
import { SeededRng, unit } from "../base/rng.ts";
import { planLayers } from "./fec_layers.ts";

/** Whether a frame of `packets` comes through: what is left after every repair has done what it can. */
function survives(packets: number, plans: ReturnType<typeof planLayers>, lossRate: number, rng: SeededRng): boolean {
  const has = Array.from({ length: packets }, () => unit(rng) >= lossRate);
  const repairs = plans.filter(() => unit(rng) >= lossRate);
  for (let progress = true; progress;) {
    progress = false;
    for (const { first, stride, count } of repairs) {
      const missing = Array.from({ length: count }, (_, i) => first + i * stride).filter((at) => !has[at]);
      if (missing.length !== 1) continue;
      has[missing[0]] = true;
      progress = true;
    }
  }
  return has.every((come) => come);
}

Deno.test("ARC-LOSS-fec-key-frames: 20 % on a good path, for frames of every size", () => {
  for (let packets = 1; packets <= 400; packets++) {
    const plans = planLayers(packets, 0.2, 0);
    const blocks = Math.ceil(packets / 110);
    assert.ok(plans.length >= Math.ceil(packets / 5) && plans.length < packets / 5 + blocks + 1, `${packets} packets`);
    const covered = new Set(
      plans.flatMap(({ first, stride, count }) => Array.from({ length: count }, (_, i) => first + i * stride)),
    );
    assert.equal(covered.size, packets);
  }
  assert.deepEqual(planLayers(0, 0.2, 0.1), []);
  assert.deepEqual(planLayers(10, 0, 0.1), []);
});

Deno.test("FEC layers: groups differ from layer to layer, and no mask reaches too far", () => {
  for (let packets = 2; packets <= 400; packets++) {
    const plans = planLayers(packets, 0.2, 0.3);
    const kinds = new Set(plans.map(({ first, stride, count }) => `${first} ${stride} ${count}`));
    // Where there are fewer packets than layers, the last layers repeat single packets.
    if (packets >= 8) assert.equal(kinds.size, plans.length, `${packets} packets`);
    for (const { first, stride, count } of plans) {
      assert.ok(first + (count - 1) * stride < packets && (count - 1) * stride < 110);
    }
  }
});

Deno.test("FEC layers: at the reported loss a frame fails in half a percent of the cases at most, and loss costs repairs", () => {
  const rng = new SeededRng(12);
  for (const lossRate of [0.01, 0.05, 0.1]) {
    for (const packets of [1, 2, 5, 10, 20, 40]) {
      const plans = planLayers(packets, 0.2, lossRate);
      let failed = 0;
      for (let round = 0; round < 2000; round++) if (!survives(packets, plans, lossRate, rng)) failed++;
      assert.ok(failed <= 10, `${failed} of 2000 frames of ${packets} packets failed at ${lossRate}`);
      assert.ok(plans.length <= 2 * packets + 2, `${plans.length} repairs for ${packets} packets`);
    }
  }
});
