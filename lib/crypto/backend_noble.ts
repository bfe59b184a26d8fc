/**
 * The portable backend: the audited `@noble` packages, pure TypeScript, wherever JavaScript runs.
 *
 * They expand the key again for each packet; keeping expanded keys would mean putting GCM together by hand.
 */
import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { p256 } from "@noble/curves/nist.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
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

/** The first public key of a process builds a table of multiples and costs some 20 ms. Its integers cannot be erased. */
export const nobleP256: P256 = {
  publicKey: (privateKey) => p256.getPublicKey(privateKey, false),
  sharedX(privateKey, publicKey) {
    const product = p256.getSharedSecret(privateKey, publicKey, true);
    const x = product.slice(1);
    product.fill(0);
    return x;
  },
};

export const nobleBackend: CryptoBackend = {
  name: "noble",
  p256: nobleP256,
  importAead: (suite, key) => new NobleAeadKey(suite, key),
  importMac: (key) => new NobleMacKey(key),
};

class NobleAeadKey implements AeadKey {
  readonly suite: SuiteName;
  #key: Uint8Array | null;

  constructor(suite: SuiteName, key: Uint8Array) {
    checkAeadKey(suite, key);
    this.suite = suite;
    this.#key = key.slice();
  }

  seal(nonce: Uint8Array, buffer: Uint8Array, aadStart: number, textStart: number, textEnd: number): void {
    const key = this.#key ?? usedAfterFree();
    checkRegions(nonce, buffer, aadStart, textStart, textEnd);
    const aad = buffer.subarray(aadStart, textStart);
    const text = buffer.subarray(textStart, textEnd);
    if (this.suite === "chacha20-poly1305") {
      chacha20poly1305(key, nonce, aad).encrypt(text, buffer.subarray(textStart, textEnd + AEAD_TAG_BYTES));
    } else {
      buffer.set(gcm(key, nonce, aad).encrypt(text), textStart);
    }
  }

  open(nonce: Uint8Array, buffer: Uint8Array, aadStart: number, textStart: number, textEnd: number): boolean {
    const key = this.#key ?? usedAfterFree();
    checkRegions(nonce, buffer, aadStart, textStart, textEnd);
    const aad = buffer.subarray(aadStart, textStart);
    const sealed = buffer.subarray(textStart, textEnd + AEAD_TAG_BYTES);
    try {
      // Both compare the tag before they decrypt, so that writing over the input is safe.
      if (this.suite === "chacha20-poly1305") {
        chacha20poly1305(key, nonce, aad).decrypt(sealed, buffer.subarray(textStart, textEnd));
      } else {
        buffer.set(gcm(key, nonce, aad).decrypt(sealed), textStart);
      }
      return true;
    } catch {
      // Sizes were checked above: what is left to throw about is the tag.
      return false;
    }
  }

  free(): void {
    this.#key?.fill(0);
    this.#key = null;
  }
}

/** What is used of noble's running HMAC. Its own type carries `any`. */
interface RunningMac {
  update(bytes: Uint8Array): unknown;
  digestInto(out: Uint8Array): void;
  destroy(): void;
  _cloneInto(to?: RunningMac): RunningMac;
}

/** Holds the HMAC state after the key block, so that a packet costs two compressions less. */
class NobleMacKey extends WholeMacKey {
  #keyed: RunningMac | null;
  readonly #running: RunningMac;
  readonly #mac = new Uint8Array(MAC_KEY_BYTES);
  readonly #roc = new Uint8Array(4);

  constructor(key: Uint8Array) {
    super();
    checkMacKey(key);
    const keyed: RunningMac = hmac.create(sha256, key);
    this.#keyed = keyed;
    this.#running = keyed._cloneInto();
  }

  free(): void {
    this.#keyed?.destroy();
    this.#running.destroy();
    this.#keyed = null;
  }

  protected override compute(buffer: Uint8Array, start: number, end: number, roc: number | null): Uint8Array {
    const keyed = this.#keyed ?? usedAfterFree();
    const running = keyed._cloneInto(this.#running);
    running.update(buffer.subarray(start, end));
    if (roc !== null) {
      writeU32(this.#roc, 0, roc);
      running.update(this.#roc);
    }
    running.digestInto(this.#mac);
    return this.#mac;
  }
}
