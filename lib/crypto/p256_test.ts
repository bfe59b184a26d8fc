/** P-256 of every backend: published answers, the same bytes as noble, and nothing kept or left behind. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex } from "../base/bytes.ts";
import { nobleP256 } from "./backend_noble.ts";
import type { LibCrypto, Pointer } from "./native_library.ts";
import { NativeP256 } from "./native_p256.ts";
import { BACKENDS, hex, inDirtyPool, LIBCRYPTO } from "./testing/backends.ts";

const GENERATOR = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
  "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const FIELD_PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const CURVE_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Both halves of one side, the other's public key, and what they share. */
const VECTORS = [
  {
    source: "RFC 5903 section 8.1, the initiator",
    privateKey: "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
    publicKey: "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180" +
      "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
    peer: "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63" +
      "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
    x: "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
  },
  {
    source: "RFC 5903 section 8.1, the responder",
    privateKey: "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
    publicKey: "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63" +
      "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
    peer: "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180" +
      "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
    x: "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
  },
  {
    source: "NIST CAVP, ECC CDH primitive, P-256, count 0",
    privateKey: "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
    publicKey: "04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230" +
      "28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141",
    peer: "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287" +
      "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
    x: "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b",
  },
];

/** Any private key, and often one of the ends of the range or one that begins with zeros. */
const privateKeyArb = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt(1n, CURVE_ORDER - 1n) },
  fc.bigInt(1n, 2n ** 64n),
  fc.bigInt(1n, 2n ** 248n - 1n),
  fc.bigInt(CURVE_ORDER - 2n ** 16n, CURVE_ORDER - 1n),
).map(bytes32);

function bytes32(value: bigint): Uint8Array<ArrayBuffer> {
  return hex(value.toString(16).padStart(64, "0"));
}

for (const { name, p256 } of BACKENDS) {
  const test = (what: string, run: () => void) => Deno.test(`P-256 ${name}: ${what}`, run);

  for (const { source, privateKey, publicKey, peer, x } of VECTORS) {
    test(`${source} (ARC-KEY-ecdh-curve)`, () => {
      assert.equal(toHex(p256.publicKey(hex(privateKey))), publicKey);
      assert.equal(toHex(p256.sharedX(hex(privateKey), hex(peer))), x);
    });
  }

  test("zeros at the front of a private key, of a public key and of the shared x stay (ARC-KEY-ecdh-curve)", () => {
    const [caller, fourteen] = [hex("61de55ba3388aec4fdf6ecfc6eef846fb0f1b13e28cc8381270c27ffa313aee5"), bytes32(14n)];
    const x = "00a05264d495109bfc7ace6dcf0c22260c547f4e48e6b05dba394a615ea42e38";
    assert.equal(toHex(p256.sharedX(caller, p256.publicKey(fourteen))), x);
    assert.equal(toHex(p256.sharedX(fourteen, p256.publicKey(caller))), x);
    const zeroX = p256.publicKey(hex("6fe8ff38b64d665a85170dff18ec0b6cf0100341947d374eaaed779540cfdffa"));
    assert.equal(toHex(zeroX.subarray(0, 2)), "0400");
    const zeroY = p256.publicKey(hex("9f5f263cd34739f2b0381586d0b0a2004c52948aa3675a4e0e815cd6423ed410"));
    assert.equal(toHex(zeroY.subarray(33, 34)), "00");
    assert.deepEqual(p256.sharedX(bytes32(1n), zeroX), zeroX.slice(1, 33));
  });

  test("the lowest private key is the generator's, the highest its negation's", () => {
    assert.equal(toHex(p256.publicKey(bytes32(1n))), GENERATOR);
    const y = BigInt("0x" + GENERATOR.slice(66));
    assert.equal(
      toHex(p256.publicKey(bytes32(CURVE_ORDER - 1n))),
      GENERATOR.slice(0, 66) + toHex(bytes32(FIELD_PRIME - y)),
    );
    assert.equal(toHex(p256.sharedX(bytes32(CURVE_ORDER - 1n), hex(GENERATOR))), GENERATOR.slice(2, 66));
  });

  if (p256 !== nobleP256) {
    test("the bytes of noble, whatever the keys", () => {
      fc.assert(
        fc.property(privateKeyArb, privateKeyArb, (ours, theirs) => {
          const peer = nobleP256.publicKey(theirs);
          assert.equal(toHex(p256.publicKey(theirs)), toHex(peer));
          assert.equal(toHex(p256.sharedX(ours, peer)), toHex(nobleP256.sharedX(ours, peer)));
        }),
        { seed: 13, numRuns: 300 },
      );
    });
  }

  test("keys are borrowed where they lie, and what comes back is the caller's alone", () => {
    const [vector, other] = VECTORS;
    const [keyPool, peerPool] = [inDirtyPool(hex(vector.privateKey), 5, 9), inDirtyPool(hex(vector.peer), 13, 3)];
    const [ours, peer] = [keyPool.subarray(5, 5 + 32), peerPool.subarray(13, 13 + 65)];
    const results = [p256.publicKey(ours), p256.sharedX(ours, peer)];
    assert.deepEqual(keyPool, inDirtyPool(hex(vector.privateKey), 5, 9));
    assert.deepEqual(peerPool, inDirtyPool(hex(vector.peer), 13, 3));
    p256.publicKey(hex(other.privateKey)).fill(0);
    p256.sharedX(hex(other.privateKey), hex(other.peer)).fill(0);
    ours.fill(0);
    peer.fill(0);
    assert.deepEqual(results.map(toHex), [vector.publicKey, vector.x]);
    for (const { constructor } of results) assert.equal(constructor, Uint8Array);
  });
}

