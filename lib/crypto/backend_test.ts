/** The contract of a backend, run over every one: published vectors, the same bytes as each other, and no surprises. */
import assert from "node:assert/strict";
import { createCipheriv, createHmac } from "node:crypto";
import fc from "fast-check";
import { concatBytes, toHex, utf8 } from "../base/bytes.ts";
import { equalTagAt } from "./backend.ts";
import { AEAD_TAG_BYTES, SUITE_NAMES, type SuiteName, SUITES } from "./suites.ts";
import { BACKENDS, hex, inDirtyPool, randomBytes } from "./testing/backends.ts";

interface AeadVector {
  readonly source: string;
  readonly suite: SuiteName;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly text: string;
  readonly ciphertext: string;
  readonly tag: string;
}

const GCM_TEXT = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const GCM_AAD = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const GCM_NONCE = "cafebabefacedbaddecaf888";
const GCM_KEY = "feffe9928665731c6d6a8f9467308308";

const AEAD_VECTORS: readonly AeadVector[] = [
  {
    source: "McGrew and Viega, GCM, test case 1",
    suite: "aes-128-gcm",
    key: "00".repeat(16),
    nonce: "00".repeat(12),
    aad: "",
    text: "",
    ciphertext: "",
    tag: "58e2fccefa7e3061367f1d57a4e7455a",
  },
  {
    source: "McGrew and Viega, GCM, test case 4",
    suite: "aes-128-gcm",
    key: GCM_KEY,
    nonce: GCM_NONCE,
    aad: GCM_AAD,
    text: GCM_TEXT,
    ciphertext: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
    tag: "5bc94fbc3221a5db94fae95ae7121a47",
  },
  {
    source: "McGrew and Viega, GCM, test case 13",
    suite: "aes-256-gcm",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    aad: "",
    text: "",
    ciphertext: "",
    tag: "530f8afbc74536b9a963b4f1c4cb738b",
  },
  {
    source: "McGrew and Viega, GCM, test case 16",
    suite: "aes-256-gcm",
    key: GCM_KEY + GCM_KEY,
    nonce: GCM_NONCE,
    aad: GCM_AAD,
    text: GCM_TEXT,
    ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
    tag: "76fc6ece0f4e1768cddf8853bb2d551b",
  },
  {
    source: "RFC 7714 section 16.1.1",
    suite: "aes-128-gcm",
    key: "000102030405060708090a0b0c0d0e0f",
    nonce: "51753c6580c2726f20718414",
    aad: "8040f17b8041f8d35501a0b2",
    text: toHex(utf8("Gallia est omnis divisa in partes tres")),
    ciphertext: "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833",
    tag: "899d7f27beb16a9152cf765ee4390cce",
  },
  {
    source: "RFC 8439 section 2.8.2",
    suite: "chacha20-poly1305",
    key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    nonce: "070000004041424344454647",
    aad: "50515253c0c1c2c3c4c5c6c7",
    text: toHex(utf8(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    )),
    ciphertext: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
      "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
      "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
      "3ff4def08e4b7a9de576d26586cec64b6116",
    tag: "1ae10b594f09e26a7e902ecbd0600691",
  },
];

/** RFC 4231; HMAC pads short keys with zeros, so these are 32-byte keys as well. */
const MAC_VECTORS = [
  {
    key: "0b".repeat(20),
    data: toHex(utf8("Hi There")),
    mac: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  },
  {
    key: toHex(utf8("Jefe")),
    data: toHex(utf8("what do ya want for nothing?")),
    mac: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  },
  {
    key: "aa".repeat(20),
    data: "dd".repeat(50),
    mac: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  },
  {
    key: "0102030405060708090a0b0c0d0e0f10111213141516171819",
    data: "cd".repeat(50),
    mac: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  },
];

