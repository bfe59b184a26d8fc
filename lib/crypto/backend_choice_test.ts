import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { chooseBackend, defaultBackend } from "./backend_choice.ts";
import type { NodeCrypto } from "./backend_node.ts";
import { LIBCRYPTO, requireNodeCrypto } from "./testing/backends.ts";

const crypto = requireNodeCrypto();

Deno.test("crypto choice: auto takes node where node:crypto serves, and says why", () => {
  const { backend, why } = chooseBackend("auto");
  assert.equal(backend.name, "node");
  assert.match(why, /node:crypto is present/);
});

Deno.test("crypto choice: without a wish it is what auto takes, the same for all", () => {
  assert.equal(defaultBackend().name, chooseBackend("auto").backend.name);
  assert.equal(defaultBackend(), defaultBackend());
});

Deno.test("crypto choice: the caller overrides", () => {
  assert.equal(chooseBackend("noble").backend.name, "noble");
  assert.equal(chooseBackend("node").backend.name, "node");
});

Deno.test("crypto choice: native comes first where libcrypto was opened, and is an error by name where it was not", () => {
  const libraries = { node: crypto, native: LIBCRYPTO };
  if (typeof LIBCRYPTO === "string") assert.equal(chooseBackend("auto", libraries).backend.name, "node");
  else {
    const { backend, why } = chooseBackend("auto", libraries);
    assert.equal(backend.name, "native");
    assert.match(why, /^libcrypto 3\.\d+\.\d+ is present and gives the same bytes/);
    assert.equal(chooseBackend("native", libraries).why, "native was asked for");
    // One that is there and wrong is not taken.
    const wrong = { ...LIBCRYPTO, HMAC_Update: () => 1 };
    const choice = chooseBackend("auto", { node: crypto, native: wrong });
    assert.equal(choice.backend.name, "node");
    assert.throws(() => chooseBackend("native", { node: crypto, native: wrong }), /wrong in SHA-256/);
    const lacking = { ...LIBCRYPTO, EVP_CIPHER_fetch: () => null };
    assert.throws(() => chooseBackend("native", { node: crypto, native: lacking }), /has no AES-128-GCM/);
    const curveless = { ...LIBCRYPTO, EC_GROUP_new_by_curve_name: () => null };
    assert.throws(() => chooseBackend("native", { node: crypto, native: curveless }), /has no P-256/);
    // Its keys are as long.
    const secp256k1 = LIBCRYPTO.EC_GROUP_new_by_curve_name(714);
    const otherCurve = { ...LIBCRYPTO, EC_GROUP_new_by_curve_name: () => secp256k1 };
    assert.throws(() => chooseBackend("native", { node: crypto, native: otherCurve }), /wrong in P-256/);
  }
  assert.throws(
    () => chooseBackend("native", { node: crypto, native: "not found" }),
    /native crypto backend: not found/,
  );
});

/** `node:crypto` as it might be elsewhere, and the reason that auto gives for not using it. */
const BROKEN: readonly [string, NodeCrypto | null, RegExp][] = [
  ["absent", null, /not present/],
  [
    "without ChaCha20",
    {
      ...crypto,
      createCipheriv: ((name: string, ...rest: [Uint8Array, Uint8Array]) => {
        if (name === "chacha20-poly1305") throw new Error("Unknown cipher");
        return crypto.createCipheriv(name, ...rest);
      }) as NodeCrypto["createCipheriv"],
    },
    /cannot serve \(Unknown cipher\)/,
  ],
  [
    "with another hash",
    {
      ...crypto,
      hash: ((_: string, data: Uint8Array) => crypto.hash("sha256", data, "buffer").reverse()) as unknown as NodeCrypto[
        "hash"
      ],
    },
    /wrong in SHA-256/,
  ],
  [
    "that mixes up ciphers",
    {
      ...crypto,
      createCipheriv:
        ((_: string, key: Uint8Array, nonce: Uint8Array, options: object) =>
          crypto.createCipheriv(key.length === 16 ? "aes-128-gcm" : "aes-256-gcm", key, nonce, options)) as NodeCrypto[
            "createCipheriv"
          ],
    },
    /wrong in chacha20-poly1305/,
  ],
  [
    "with another curve",
    { ...crypto, createECDH: () => crypto.createECDH("secp256k1") },
    /wrong in P-256/,
  ],
  [
    "that agrees on the peer's own x",
    {
      ...crypto,
      createECDH: (name) => {
        const ecdh = crypto.createECDH(name);
        ecdh.computeSecret = ((peer: Uint8Array) => Buffer.from(peer.slice(1, 33))) as typeof ecdh.computeSecret;
        return ecdh;
      },
    },
    /wrong in P-256/,
  ],
  [
    "that does not check tags",
    {
      ...crypto,
      createDecipheriv: ((...args: Parameters<NodeCrypto["createDecipheriv"]>) => {
        const decipher = crypto.createDecipheriv(...args);
        decipher.final = (() => new Uint8Array(0)) as typeof decipher.final;
        return decipher;
      }) as NodeCrypto["createDecipheriv"],
    },
    /does not check tags in aes-128-gcm/,
  ],
];

for (const [what, broken, reason] of BROKEN) {
  Deno.test(`crypto choice: a node:crypto ${what} makes auto fall back and node an error`, () => {
    const libraries = { node: broken, native: "no libcrypto" };
    const { backend, why } = chooseBackend("auto", libraries);
    assert.equal(backend.name, "noble");
    assert.match(why, reason);
    assert.throws(() => chooseBackend("node", libraries), reason);
    assert.equal(chooseBackend("noble", libraries).backend.name, "noble");
  });
}
