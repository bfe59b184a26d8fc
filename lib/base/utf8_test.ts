import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeUtf8, utf8 } from "./bytes.ts";
import { isUtf8 } from "./utf8.ts";

const platform = new TextDecoder("utf-8", { fatal: true });

function platformAccepts(bytes: Uint8Array): boolean {
  try {
    platform.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

Deno.test("UTF-8: every sequence of one to three bytes at the bounds is judged as the platform judges it", () => {
  const bytes = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf];
  bytes.push(0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff);
  // Only the second byte of a character has bounds of its own: the last one goes on, begins another, or neither.
  const last = [0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xf4, 0xff];
  let accepted = 0;
  for (const a of bytes) {
    for (const b of bytes) {
      for (const c of bytes) {
        for (const d of last) {
          const text = Uint8Array.of(a, b, c, d);
          const isAccepted = isUtf8(text);
          if (isAccepted !== platformAccepts(text)) assert.fail(`${text}: ${isAccepted}`);
          if (isAccepted) accepted++;
        }
      }
    }
  }
  assert.ok(accepted > 100);
});

Deno.test("UTF-8: any text comes back, and any bytes are judged as the platform judges them", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
    const decoded = decodeUtf8(utf8(text));
    assert.ok(decoded.ok);
    assert.equal(decoded.value, text);
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    assert.equal(decodeUtf8(bytes).ok, platformAccepts(bytes));
  }));
});