Deno.test("crypto backend: tags are compared byte for byte, and never beyond a buffer", () => {
  const a = hex("0011220000");
  assert.equal(equalTagAt(a, 1, hex("1122"), 0, 2), true);
  assert.equal(equalTagAt(a, 1, hex("1123"), 0, 2), false);
  assert.equal(equalTagAt(a, 3, hex("000000"), 0, 3), false);
  assert.equal(equalTagAt(hex("000000"), 0, a, 3, 3), false);
});

const suiteArb = fc.constantFrom(...SUITE_NAMES);

for (const backend of BACKENDS) {
  const test = (name: string, run: () => void) => Deno.test(`crypto backend ${backend.name}: ${name}`, run);

  for (const vector of AEAD_VECTORS) {
    test(`${vector.source}, both ways, in a dirty pool (ARC-SRTP-suites)`, () => {
      const key = backend.importAead(vector.suite, hex(vector.key));
      assert.equal(key.suite, vector.suite);
      const aad = hex(vector.aad);
      const text = hex(vector.text);
      const room = new Uint8Array(AEAD_TAG_BYTES);
      for (const before of [0, 1, 7, 64]) {
        const pool = inDirtyPool(concatBytes(aad, text, room), before, 9);
        const textStart = before + aad.length;
        const textEnd = textStart + text.length;
        key.seal(hex(vector.nonce), pool, before, textStart, textEnd);
        const sealed = concatBytes(aad, hex(vector.ciphertext), hex(vector.tag));
        assert.equal(toHex(pool), toHex(inDirtyPool(sealed, before, 9)));

        assert.equal(key.open(hex(vector.nonce), pool, before, textStart, textEnd), true);
        assert.equal(toHex(pool), toHex(inDirtyPool(concatBytes(aad, text, hex(vector.tag)), before, 9)));
      }
    });
  }

  test("RFC 4231 test cases 1 to 4, whole and truncated", () => {
    for (const vector of MAC_VECTORS) {
      const key = backend.importMac(concatBytes(hex(vector.key), new Uint8Array(32 - vector.key.length / 2)));
      const pool = inDirtyPool(hex(vector.data), 3, 50);
      const end = 3 + vector.data.length / 2;
      for (const tagBytes of [32, 16, 10, 1]) {
        const out = new Uint8Array(40);
        key.sign(pool, 3, end, null, out, 5, tagBytes);
        assert.equal(toHex(out.subarray(5, 5 + tagBytes)), vector.mac.slice(0, 2 * tagBytes));
        assert.ok(out.subarray(5 + tagBytes).every((byte) => byte === 0), "nothing is written behind the tag");
        assert.equal(key.verify(pool, 3, end, null, out, 5, tagBytes), true);
        assert.equal(key.verify(pool, 3, end, null, out, 41 - tagBytes, tagBytes), false, "a tag beyond its buffer");
      }
    }
  });

  test("AEAD gives the bytes of node:crypto called directly, whatever the sizes", () => {
    fc.assert(
      fc.property(suiteArb, fc.nat(80), fc.nat(1500), fc.nat(9), fc.nat(), (suite, aadBytes, textBytes, at, seed) => {
        const keyBytes = randomBytes(SUITES[suite].keyBytes, seed);
        const nonce = randomBytes(12, seed + 1);
        const packet = randomBytes(aadBytes + textBytes + AEAD_TAG_BYTES, seed + 2);
        const reference = createCipheriv(suite as "aes-128-gcm", keyBytes, nonce, { authTagLength: 16 });
        reference.setAAD(packet.subarray(0, aadBytes));
        const ciphertext = reference.update(packet.subarray(aadBytes, aadBytes + textBytes));
        reference.final();
        const expected = concatBytes(packet.subarray(0, aadBytes), ciphertext, reference.getAuthTag());

        const pool = inDirtyPool(packet, at, 5);
        const key = backend.importAead(suite, keyBytes);
        key.seal(nonce, pool, at, at + aadBytes, at + aadBytes + textBytes);
        assert.equal(toHex(pool), toHex(inDirtyPool(expected, at, 5)));
      }),
      { seed: 11, numRuns: 60 },
    );
  });

  test("HMAC gives the bytes of createHmac, with and without ROC, whatever the size", () => {
    const keyBytes = randomBytes(32, 5);
    const key = backend.importMac(keyBytes);
    const roc = fc.option(fc.nat(0xffff_ffff), { nil: null });
    fc.assert(
      fc.property(fc.oneof(fc.nat(200), fc.nat(70_000)), roc, fc.nat(9), (bytes, roc, at) => {
        const message = randomBytes(bytes, bytes);
        const reference = createHmac("sha256", keyBytes).update(message);
        if (roc !== null) reference.update(hex(roc.toString(16).padStart(8, "0")));
        const pool = inDirtyPool(message, at, 40);
        key.sign(pool, at, at + bytes, roc, pool, at + bytes, 10);
        assert.equal(toHex(pool.subarray(at, at + bytes)), toHex(message));
        assert.equal(toHex(pool.subarray(at + bytes, at + bytes + 10)), reference.digest("hex").slice(0, 20));
        assert.equal(key.verify(pool, at, at + bytes, roc, pool, at + bytes, 10), true);
        assert.equal(key.verify(pool, at, at + bytes, roc === null ? 0 : null, pool, at + bytes, 10), false);
      }),
      { seed: 12, numRuns: 40 },
    );
  });

  test("HMAC is right at every size around its scratch buffer", () => {
    const keyBytes = randomBytes(32, 6);
    for (const base of [0, 2048 - 64, 4096 - 64, 8192 - 64]) {
      for (let bytes = Math.max(0, base - 6); bytes < base + 6; bytes++) {
        const message = randomBytes(bytes, bytes);
        const out = new Uint8Array(32);
        backend.importMac(keyBytes).sign(message, 0, bytes, 1, out, 0, 32);
        const expected = createHmac("sha256", keyBytes).update(message).update(hex("00000001")).digest("hex");
        assert.equal(toHex(out), expected, `${bytes} bytes`);
      }
    }
  });

  test("every flipped bit of AAD, ciphertext, tag and nonce is refused and leaves the buffer alone", () => {
    for (const suite of SUITE_NAMES) {
      const key = backend.importAead(suite, randomBytes(SUITES[suite].keyBytes, 1));
      const nonce = randomBytes(12, 2);
      const packet = randomBytes(5 + 11 + AEAD_TAG_BYTES, 3);
      key.seal(nonce, packet, 0, 5, 16);
      const before = toHex(packet);
      for (let bit = 0; bit < packet.length * 8; bit++) {
        packet[bit >> 3] ^= 1 << (bit & 7);
        const flipped = toHex(packet);
        assert.equal(key.open(nonce, packet, 0, 5, 16), false, `${suite} bit ${bit}`);
        assert.equal(toHex(packet), flipped, `${suite} bit ${bit}: the buffer changed`);
        packet[bit >> 3] ^= 1 << (bit & 7);
      }
      for (let bit = 0; bit < 96; bit++) {
        nonce[bit >> 3] ^= 1 << (bit & 7);
        assert.equal(key.open(nonce, packet, 0, 5, 16), false, `${suite} nonce bit ${bit}`);
        nonce[bit >> 3] ^= 1 << (bit & 7);
      }
      assert.equal(toHex(packet), before);
      assert.equal(key.open(nonce, packet, 0, 5, 16), true);
    }
  });

  test("a MAC is refused for every flipped bit of message, ROC and tag", () => {
    const key = backend.importMac(randomBytes(32, 1));
    const packet = randomBytes(20 + 10, 2);
    key.sign(packet, 0, 20, 7, packet, 20, 10);
    for (let bit = 0; bit < packet.length * 8; bit++) {
      packet[bit >> 3] ^= 1 << (bit & 7);
      assert.equal(key.verify(packet, 0, 20, 7, packet, 20, 10), false, `bit ${bit}`);
      packet[bit >> 3] ^= 1 << (bit & 7);
    }
    for (let bit = 0; bit < 32; bit++) {
      assert.equal(key.verify(packet, 0, 20, (7 ^ (1 << bit)) >>> 0, packet, 20, 10), false, `ROC bit ${bit}`);
    }
    assert.equal(key.verify(packet, 0, 20, 7, packet, 20, 10), true);
  });

  test("keys are copied on import, and a freed handle throws instead of using zeros", () => {
    for (const suite of SUITE_NAMES) {
      const raw = randomBytes(SUITES[suite].keyBytes, 9);
      const packet = new Uint8Array(64);
      const other = backend.importAead(suite, raw.slice());
      const key = backend.importAead(suite, raw);
      raw.fill(0);
      key.seal(new Uint8Array(12), packet, 0, 16, 48);
      assert.equal(other.open(new Uint8Array(12), packet, 0, 16, 48), true);
      key.free();
      key.free();
      assert.throws(() => key.seal(new Uint8Array(12), packet, 0, 16, 48), /freed/);
      assert.throws(() => key.open(new Uint8Array(12), packet, 0, 16, 48), /freed/);
    }
    const raw = randomBytes(32, 9);
    const mac = backend.importMac(raw);
    const copy = backend.importMac(raw.slice());
    raw.fill(0);
    const tag = new Uint8Array(32);
    mac.sign(tag, 0, 0, null, tag, 0, 32);
    assert.equal(copy.verify(tag, 0, 0, null, tag, 0, 32), true);
    mac.free();
    mac.free();
    assert.throws(() => mac.sign(tag, 0, 0, null, tag, 0, 32), /freed/);
    assert.throws(() => mac.verify(tag, 0, 0, null, tag, 0, 32), /freed/);
  });

  test("wrong sizes are the programmer's mistake, told without key bytes", () => {
    assert.throws(() => backend.importAead("aes-128-gcm", randomBytes(32, 1)), /need 16 bytes, got 32$/);
    assert.throws(() => backend.importAead("aes-256-gcm", randomBytes(16, 1)), /need 32 bytes, got 16$/);
    assert.throws(() => backend.importAead("chacha20-poly1305", randomBytes(0, 1)), /need 32 bytes, got 0$/);
    assert.throws(() => backend.importMac(randomBytes(31, 1)), /need 32 bytes, got 31$/);
    const key = backend.importAead("aes-128-gcm", randomBytes(16, 1));
    const nonce = new Uint8Array(12);
    const buffer = new Uint8Array(40);
    const bad: readonly [Uint8Array, number, number, number][] = [
      [new Uint8Array(11), 0, 0, 8],
      [nonce, 0, 0, 25],
      [nonce, 0, 9, 8],
      [nonce, 9, 8, 10],
      [nonce, -1, 8, 10],
      [nonce, NaN, 8, 10],
    ];
    for (const [n, aadStart, textStart, textEnd] of bad) {
      assert.throws(() => key.seal(n, buffer, aadStart, textStart, textEnd), RangeError);
      assert.throws(() => key.open(n, buffer, aadStart, textStart, textEnd), RangeError);
    }
    assert.ok(buffer.every((byte) => byte === 0));
  });

  test("handles are independent: two keys in turn give what each gives alone", () => {
    const alone = (seed: number): string => {
      const out = new Uint8Array(10);
      backend.importMac(randomBytes(32, seed)).sign(randomBytes(99, 1), 0, 99, 1, out, 0, 10);
      return toHex(out);
    };
    const [a, b] = [backend.importMac(randomBytes(32, 1)), backend.importMac(randomBytes(32, 2))];
    const message = randomBytes(99, 1);
    const out = new Uint8Array(10);
    for (let round = 0; round < 3; round++) {
      a.sign(message, 0, 99, 1, out, 0, 10);
      assert.equal(toHex(out), alone(1));
      b.sign(message, 0, 99, 1, out, 0, 10);
      assert.equal(toHex(out), alone(2));
    }
  });
}
