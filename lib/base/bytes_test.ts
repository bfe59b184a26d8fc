import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import * as b from "./bytes.ts";
import { unwrap } from "./parsed.ts";

const RUNS = { seed: 1, numRuns: 300 };

Deno.test("integers: what is written is read back, at any offset of a dirty buffer", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.maxSafeNat(), (at, n) => {
      const buffer = new Uint8Array(40).fill(0xa5);
      b.writeU16(buffer, at, n & 0xffff);
      assert.equal(b.readU16(buffer, at), n & 0xffff);
      b.writeU24(buffer, at, n & 0xffffff);
      assert.equal(b.readU24(buffer, at), n & 0xffffff);
      b.writeU32(buffer, at, n >>> 0);
      assert.equal(b.readU32(buffer, at), n >>> 0);
      const n48 = n % 2 ** 48;
      b.writeU48(buffer, at, n48);
      assert.equal(b.readU48(buffer, at), n48);
      b.writeU64(buffer, at, BigInt(n));
      assert.equal(b.readU64(buffer, at), BigInt(n));
      assert.equal(buffer[at + 8], 0xa5, "nothing beyond is touched");
    }),
    RUNS,
  );
});

Deno.test("hex and base64url agree with node:buffer and round-trip", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(b.toHex(bytes), Buffer.from(bytes).toString("hex"));
      assert.deepEqual(unwrap(b.parseHex(b.toHex(bytes))), new Uint8Array(bytes));
      assert.equal(b.toBase64Url(bytes), Buffer.from(bytes).toString("base64url"));
      assert.deepEqual(unwrap(b.parseBase64Url(b.toBase64Url(bytes))), new Uint8Array(bytes));
    }),
    RUNS,
  );
});

Deno.test("hex: odd length and foreign characters are faults with their offset", () => {
  assert.deepEqual(b.parseHex("abc"), {
    ok: false,
    fault: { reason: "bad_length", offset: 3, message: "Cannot parse hex: need an even number of digits, got 3" },
  });
  for (const [text, offset] of [["0g", 1], ["g0", 0], ["00 1", 2], ["00\u01301", 2]] as const) {
    const parsed = b.parseHex(text);
    assert.ok(!parsed.ok && parsed.fault.offset === offset, text);
  }
});

Deno.test("base64url: padding, the other alphabet, lone characters and stray bits are refused", () => {
  for (const text of ["AA==", "+A", "/A", "A", "AAAAA", "AB", "AAB", "A A", "é0"]) {
    assert.equal(b.parseBase64Url(text).ok, false, text);
  }
  assert.deepEqual(unwrap(b.parseBase64Url("AQ")), new Uint8Array([1]));
});

Deno.test("never throws on any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      b.parseHex(text);
      b.parseBase64Url(text);
    }),
    RUNS,
  );
});

Deno.test("equalTags: equal only when every byte is", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 32 }), fc.nat(), (bytes, at) => {
      const other = bytes.slice();
      assert.ok(b.equalTags(bytes, other) && b.equalBytes(bytes, other));
      other[at % other.length] ^= 1 << (at % 8);
      assert.ok(!b.equalTags(bytes, other) && !b.equalBytes(bytes, other));
      assert.ok(!b.equalTags(bytes, bytes.subarray(1)));
    }),
    RUNS,
  );
});

Deno.test("decodeUtf8: bad UTF-8 is a fault, a BOM stays visible", () => {
  assert.equal(b.decodeUtf8(new Uint8Array([0xff])).ok, false);
  assert.equal(unwrap(b.decodeUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x7b]))), "\ufeff{");
});

Deno.test("concatBytes joins in order", () => {
  assert.deepEqual(b.concatBytes(new Uint8Array([1]), b.EMPTY_BYTES, b.utf8("a")), new Uint8Array([1, 0x61]));
});
