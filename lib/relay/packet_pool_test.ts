import assert from "node:assert/strict";
import { PacketBatch } from "../base/batch.ts";
import { SeededRng } from "../base/rng.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import { checkOutBatch, PacketPool } from "./packet_pool.ts";
import { NONE } from "./relay_addresses.ts";

Deno.test("PacketPool: packets come out as they went in, from batches of any slot size, until it is full", () => {
  const rng = new SeededRng(1);
  const pool = new PacketPool(4);
  const batches = [new PacketBatch(3), new PacketBatch(3, MAX_UNIT_BYTES), new PacketBatch(3, 64)];
  const out = new PacketBatch(8, MAX_UNIT_BYTES);
  for (let round = 0; round < 50; round++) {
    const units: Uint8Array[] = [];
    const slots: number[] = [];
    for (let i = 0; i < 4; i++) {
      const batch = batches[rng.u32() % 3];
      rng.fill(batch.bytes);
      batch.clear();
      for (let k = 0; k < 3; k++) {
        const unit = rng.fill(new Uint8Array(rng.u32() % (Math.min(MAX_UNIT_BYTES, batch.slotBytes) + 1)));
        batch.push(unit, 0);
        if (k === round % 3) units.push(unit);
      }
      slots.push(pool.put(batch, round % 3));
    }
    assert.ok(pool.isFull && pool.used === 4);
    assert.equal(pool.put(batches[0], 0), NONE);
    out.clear();
    for (const [i, slot] of slots.entries()) {
      if (i % 2 === 0) pool.take(slot, out, i);
      else {
        pool.copy(slot, out, i);
        pool.free(slot);
      }
    }
    units.forEach((unit, i) => {
      assert.deepEqual(out.packet(i), unit);
      assert.equal(out.addresses[i], i);
    });
    assert.equal(pool.used, 0);
  }
});

Deno.test("checkOutBatch: a batch whose slots cannot hold every unit is refused", () => {
  checkOutBatch(new PacketBatch(1, MAX_UNIT_BYTES));
  assert.throws(() => checkOutBatch(new PacketBatch(1, MAX_UNIT_BYTES - 1)), RangeError);
});
