import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteQueue } from "./byte_queue.ts";

Deno.test("ByteQueue: behaves as a slice of the file between what was read and what was pushed", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("push" as const), count: fc.integer({ min: 0, max: 90_000 }) }),
    fc.record({ kind: fc.constant("skip" as const), count: fc.integer({ min: 0, max: 120_000 }) }),
    fc.record({ kind: fc.constant("take" as const), count: fc.integer({ min: 0, max: 60_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const queue = new ByteQueue();
      const at = (i: number) => (i * 31 + (i >>> 8)) & 0xff;
      let pushed = 0;
      let read = 0;
      for (const { kind, count } of steps) {
        if (kind === "push") {
          queue.push(Uint8Array.from({ length: count }, (_, i) => at(pushed + i)));
          pushed += count;
        } else if (kind === "skip") {
          queue.skip(count);
          read += count;
        } else {
          const taken = queue.take(count);
          assert.equal(taken.length, Math.min(count, Math.max(0, pushed - read)));
          taken.forEach((byte, i) => i % 997 === 0 && assert.equal(byte, at(read + i)));
          read += taken.length;
        }
        assert.equal(queue.available, Math.max(0, pushed - read));
        assert.equal(queue.offsetBytes, Math.min(read, pushed));
        if (queue.available > 0) assert.equal(queue.peek(1)[0], at(read));
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("ByteQueue: a 4 GB skip costs nothing", () => {
  const queue = new ByteQueue();
  queue.push(new Uint8Array(10));
  queue.skip(0xffff_ffff);
  queue.push(new Uint8Array(1000));
  assert.equal(queue.available, 0);
  assert.equal(queue.offsetBytes, 1010);
});

Deno.test("ByteQueue: has tells waiting, truncation and a clean end apart", () => {
  const queue = new ByteQueue();
  queue.push(new Uint8Array(3));
  assert.deepEqual(queue.has(3, "x"), { ok: true, value: true });
  assert.deepEqual(queue.has(4, "x"), { ok: true, value: false });
  queue.end();
  const cut = queue.has(4, "a thing", true);
  assert.ok(!cut.ok);
  assert.deepEqual([cut.fault.reason, cut.fault.offset, cut.fault.need], ["truncated", 3, 4]);
  queue.skip(3);
  assert.deepEqual(queue.has(4, "x", true), { ok: true, value: false });
  assert.equal(queue.has(4, "x").ok, false);
});
