import assert from "node:assert/strict";
import { BitReader } from "./bits.ts";

Deno.test("BitReader: reads most significant bits first, over byte boundaries", () => {
  const bits = new BitReader(Uint8Array.of(0b1010_0110, 0b1111_0000));
  assert.equal(bits.read(1), 1);
  assert.equal(bits.read(3), 0b010);
  assert.equal(bits.read(6), 0b011011);
  assert.equal(bits.flag(), true);
  bits.skip(1);
  assert.equal(bits.read(0), 0);
  assert.equal(bits.read(4), 0);
  assert.equal(bits.exhausted, false);
});

Deno.test("BitReader: 32 bits are unsigned", () => {
  assert.equal(new BitReader(Uint8Array.of(0xff, 0xff, 0xff, 0xff)).read(32), 0xffff_ffff);
});

Deno.test("BitReader: keeps to its range, gives zeros past it and says so", () => {
  const bits = new BitReader(Uint8Array.of(0xff, 0xff, 0xff), 1, 2);
  assert.equal(bits.read(8), 0xff);
  assert.equal(bits.exhausted, false);
  assert.equal(bits.read(4), 0);
  assert.equal(bits.exhausted, true);
  const skipped = new BitReader(Uint8Array.of(0xff));
  skipped.skip(9);
  assert.equal(skipped.exhausted, true);
});
