import assert from "node:assert/strict";
import { createECDH } from "node:crypto";
import fc from "fast-check";
import { concatBytes, parseBase64Url, toBase64Url, toHex } from "../base/bytes.ts";
import { type Parsed, unwrap } from "../base/parsed.ts";
import { SeededRng } from "../base/rng.ts";
import type { P256 } from "./backend.ts";
import {
  agree,
  generateKeyPair,
  type KeyPair,
  keyPairFromPrivate,
  parsePublicKey,
  SeenKeys,
  writePublicKey,
} from "./ecdh.ts";
import { BACKENDS, hex, inDirtyPool } from "./testing/backends.ts";
import { CALLEE_PRIVATE, CALLEE_PUBLIC, CALLER_PRIVATE, CALLER_PUBLIC, X } from "./testing/reference_session.ts";

const FIELD_PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const CURVE_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A pair with shared x: RFC 5903 §8.1, and the first of NIST's ECC CDH primitive cases for P-256. */
const VECTORS = [
  {
    name: "RFC 5903 section 8.1",
    privateKey: "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
    peer: "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63" +
      "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
    x: "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
  },
  {
    name: "NIST CAVP, count 0",
    privateKey: "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
    peer: "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287" +
      "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
    x: "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b",
  },
];

function bytes32(value: bigint): Uint8Array {
  return hex(value.toString(16).padStart(64, "0"));
}

function point(x: bigint, y: bigint): Uint8Array {
  return concatBytes(Uint8Array.of(4), bytes32(x), bytes32(y));
}

function xy(publicKey: Uint8Array): { x: bigint; y: bigint } {
  return { x: BigInt("0x" + toHex(publicKey.slice(1, 33))), y: BigInt("0x" + toHex(publicKey.slice(33))) };
}

function assertBadKey(parsed: Parsed<unknown>, message?: RegExp): void {
  assert.ok(!parsed.ok, "expected a refusal");
  assert.equal(parsed.fault.reason, "bad_key");
  if (message) assert.match(parsed.fault.message, message);
}

const caller = unwrap(keyPairFromPrivate(CALLER_PRIVATE));
const callee = unwrap(keyPairFromPrivate(CALLEE_PRIVATE));

for (const { name, privateKey, peer, x } of VECTORS) {
  Deno.test(`ARC-KEY-ecdh-curve: ${name}`, () => {
    assert.equal(toHex(unwrap(agree(unwrap(keyPairFromPrivate(hex(privateKey))), hex(peer)))), x);
  });
}

Deno.test("ARC-KEY-ecdh-curve: both peers get the x that an implementation apart computed", () => {
  assert.deepEqual(unwrap(agree(caller, unwrap(parsePublicKey(CALLEE_PUBLIC)))), Uint8Array.from(X));
  assert.deepEqual(unwrap(agree(callee, unwrap(parsePublicKey(CALLER_PUBLIC)))), Uint8Array.from(X));
});

Deno.test("ARC-KEY-ecdh-curve: an x that begins with a zero byte keeps its 32 bytes", () => {
  const peer = unwrap(keyPairFromPrivate(bytes32(14n))).publicKey;
  assert.equal(toHex(unwrap(agree(caller, peer))), "00a05264d495109bfc7ace6dcf0c22260c547f4e48e6b05dba394a615ea42e38");
});

Deno.test("ARC-KEY-ecdh-curve: agrees with node:crypto for random pairs", () => {
  const rng = new SeededRng(11);
  for (let i = 0; i < 20; i++) {
    const own = generateKeyPair(rng);
    const other = createECDH("prime256v1");
    other.setPrivateKey(generateKeyPair(rng).privateKey);
    const peer = new Uint8Array(other.getPublicKey());
    const x = unwrap(agree(own, peer));
    assert.equal(x.length, 32);
    assert.equal(toHex(x), other.computeSecret(own.publicKey).toString("hex"));
  }
});

Deno.test("ARC-KEY-ecdh-public-key-form: 65 bytes that begin with 0x04, as 87 characters of base64url", () => {
  assert.equal(caller.publicKey.length, 65);
  assert.equal(caller.publicKey[0], 4);
  assert.equal(writePublicKey(caller.publicKey), CALLER_PUBLIC);
  assert.equal(CALLER_PUBLIC.length, 87);
  assert.deepEqual(unwrap(parsePublicKey(CALLER_PUBLIC)), Uint8Array.from(caller.publicKey));
});

