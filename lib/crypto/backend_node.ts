/**
 * The faster backend where there is a `node:crypto` (Node, Deno, Bun). The module comes in as an argument, so that the
 * library still loads where there is none.
 */
import { writeU32 } from "../base/bytes.ts";
import {
  type AeadKey,
  checkAeadKey,
  checkMacKey,
  checkRegions,
  type CryptoBackend,
  type P256,
  usedAfterFree,
} from "./backend.ts";
import { AEAD_TAG_BYTES, MAC_KEY_BYTES, type SuiteName } from "./suites.ts";
import { WholeMacKey } from "./whole_mac_key.ts";

/** The part of `node:crypto` that is used. */
export type NodeCrypto = Pick<
  typeof import("node:crypto"),
  "createCipheriv" | "createDecipheriv" | "createECDH" | "hash"
>;

export function createNodeBackend(crypto: NodeCrypto): CryptoBackend {
  return {
    name: "node",
    p256: new NodeP256(crypto),
    importAead: (suite, key) => new NodeAeadKey(crypto, suite, key),
    importMac: (key) => new NodeMacKey(crypto, key),
  };
}

/** Deno refers to the caller's private key, Node copies it and erases the copy with the object: both keep 32 bytes. */
class NodeP256 implements P256 {
  readonly #crypto: NodeCrypto;

  constructor(crypto: NodeCrypto) {
    this.#crypto = crypto;
  }

  publicKey(privateKey: Uint8Array): Uint8Array {
    return Uint8Array.from(this.#holding(privateKey).getPublicKey());
  }

  sharedX(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
    const secret = this.#holding(privateKey).computeSecret(publicKey);
    const x = Uint8Array.from(secret);
    // A Buffer, which may be a piece of a pool that lives on.
    secret.fill(0);
    return x;
  }

  #holding(privateKey: Uint8Array) {
    const ecdh = this.#crypto.createECDH("prime256v1");
    ecdh.setPrivateKey(privateKey);
    return ecdh;
  }
}

/** One object for all calls; `chacha20-poly1305` needs it, GCM defaults to it. */
const TAG_OPTIONS = { authTagLength: AEAD_TAG_BYTES } as const;

class NodeAeadKey implements AeadKey {
  readonly suite: SuiteName;
  readonly #crypto: NodeCrypto;
  #key: Uint8Array | null;

  constructor(crypto: NodeCrypto, suite: SuiteName, key: Uint8Array) {
    checkAeadKey(suite, key);
    this.suite = suite;
    this.#crypto = crypto;
    this.#key = key.slice();
  }

  seal(nonce: Uint8Array, buffer: Uint8Array, aadStart: number, textStart: number, textEnd: number): void {
    const key = this.#key ?? usedAfterFree();
    checkRegions(nonce, buffer, aadStart, textStart, textEnd);
    const cipher = this.#crypto.createCipheriv(algorithm(this.suite), key, nonce, TAG_OPTIONS);
    cipher.setAAD(buffer.subarray(aadStart, textStart));
    const sealed = cipher.update(buffer.subarray(textStart, textEnd));
    cipher.final();
    buffer.set(sealed, textStart);
    buffer.set(cipher.getAuthTag(), textEnd);
  }

  open(nonce: Uint8Array, buffer: Uint8Array, aadStart: number, textStart: number, textEnd: number): boolean {
    const key = this.#key ?? usedAfterFree();
    checkRegions(nonce, buffer, aadStart, textStart, textEnd);
    const decipher = this.#crypto.createDecipheriv(algorithm(this.suite), key, nonce, TAG_OPTIONS);
    decipher.setAuthTag(buffer.subarray(textEnd, textEnd + AEAD_TAG_BYTES));
    decipher.setAAD(buffer.subarray(aadStart, textStart));
    const opened = decipher.update(buffer.subarray(textStart, textEnd));
    try {
      decipher.final();
    } catch {
      // The only thing that `final` throws about is the tag; `opened` is dropped unseen.
      opened.fill(0);
      return false;
    }
    buffer.set(opened, textStart);
    return true;
  }

  free(): void {
    this.#key?.fill(0);
    this.#key = null;
  }
}

/** `node:crypto` takes all three by the same calls; its types have an overload for each, and GCM's is the plainest. */
function algorithm(suite: SuiteName): "aes-128-gcm" {
  return suite as "aes-128-gcm";
}

const BLOCK_BYTES = 64;

/** Enough for a datagram and its ROC; grows for the long units of a stream transport. */
const FIRST_SCRATCH_BYTES = 2048;

/**
 * RFC 2104 over the one-shot hash, whose two calls cost two thirds of one `createHmac` (a stream object is set up for
 * each of those). The key blocks stay in place at the front of the scratch buffers:
 *
 * ```
 *   inner  | key XOR ipad (64) | message ... | roc |      outer  | key XOR opad (64) | hash of inner (32) |
 * ```
 */
class NodeMacKey extends WholeMacKey {
  readonly #crypto: NodeCrypto;
  #inner = new Uint8Array(FIRST_SCRATCH_BYTES);
  readonly #outer = new Uint8Array(BLOCK_BYTES + MAC_KEY_BYTES);
  #freed = false;

  constructor(crypto: NodeCrypto, key: Uint8Array) {
    super();
    checkMacKey(key);
    this.#crypto = crypto;
    for (let i = 0; i < BLOCK_BYTES; i++) {
      const byte = i < key.length ? key[i] : 0;
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    }
  }

  free(): void {
    this.#inner.fill(0);
    this.#outer.fill(0);
    this.#freed = true;
  }

  protected override compute(buffer: Uint8Array, start: number, end: number, roc: number | null): Uint8Array {
    if (this.#freed) usedAfterFree();
    const messageEnd = BLOCK_BYTES + (end - start);
    if (messageEnd + 4 > this.#inner.length) this.#grow(messageEnd + 4);
    this.#inner.set(buffer.subarray(start, end), BLOCK_BYTES);
    if (roc !== null) writeU32(this.#inner, messageEnd, roc);
    const whole = this.#inner.subarray(0, roc === null ? messageEnd : messageEnd + 4);
    this.#outer.set(this.#crypto.hash("sha256", whole, "buffer"), BLOCK_BYTES);
    return this.#crypto.hash("sha256", this.#outer, "buffer");
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(bytes);
    grown.set(this.#inner.subarray(0, BLOCK_BYTES));
    this.#inner.fill(0);
    this.#inner = grown;
  }
}
