import assert from "node:assert/strict";
import { PacketBatch } from "../../base/batch.ts";
import { KIND_AT, OWN_WORDS_AT, RING_PAYLOAD_BYTES, SharedRing } from "./shared_ring.ts";

Deno.test("shared ring: packets come out as they went in, in order, many times around", () => {
  const memory = SharedRing.create();
  const [writer, reader] = [new SharedRing(memory), new SharedRing(memory)];
  const out = new PacketBatch(1, 1232);
  const into = new PacketBatch(1, RING_PAYLOAD_BYTES);
  let [written, read] = [0, 0];
  while (read < 2000) {
    // In bursts of changing length, up to full.
    for (let burst = (written * 7) % 300; burst >= 0; burst--) {
      const slot = writer.reserve();
      if (slot < 0) break;
      out.clear();
      out.push(new Uint8Array(written % 1233).fill(written & 255), 5);
      writer.words[writer.wordOf(slot) + KIND_AT] = 3;
      writer.words[writer.wordOf(slot) + OWN_WORDS_AT] = written++;
      writer.put(slot, out, 0);
      writer.commit();
    }
    for (let slot = reader.front(); slot >= 0; slot = reader.front(), read++) {
      assert.equal(reader.words[reader.wordOf(slot) + KIND_AT], 3);
      assert.equal(reader.words[reader.wordOf(slot) + OWN_WORDS_AT], read);
      into.clear();
      reader.take(slot, into, 9);
      assert.deepEqual(into.packet(0), new Uint8Array(read % 1233).fill(read & 255));
      assert.equal(into.addresses[0], 9);
      reader.release();
    }
    assert.equal(read, written);
  }
});

Deno.test("shared ring: a full one takes nothing, and forgets nothing", () => {
  const ring = new SharedRing(SharedRing.create());
  let count = 0;
  for (; ring.reserve() >= 0; count++) ring.commit();
  assert.equal(count, 256);
  assert.equal(ring.front(), 0);
  ring.release();
  assert.equal(ring.reserve(), 0);
});

Deno.test("shared ring: counts on beyond 2^31", () => {
  const memory = SharedRing.create();
  const control = new Int32Array(memory);
  control[0] = control[16] = 0x7fff_ffff;
  const ring = new SharedRing(memory);
  for (let i = 0; i < 5; i++) {
    const slot = ring.reserve();
    assert.equal(slot, (0x7fff_ffff + i) % 256);
    assert.equal(ring.front(), -1);
    ring.commit();
    assert.equal(ring.front(), slot);
    ring.release();
  }
});

Deno.test("shared ring: text goes through, slots larger than its own are refused", () => {
  const ring = new SharedRing(SharedRing.create());
  ring.putBytes(ring.reserve(), new TextEncoder().encode("127.0.0.1 5"));
  ring.commit();
  assert.equal(new TextDecoder().decode(ring.payloadOf(ring.front()).slice()), "127.0.0.1 5");
  assert.throws(() => ring.put(1, new PacketBatch(1, 4096), 0), /larger than the ring's/);
});