Deno.test("ARC-KEY-ecdh-invalid-point: other text is refused", () => {
  for (
    const text of [
      "",
      CALLER_PUBLIC.slice(0, -1),
      CALLER_PUBLIC + "A",
      CALLER_PUBLIC + "=",
      CALLER_PUBLIC.replace("-", "+"),
      " " + CALLER_PUBLIC.slice(1),
      // The last character carries two unused bits: another spelling of the same bytes.
      CALLER_PUBLIC.slice(0, -1) + "V",
      "\u0142".repeat(87),
    ]
  ) assertBadKey(parsePublicKey(text));
});

Deno.test("ARC-KEY-ecdh-invalid-point: every strict prefix is refused, as text and as bytes", () => {
  for (let n = 0; n < CALLER_PUBLIC.length; n++) assertBadKey(parsePublicKey(CALLER_PUBLIC.slice(0, n)));
  for (let n = 0; n < 65; n++) assertBadKey(agree(callee, caller.publicKey.subarray(0, n)), /need 65 bytes/);
});

const { x: goodX, y: goodY } = xy(caller.publicKey);
const BAD_POINTS: readonly (readonly [string, Uint8Array])[] = [
  ["off the curve, y + 1", point(goodX, goodY + 1n)],
  ["off the curve, swapped", point(goodY, goodX)],
  ["on the twist or nowhere, x = 1", point(1n, 1n)],
  ["zero", point(0n, 0n)],
  ["x beyond the field: a valid point, spelled another way", point(FIELD_PRIME + 5n, yOf5())],
  ["y = p", point(goodX, FIELD_PRIME)],
  ["all ones", point(2n ** 256n - 1n, 2n ** 256n - 1n)],
  ["the identity, as SEC1 has it", Uint8Array.of(0)],
  ["the identity, padded", new Uint8Array(65)],
  ["compressed, even", concatBytes(Uint8Array.of(2), bytes32(goodX))],
  ["compressed, odd", concatBytes(Uint8Array.of(3), bytes32(goodX))],
  ["compressed, padded to 65", concatBytes(Uint8Array.of(2), bytes32(goodX), new Uint8Array(32))],
  ["hybrid, even", concatBytes(Uint8Array.of(6), bytes32(goodX), bytes32(goodY))],
  ["hybrid, odd", concatBytes(Uint8Array.of(7), bytes32(goodX), bytes32(goodY))],
  ["one byte too long", concatBytes(caller.publicKey, Uint8Array.of(0))],
  [
    "a point of secp256k1: its generator",
    hex(
      "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" +
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
    ),
  ],
];

/** A y for x = 5 on P-256; 5 + p still fits in 256 bits. */
function yOf5(): bigint {
  const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
  const square = (125n - 15n + b) % FIELD_PRIME;
  let root = 1n;
  for (let e = (FIELD_PRIME + 1n) / 4n, base = square; e > 0n; e >>= 1n, base = base * base % FIELD_PRIME) {
    if (e & 1n) root = root * base % FIELD_PRIME;
  }
  assert.equal(root * root % FIELD_PRIME, square);
  return root < FIELD_PRIME - root ? root : FIELD_PRIME - root;
}

for (const [name, bytes] of BAD_POINTS) {
  Deno.test(`ARC-KEY-ecdh-invalid-point: ${name}`, () => {
    assertBadKey(agree(callee, bytes));
    assertBadKey(parsePublicKey(toBase64Url(bytes)));
  });
}

Deno.test("ARC-KEY-ecdh-invalid-point: the point with x = 5 is valid in its one spelling", () => {
  assert.ok(agree(callee, point(5n, yOf5())).ok);
});

Deno.test("ARC-KEY-ecdh-invalid-point: every bit flip of a key is refused", () => {
  let refused = 0;
  for (let bit = 0; bit < 65 * 8; bit++) {
    const flipped = caller.publicKey.slice();
    flipped[bit >> 3] ^= 0x80 >> (bit & 7);
    const parsed = parsePublicKey(toBase64Url(flipped));
    if (parsed.ok) continue;
    refused++;
    assertBadKey(parsed);
  }
  assert.equal(refused, 65 * 8, "a flip of one coordinate bit leaves the curve");
});

