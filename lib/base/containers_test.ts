import assert from "node:assert/strict";
import { HEADROOM_BYTES, PacketBatch } from "./batch.ts";
import { FaultCounters, unwrap } from "./parsed.ts";
import { fault, ok, truncated } from "./parsed.ts";
import { Ring } from "./ring.ts";
import { unreachable } from "./unreachable.ts";

Deno.test("Ring: first in, first out, bounded, reusable", () => {
  const ring = new Ring<number>(2);
  assert.ok(ring.push(1) && ring.push(2));
  assert.equal(ring.push(3), false);
  assert.equal(ring.peek(), 1);
  assert.equal(ring.shift(), 1);
  assert.ok(ring.push(4));
  assert.deepEqual([ring.shift(), ring.shift(), ring.shift()], [2, 4, undefined]);
  ring.push(5);
  ring.clear();
  assert.equal(ring.size, 0);
  assert.equal(ring.capacity, 2);
});

Deno.test("PacketBatch: copies in, refuses what does not fit, hands out borrowed views", () => {
  const batch = new PacketBatch(2, 4);
  assert.ok(batch.push(new Uint8Array([1, 2]), 7));
  assert.equal(batch.push(new Uint8Array(5), 7), false);
  assert.ok(batch.push(new Uint8Array([3]), 8));
  assert.equal(batch.push(new Uint8Array(1), 9), false);
  assert.deepEqual([...batch.packet(0)], [1, 2]);
  assert.deepEqual([batch.offset(1), batch.addresses[1], batch.packet(1)[0]], [4 + 2 * HEADROOM_BYTES, 8, 3]);
  batch.packet(1)[0] = 9;
  assert.equal(batch.bytes[batch.offset(1)], 9);
  batch.clear();
  assert.equal(batch.size, 0);
});

Deno.test("Parsed: values, faults, counters", () => {
  assert.equal(unwrap(ok(3)), 3);
  assert.throws(() => unwrap(fault("bad_value", "no", { path: "$.a" })), /bad_value at \$\.a: no/);
  assert.throws(() => unwrap(truncated("x", 4, 2)), /truncated at 2: Cannot parse x: need 4 bytes, got 2/);
  const counters = new FaultCounters();
  counters.add("auth");
  counters.add("auth");
  counters.add("bad_state");
  assert.equal(counters.get("auth"), 2);
  assert.equal(counters.total, 3);
  assert.deepEqual(counters.snapshot(), { auth: 2, bad_state: 1 });
  assert.throws(() => unreachable("x" as never));
});