/** What the library gives out that must come back to it. */
const MAKERS = ["BN_CTX_secure_new", "BN_secure_new", "EC_POINT_new"] as const;
const FREERS = ["BN_CTX_free", "BN_clear_free", "EC_POINT_clear_free"] as const;

/** libcrypto with an account of what is out, and of the memory that it was handed. */
function watched(lib: LibCrypto) {
  const out = new Set<bigint>();
  const memory: Uint8Array[] = [];
  const number = (pointer: Pointer) => Deno.UnsafePointer.value(pointer as Deno.PointerValue);
  const watching: LibCrypto = {
    ...lib,
    pointerTo: (buffer, at) => (memory.push(buffer), lib.pointerTo(buffer, at)),
  };
  for (const maker of MAKERS) {
    watching[maker] = (...given: [Pointer?]) => {
      const made = (lib[maker] as (...given: [Pointer?]) => Pointer)(...given);
      out.add(BigInt(number(made)));
      return made;
    };
  }
  for (const freer of FREERS) {
    watching[freer] = (freed) => (out.delete(BigInt(number(freed))), lib[freer](freed));
  }
  return { watching, out, memory };
}

if (typeof LIBCRYPTO !== "string") {
  const lib = LIBCRYPTO;
  const [{ privateKey, peer, publicKey }] = VECTORS;

  Deno.test("P-256 native: secrets are erased from scratch, and all goes back to the library", () => {
    const { watching, out, memory } = watched(lib);
    const p256 = new NativeP256(watching);
    p256.publicKey(hex(privateKey));
    const isPublic = (bytes: Uint8Array) => toHex(bytes) === publicKey;
    assert.ok(memory.every((bytes) => isPublic(bytes) || bytes.every((byte) => byte === 0)));
    p256.sharedX(hex(privateKey), hex(peer));
    assert.equal(memory.length, 2);
    assert.ok(memory.every((bytes) => bytes.every((byte) => byte === 0)));
    assert.equal(out.size, 0);
  });

  const failures: readonly Partial<LibCrypto>[] = [
    ...MAKERS.map((maker) => ({ [maker]: () => null })),
    { BN_bin2bn: () => null },
    { EC_POINT_oct2point: () => 0 },
    { EC_POINT_mul: () => 0 },
    { EC_POINT_point2oct: () => 0n },
  ];
  for (const failure of failures) {
    Deno.test(`P-256 native: ${Object.keys(failure)[0]} fails: no answer, nothing kept`, () => {
      const { watching, out, memory } = watched(lib);
      const p256 = new NativeP256({ ...watching, ...failure });
      assert.throws(() => p256.sharedX(hex(privateKey), hex(peer)), /libcrypto failed in P-256/);
      assert.equal(out.size, 0);
      assert.ok(memory.every((bytes) => !toHex(bytes).includes(privateKey)));
    });
  }
}
