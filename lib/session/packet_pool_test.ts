import assert from "node:assert/strict";
import { SeededRng } from "../base/rng.ts";
import { PacketPool, SlotQueue } from "./packet_pool.ts";

Deno.test("packet pool: slots are apart, come back with their last reference, and end", () => {
  const pool = new PacketPool();
  assert.equal(pool.used, 0);
  const slots: number[] = [];
  for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) slots.push(slot);
  assert.equal(slots.length, 4096);
  assert.equal(new Set(slots).size, 4096);
  for (const slot of [0, 63, 64, 4095]) {
    assert.ok(pool.offset(slot) + pool.slotBytes <= pool.bytes(slot).length);
    if (slot > 0) assert.ok(pool.bytes(slot) !== pool.bytes(slot - 1) || pool.offset(slot) !== pool.offset(slot - 1));
  }
  pool.retain(slots[7]);
  pool.release(slots[7]);
  assert.equal(pool.acquire(), -1);
  pool.release(slots[7]);
  assert.equal(pool.acquire(), slots[7]);
  assert.equal(pool.used, 4096);
});

Deno.test("slot queue: first in, first out, however it grows and turns", () => {
  const rng = new SeededRng(4);
  const queue = new SlotQueue();
  const model: number[] = [];
  assert.equal(queue.shift(), -1);
  for (let i = 0; i < 5000; i++) {
    if (rng.u32() % 5 < 3) {
      queue.push(i);
      model.push(i);
    } else assert.equal(queue.shift(), model.shift() ?? -1);
    assert.equal(queue.size, model.length);
    assert.equal(queue.peek(), model[0] ?? -1);
  }
});
