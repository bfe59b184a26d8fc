import assert from "node:assert/strict";
import { BURST_BYTES, Pacer, SLOW_SPREAD_MS, SPREAD_MS } from "./pacer.ts";

/** Sends `bytes` in packets of 1200 as the pacer lets them, woken `lateMs` after it asked; answers when each left. */
function drain(pacer: Pacer, bytes: number, startMs: number, lateMs = 0): number[] {
  const leftMs: number[] = [];
  pacer.queued(bytes, startMs);
  for (let nowMs = startMs; bytes > 0; nowMs = pacer.resumesMs(nowMs) + lateMs) {
    while (bytes > 0 && pacer.mayLeave(nowMs)) {
      pacer.left(1230, Math.min(1200, bytes), nowMs);
      bytes -= 1200;
      leftMs.push(nowMs - startMs);
    }
  }
  return leftMs;
}

Deno.test("pacer: ten packets leave at once", () => {
  assert.deepEqual(drain(new Pacer(), BURST_BYTES - 300, 1000), new Array(10).fill(0));
});

Deno.test("pacer: a large frame is spread over the few milliseconds that it may wait, in bursts a millisecond apart", () => {
  for (const lateMs of [0, 1.3]) {
    const leftMs = drain(new Pacer(), 120_000, 1000, lateMs);
    const last = leftMs[leftMs.length - 1];
    assert.ok(last > SPREAD_MS / 2 && last <= SPREAD_MS + 1 + 2 * lateMs, `the last left after ${last} ms`);
    const wakeUps = [...new Set(leftMs)];
    assert.ok(wakeUps.length <= SPREAD_MS + 2, `${wakeUps}`);
    wakeUps.forEach((atMs, i) => assert.ok(i === 0 || atMs - wakeUps[i - 1] >= 1));
  }
});

Deno.test("pacer: on a slow path the same frame takes longer, but no more than its bound", () => {
  const pacer = new Pacer();
  // 2 Mbps were sent in the last second, and the path is thought to carry no more.
  for (let ms = 0; ms < 1000; ms += 10) {
    pacer.queued(2500, ms);
    pacer.left(2500, 2500, ms);
  }
  pacer.estimateBps = 2_000_000;
  const leftMs = drain(pacer, 120_000, 1000);
  const last = leftMs[leftMs.length - 1];
  assert.ok(last > 2 * SPREAD_MS && last <= SLOW_SPREAD_MS + 2, `the last left after ${last} ms`);
});

Deno.test("pacer: what was announced is never slower than 2.5 times its rate", () => {
  const pacer = new Pacer();
  pacer.announce(80_000_000);
  pacer.estimateBps = 1;
  // 80 Mbps x 2.5 are 25,000 bytes a millisecond.
  const leftMs = drain(pacer, 120_000, 1000);
  assert.ok(leftMs[leftMs.length - 1] <= 5, `${leftMs[leftMs.length - 1]} ms`);
});

Deno.test("pacer: what was given up does not count, and idle time does not add up", () => {
  const pacer = new Pacer();
  pacer.queued(1_000_000, 0);
  pacer.discarded(1_000_000);
  assert.equal(pacer.backlogBytes, 0);
  const leftMs = drain(pacer, 60_000, 100_000);
  assert.ok(new Set(leftMs).size > 1, "an hour's budget must not leave in one burst");
});
