import assert from "node:assert/strict";
import { SeededRng, unit } from "../base/rng.ts";
import { DelayEstimate } from "./delay_estimate.ts";

Deno.test("ARC-JITTER-adaptive: the 95th percentile of what packets take more than the fastest", () => {
  const estimate = new DelayEstimate(50);
  const transitsMs: number[] = [];
  const rng = new SeededRng(1);
  for (let i = 0; i < 480; i++) {
    const transitMs = -7000 + unit(rng) * 40;
    transitsMs.push(transitMs);
    estimate.add(transitMs);
    if (i < 31) assert.ok(Number.isNaN(estimate.variation95Ms));
  }
  transitsMs.sort((a, b) => a - b);
  assert.equal(estimate.minTransitMs, transitsMs[0]);
  assert.equal(estimate.variation95Ms, transitsMs[Math.ceil(480 * 0.95) - 1] - transitsMs[0]);
});

Deno.test("what is longer ago than the window is forgotten", () => {
  const estimate = new DelayEstimate(50);
  for (let i = 0; i < 100; i++) estimate.add(i % 2 === 0 ? 0 : 20);
  assert.equal(estimate.variation95Ms, 20);
  for (let i = 0; i < 528; i++) estimate.add(5);
  assert.deepEqual([estimate.minTransitMs, estimate.variation95Ms], [5, 0]);
});

Deno.test("a path that has become worse by more than the limit is a new path, one packet or a little more is not", () => {
  const estimate = new DelayEstimate(50);
  for (let i = 0; i < 160; i++) estimate.add(i % 16 === 3 ? 300 : 0);
  assert.equal(estimate.minTransitMs, 0);
  for (let i = 0; i < 32; i++) estimate.add(45);
  assert.equal(estimate.minTransitMs, 0);
  for (let i = 0; i < 16; i++) estimate.add(101 + i / 10);
  assert.equal(estimate.minTransitMs, 101);
  for (let i = 0; i < 16; i++) estimate.add(101);
  assert.ok(estimate.variation95Ms < 2);
});
