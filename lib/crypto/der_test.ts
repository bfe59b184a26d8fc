import assert from "node:assert/strict";
import fc from "fast-check";
import { unwrap } from "../base/parsed.ts";
import { parseDerElement, parseDerElements } from "./der.ts";
import { hex, inDirtyPool } from "./testing/backends.ts";

Deno.test("DER: short and long lengths", () => {
  assert.deepEqual(unwrap(parseDerElement(hex("0403aabbcc"), 0, 5)), { tag: 4, contentStart: 2, end: 5 });
  assert.deepEqual(unwrap(parseDerElement(hex("0500"), 0, 2)), { tag: 5, contentStart: 2, end: 2 });
  const long = hex("308180" + "00".repeat(128));
  assert.deepEqual(unwrap(parseDerElement(long, 0, 131)), { tag: 0x30, contentStart: 3, end: 131 });
  const longer = hex("30820100" + "00".repeat(256));
  assert.deepEqual(unwrap(parseDerElement(longer, 0, 260)), { tag: 0x30, contentStart: 4, end: 260 });
});

Deno.test("DER: every strict prefix is truncated", () => {
  const whole = hex("30820100" + "00".repeat(256));
  for (let n = 0; n < whole.length; n++) {
    const parsed = parseDerElement(whole, 0, n);
    assert.ok(!parsed.ok);
    assert.deepEqual([parsed.fault.reason, parsed.fault.offset], ["truncated", n]);
  }
});

Deno.test("DER: indefinite and enormous lengths are refused", () => {
  for (const text of ["3080000000", "3084ffffffff", "30ff00"]) {
    const parsed = parseDerElement(hex(text), 0, text.length / 2);
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_length" && parsed.fault.offset === 1);
  }
});

Deno.test("DER: elements fill their parent exactly, wherever it lies", () => {
  const pool = inDirtyPool(hex("0401aa0500"), 9, 9);
  const elements = unwrap(parseDerElements(pool, 9, 14));
  assert.deepEqual(elements, [{ tag: 4, contentStart: 11, end: 12 }, { tag: 5, contentStart: 14, end: 14 }]);
  assert.ok(!parseDerElements(pool, 9, 13).ok, "the last element is cut");
  assert.deepEqual(unwrap(parseDerElements(pool, 9, 9)), []);
});

Deno.test("DER: any bytes give elements inside their bounds or a fault", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const parsed = parseDerElements(bytes, 0, bytes.length);
      if (!parsed.ok) return;
      let at = 0;
      for (const { contentStart, end } of parsed.value) {
        assert.ok(contentStart > at && contentStart <= end && end <= bytes.length);
        at = end;
      }
      assert.equal(at, bytes.length);
    }),
    { seed: 13, numRuns: 500 },
  );
});