Deno.test("ECDH: any bytes give a secret or bad_key", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.string({ maxLength: 100 }), (bytes, text) => {
      assertBadKey(agree(callee, bytes));
      assertBadKey(parsePublicKey(text));
    }),
    { seed: 3, numRuns: 300 },
  );
});

Deno.test("ARC-KEY-ecdh-invalid-point: what is refused reaches no backend", () => {
  const unasked: P256 = {
    publicKey: () => assert.fail("a backend was asked"),
    sharedX: () => assert.fail("a backend was asked"),
  };
  for (const [, bytes] of BAD_POINTS) assertBadKey(agree(callee, bytes, unasked));
  assertBadKey(agree(callee, callee.publicKey, unasked));
  for (const d of [0n, CURVE_ORDER]) assertBadKey(keyPairFromPrivate(bytes32(d), unasked));
});

Deno.test("ECDH: a key inside a dirty pool is read at its own place", () => {
  const pool = inDirtyPool(caller.publicKey, 13, 17);
  assert.deepEqual(unwrap(agree(callee, pool.subarray(13, 13 + 65))), Uint8Array.from(X));
});

Deno.test("ARC-KEY-ecdh-own-key: one's own key is refused, and so is its negation", () => {
  assertBadKey(agree(caller, caller.publicKey.slice()), /our own public key/);
  assertBadKey(agree(caller, point(goodX, FIELD_PRIME - goodY)), /our own public key/);
});

Deno.test("ECDH: pairs follow the random source and are valid", () => {
  const first = new SeededRng(5);
  const again = new SeededRng(5);
  const a = generateKeyPair(first);
  const b = generateKeyPair(first);
  assert.notDeepEqual(a.privateKey, b.privateKey);
  assert.deepEqual(a, generateKeyPair(again));
  assert.deepEqual(unwrap(keyPairFromPrivate(a.privateKey)).publicKey, a.publicKey);
  for (const { name, p256 } of BACKENDS) assert.deepEqual(generateKeyPair(new SeededRng(5), p256), a, name);
});

Deno.test("ECDH: private keys of another length or out of range are refused, and the message keeps them secret", () => {
  const refused: Uint8Array[] = [
    new Uint8Array(31).fill(1),
    new Uint8Array(33).fill(1),
    bytes32(0n),
    bytes32(CURVE_ORDER),
    bytes32(2n ** 256n - 1n),
  ];
  for (const bytes of refused) {
    const pair: Parsed<KeyPair> = keyPairFromPrivate(bytes);
    assertBadKey(pair);
    assert.ok(!pair.ok && !pair.fault.message.includes(toHex(bytes)));
  }
  assert.ok(keyPairFromPrivate(bytes32(CURVE_ORDER - 1n)).ok);
  assert.ok(keyPairFromPrivate(bytes32(1n)).ok);
});

Deno.test("ARC-KEY-ecdh-reused-key: a key that entered an epoch is refused, by either peer, also negated", () => {
  const seen = new SeenKeys();
  assert.ok(seen.check(caller.publicKey).ok);
  assert.ok(seen.check(caller.publicKey).ok, "asking marks nothing");
  seen.add(caller.publicKey);
  assertBadKey(seen.check(caller.publicKey), /used before/);
  assertBadKey(seen.check(point(goodX, FIELD_PRIME - goodY)), /used before/);
  assert.ok(seen.check(callee.publicKey).ok);
});

Deno.test("ARC-KEY-ecdh-reused-key: a full memory refuses new keys rather than forget old ones", () => {
  const seen = new SeenKeys(2);
  const rng = new SeededRng(9);
  const [a, b, c] = [generateKeyPair(rng), generateKeyPair(rng), generateKeyPair(rng)];
  for (const { publicKey } of [a, b, c]) seen.add(publicKey);
  assert.equal(seen.size, 2);
  assertBadKey(seen.check(a.publicKey), /used before/);
  assertBadKey(seen.check(c.publicKey), /used up/);
});

Deno.test("ARC-KEY-ecdh-public-key-form: parse and write are inverse", () => {
  const text = writePublicKey(callee.publicKey);
  assert.deepEqual(unwrap(parseBase64Url(text)), unwrap(parsePublicKey(text)));
  assert.equal(writePublicKey(unwrap(parsePublicKey(text))), text);
});
