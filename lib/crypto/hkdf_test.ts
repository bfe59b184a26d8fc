import assert from "node:assert/strict";
import { toHex } from "../base/bytes.ts";
import { hkdfSha256 } from "./hkdf.ts";
import { hex } from "./testing/backends.ts";

/** RFC 5869 appendix A, the SHA-256 cases. */
const CASES = [
  {
    name: "A.1",
    ikm: hex("0b".repeat(22)),
    salt: hex("000102030405060708090a0b0c"),
    info: hex("f0f1f2f3f4f5f6f7f8f9"),
    okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  },
  {
    name: "A.2, longer inputs and output",
    ikm: Uint8Array.from({ length: 80 }, (_, i) => i),
    salt: Uint8Array.from({ length: 80 }, (_, i) => 0x60 + i),
    info: Uint8Array.from({ length: 80 }, (_, i) => 0xb0 + i),
    okm: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09" +
      "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
  },
  {
    name: "A.3, no salt and no info",
    ikm: hex("0b".repeat(22)),
    salt: new Uint8Array(0),
    info: new Uint8Array(0),
    okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  },
];

for (const { name, ikm, salt, info, okm } of CASES) {
  Deno.test(`HKDF-SHA256: RFC 5869 ${name}`, () => {
    assert.equal(toHex(hkdfSha256(ikm, salt, info, okm.length / 2)), okm);
  });
}

Deno.test("HKDF-SHA256: more than 255 blocks cannot be asked for", () => {
  const empty = new Uint8Array(0);
  assert.equal(hkdfSha256(empty, empty, empty, 255 * 32).length, 8160);
  assert.throws(() => hkdfSha256(empty, empty, empty, 255 * 32 + 1));
});
