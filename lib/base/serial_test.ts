import assert from "node:assert/strict";
import fc from "fast-check";
import { after16, distance16, distance32, nearest } from "./serial.ts";

Deno.test("distances wrap", () => {
  assert.equal(distance16(65535, 0), 1);
  assert.equal(distance16(0, 65535), -1);
  assert.equal(distance16(0, 0x8000), -0x8000);
  assert.equal(distance32(0xffff_ffff, 1), 2);
  assert.ok(after16(0, 65535));
  assert.ok(!after16(65535, 0));
  assert.ok(!after16(7, 7));
});

Deno.test("nearest: the value whose low bits match and that lies nearest to the reference, by search", () => {
  const bySearch = (low: number, reference: number, bits: number) => {
    for (let d = 0;; d++) {
      for (const value of [reference - d, reference + d]) {
        if (((value % 2 ** bits) + 2 ** bits) % 2 ** bits === low) return value;
      }
    }
  };
  fc.assert(
    fc.property(fc.nat(255), fc.integer({ min: -600, max: 100_000 }), (low, reference) => {
      assert.equal(nearest(low, reference, 8), bySearch(low, reference, 8));
    }),
    { seed: 2, numRuns: 500 },
  );
  assert.equal(nearest(0, 65535, 16), 65536);
  assert.equal(nearest(65535, 65536, 16), 65535);
  assert.equal(nearest(0xffff_ffff, 0, 32), -1);
});
