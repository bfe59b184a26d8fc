import assert from "node:assert/strict";
import fc from "fast-check";
import { leb128Bytes, leb128End, leb128Value, writeLeb128 } from "./leb128.ts";

function read(...bytes: number[]): { end: number; value: number } {
  const b = Uint8Array.from(bytes);
  const end = leb128End(b, 0, b.length);
  return { end, value: end < 0 ? -1 : leb128Value(b, 0, end) };
}

Deno.test("LEB128: values at the edges of each length", () => {
  assert.deepEqual(read(0), { end: 1, value: 0 });
  assert.deepEqual(read(0x7f, 0xff), { end: 1, value: 127 });
  assert.deepEqual(read(0x80, 0x01), { end: 2, value: 128 });
  assert.deepEqual(read(0xff, 0xff, 0xff, 0xff, 0x0f), { end: 5, value: 0xffff_ffff });
});

Deno.test("LEB128: padding bytes are read, up to 8 bytes in all", () => {
  assert.deepEqual(read(0x83, 0x80, 0x80, 0x00), { end: 4, value: 3 });
  assert.deepEqual(read(0x83, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), { end: 8, value: 3 });
  assert.equal(read(0x83, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00).end, -1);
});

Deno.test("LEB128: 2^32 and more, and numbers without an end, are refused", () => {
  assert.deepEqual(read(0x80, 0x80, 0x80, 0x80, 0x10), { end: 5, value: -1 });
  assert.deepEqual(read(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), { end: 8, value: -1 });
  assert.equal(read(0x80, 0x80).end, -1);
  assert.equal(read().end, -1);
});

Deno.test("LEB128: what is written is read again and is the shortest spelling", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat({ max: 9 }), (value, at) => {
      const b = new Uint8Array(20).fill(0xff);
      const written = writeLeb128(b, at, value);
      assert.equal(written, leb128Bytes(value));
      assert.equal(leb128End(b, at, b.length), at + written);
      assert.equal(leb128Value(b, at, at + written), value);
      assert.equal(written, Math.max(1, Math.ceil(value.toString(2).length / 7)));
      assert.equal(leb128End(b, at, at + written - 1), -1);
    }),
    { seed: 7101, numRuns: 500 },
  );
});
