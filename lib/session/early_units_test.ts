import assert from "node:assert/strict";
import { toHex } from "../base/bytes.ts";
import { EARLY_HOLD_MS, EARLY_UNITS, EarlyUnits } from "./early_units.ts";

Deno.test("ARC-SRTP-early-hold: units come out in the order of arrival, by SSRC, once", () => {
  const early = new EarlyUnits();
  early.release(() => true, () => assert.fail("nothing is held"));
  const pool = Uint8Array.from({ length: 100 }, (_, i) => i);
  for (let i = 0; i < 10; i++) assert.equal(early.hold(i % 2, pool, i, i + 3, 100 + i), true);
  pool.fill(0);
  const taken: string[] = [];
  early.release((ssrc) => ssrc === 1, (bytes, start, end, arrivalMs) => {
    taken.push(`${toHex(bytes.subarray(start, end))} ${arrivalMs}`);
    bytes.fill(0xff, start, end);
  });
  assert.deepEqual(taken, [1, 3, 5, 7, 9].map((i) => `${toHex(Uint8Array.of(i, i + 1, i + 2))} ${100 + i}`));
  assert.equal(early.size, 5);
  early.release((ssrc) => ssrc === 1, () => assert.fail("they were taken"));
});

Deno.test("ARC-SRTP-early-hold: 64 at most; after 250 ms they make room, and any number may follow", () => {
  const early = new EarlyUnits();
  const unit = new Uint8Array(1232);
  assert.equal(early.nextTimeoutMs(), Infinity);
  for (let round = 0; round < 20; round++) {
    const atMs = round * 1000;
    for (let i = 0; i < EARLY_UNITS; i++) assert.equal(early.hold(i, unit, 0, unit.length, atMs + i), true);
    assert.equal(early.hold(99, unit, 0, unit.length, atMs + 64), false);
    assert.equal(early.nextTimeoutMs(), atMs + EARLY_HOLD_MS);
    assert.equal(early.expire(atMs + EARLY_HOLD_MS - 0.1), 0);
    assert.equal(early.expire(atMs + EARLY_HOLD_MS + 10), 11);
    assert.equal(early.expire(atMs + 900), EARLY_UNITS - 11);
    assert.equal(early.size, 0);
  }
});

Deno.test("early units: at the time that they name they do end, whatever the fractions of that time", () => {
  for (let i = 0; i < 2000; i++) {
    const early = new EarlyUnits();
    early.hold(1, new Uint8Array(9), 0, 9, 1000 + i / 3 + i * 1e-7);
    assert.equal(early.expire(early.nextTimeoutMs()), 1);
  }
});
