import assert from "node:assert/strict";
import fc from "fast-check";
import { TextBuffer } from "./text_buffer.ts";

function written(fill: (out: TextBuffer) => void): string {
  const pieces: Uint8Array[] = [];
  const out = new TextBuffer((bytes) => pieces.push(bytes.slice()));
  fill(out);
  out.flush();
  return pieces.map((piece) => new TextDecoder().decode(piece)).join("");
}

Deno.test("text buffer: numbers as String writes them, padded as padStart does", () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.nat(2 ** 53 - 1), fc.nat(2000)), fc.nat(20), (value, width) => {
      assert.equal(written((out) => out.decimal(value, width)), String(value).padStart(width));
      assert.equal(written((out) => out.padded(value, width)), String(value).padStart(width, "0"));
      const low = value % 2 ** 32;
      assert.equal(written((out) => out.hex32(low)), low.toString(16).padStart(8, "0"));
    }),
    { seed: 171, numRuns: 1000 },
  );
  for (const edge of [0, 9, 10, 99, 100, 0x3fff_ffff, 0x4000_0000, 999_999_999, 1_000_000_000, 2 ** 32 - 1]) {
    assert.equal(written((out) => out.decimal(edge)), String(edge));
  }
});

Deno.test("text buffer: any text in any pieces comes out whole and in order, however much", () => {
  const pieces = fc.oneof(
    fc.string(),
    fc.string({ unit: "grapheme" }),
    fc.constant("ü".repeat(30_000)),
    fc.constant("x".repeat(90_000)),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (list) => {
      const out = written((buffer) => {
        for (const piece of list) {
          if (/^[\x20-\x7e]*$/.test(piece)) buffer.ascii(piece);
          else buffer.text(piece);
          buffer.spaces(3);
          buffer.byte(0x7c);
          buffer.endLine();
        }
      });
      assert.equal(out, list.map((piece) => `${piece.toWellFormed()}   |\n`).join(""));
    }),
    { seed: 172, numRuns: 100 },
  );
});

Deno.test("text buffer: writes out in large pieces, and at once when asked", () => {
  const sizes: number[] = [];
  const out = new TextBuffer((bytes) => sizes.push(bytes.length));
  for (let i = 0; i < 10_000; i++) {
    out.ascii("0123456789");
    out.endLine();
  }
  assert.deepEqual(sizes, [65_538]);
  out.flush();
  out.flush();
  assert.deepEqual(sizes, [65_538, 110_000 - 65_538]);
});
