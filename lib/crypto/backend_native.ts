/**
 * The fastest backend: the system's libcrypto (OpenSSL 3), called in place. Which functions those are comes in as an
 * argument: how a library is opened is not for this folder to know.
 *
 * A key handle owns one context of the library, with the key expanded in it. A call hands over addresses, so every one
 * is checked to lie inside its buffer before, and the buffer is held here during the call.
 */
import { writeU32 } from "../base/bytes.ts";
import {
  type AeadKey,
  checkAeadKey,
  checkMacKey,
  checkRegions,
  type CryptoBackend,
  equalTagAt,
  type MacKey,
  usedAfterFree,
} from "./backend.ts";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, MAC_KEY_BYTES, SUITE_NAMES, type SuiteName } from "./suites.ts";

/** Something of the library's, opaque here. */
export type Handle = object | null;

/** The part of libcrypto that is used, under its own names. Addresses are numbers, as {@link addressOf} gives them. */
export interface LibCrypto {
  /** `3.0.17`: for people. */
  readonly version: string;
  /** Where a buffer lies, for as long as it lives. */
  addressOf(buffer: Uint8Array): number;
  EVP_CIPHER_fetch(library: null, name: Uint8Array, properties: null): Handle;
  EVP_CIPHER_CTX_new(): Handle;
  EVP_CIPHER_CTX_free(context: Handle): void;
  EVP_CIPHER_CTX_ctrl(context: Handle, type: number, bytes: number, at: number): number;
  EVP_CipherInit_ex(
    context: Handle,
    cipher: Handle,
    engine: null,
    key: Uint8Array | null,
    nonce: Uint8Array | null,
    encrypt: number,
  ): number;
  EVP_CipherUpdate(context: Handle, out: number, outBytes: Uint8Array, from: number, bytes: number): number;
  EVP_CipherFinal_ex(context: Handle, out: Uint8Array, outBytes: Uint8Array): number;
  EVP_MD_fetch(library: null, name: Uint8Array, properties: null): Handle;
  HMAC_CTX_new(): Handle;
  HMAC_CTX_free(context: Handle): void;
  HMAC_Init_ex(context: Handle, key: Uint8Array | null, bytes: number, hash: Handle, engine: null): number;
  HMAC_Update(context: Handle, from: number, bytes: number): number;
  HMAC_Final(context: Handle, out: Uint8Array, outBytes: Uint8Array): number;
}

const CTRL_SET_NONCE_BYTES = 0x9;
const CTRL_GET_TAG = 0x10;
const CTRL_SET_TAG = 0x11;
const ENCRYPT = 1;
const DECRYPT = 0;

const CIPHER_NAMES: Readonly<Record<SuiteName, string>> = {
  "aes-128-gcm": "AES-128-GCM",
  "aes-256-gcm": "AES-256-GCM",
  "chacha20-poly1305": "ChaCha20-Poly1305",
};

/** @throws Error when the library lacks a cipher or the hash. */
export function createNativeBackend(lib: LibCrypto): CryptoBackend {
  const shared = new Shared(lib);
  return {
    name: "native",
    importAead: (suite, key) => new NativeAeadKey(shared, suite, key),
    importMac: (key) => new NativeMacKey(shared, key),
  };
}

/** What all keys use: fetched once, and scratch that the library writes to. */
class Shared {
  readonly lib: LibCrypto;
  readonly ciphers = new Map<SuiteName, Handle>();
  readonly hash: Handle;
  /** For lengths and final blocks, which nobody looks at. */
  readonly written = new Uint8Array(4);
  readonly block = new Uint8Array(32);
  readonly mac = new Uint8Array(MAC_KEY_BYTES);
  readonly roc = new Uint8Array(4);
  readonly rocAt: number;
  /** Contexts of keys that were dropped without being freed. */
  readonly dropped: FinalizationRegistry<() => void>;
  #buffer: Uint8Array | undefined;
  #base = 0;

  constructor(lib: LibCrypto) {
    this.lib = lib;
    for (const suite of SUITE_NAMES) {
      const cipher = lib.EVP_CIPHER_fetch(null, cString(CIPHER_NAMES[suite]), null);
      if (cipher === null) throw new Error(`libcrypto has no ${CIPHER_NAMES[suite]}`);
      this.ciphers.set(suite, cipher);
    }
    this.hash = lib.EVP_MD_fetch(null, cString("SHA256"), null);
    if (this.hash === null) throw new Error("libcrypto has no SHA256");
    this.rocAt = lib.addressOf(this.roc);
    this.dropped = new FinalizationRegistry((free) => free());
  }

  /** Where `buffer` lies. Packets of a batch share theirs, so the last answer is kept, and with it the buffer. */
  base(buffer: Uint8Array): number {
    if (this.#buffer !== buffer) {
      this.#base = this.lib.addressOf(buffer);
      this.#buffer = buffer;
    }
    return this.#base;
  }
}

class NativeAeadKey implements AeadKey {
  readonly suite: SuiteName;
  readonly #shared: Shared;
  #context: Handle;

  constructor(shared: Shared, suite: SuiteName, key: Uint8Array) {
    checkAeadKey(suite, key);
    const { lib } = shared;
    this.suite = suite;
    this.#shared = shared;
    const context = lib.EVP_CIPHER_CTX_new();
    const isReady = context !== null &&
      lib.EVP_CipherInit_ex(context, shared.ciphers.get(suite) ?? null, null, null, null, ENCRYPT) === 1 &&
      lib.EVP_CIPHER_CTX_ctrl(context, CTRL_SET_NONCE_BYTES, AEAD_NONCE_BYTES, 0) === 1 &&
      lib.EVP_CipherInit_ex(context, null, null, key, null, ENCRYPT) === 1;
    if (!isReady) {
      lib.EVP_CIPHER_CTX_free(context);
      throw new Error(`libcrypto cannot set up ${suite}`);
    }
    this.#context = context;
    shared.dropped.register(this, () => lib.EVP_CIPHER_CTX_free(context), this);
  }

  seal(nonce: Uint8Array, buffer: Uint8Array, aadStart: number, textStart: number, textEnd: number): void {
    const context = this.#context ?? usedAfterFree();
    checkRegions(nonce, buffer, aadStart, textStart, textEnd);
    const { lib, block, written } = this.#shared;
    const base = this.#shared.base(buffer);
    const isSealed = this.#run(context, nonce, base, aadStart, textStart, textEnd, ENCRYPT) &&
      lib.EVP_CipherFinal_ex(context, block, written) === 1 &&
      lib.EVP_CIPHER_CTX_ctrl(context, CTRL_GET_TAG, AEAD_TAG_BYTES, base + textEnd) === 1;
    if (!isSealed) throw new Error(`libcrypto failed to seal with ${this.suite}`);
  }

  open(nonce: Uint8Array, buffer: Uint8Array, aadStart: number, textStart: number, textEnd: number): boolean {
    const context = this.#context ?? usedAfterFree();
    checkRegions(nonce, buffer, aadStart, textStart, textEnd);
    const { lib, block, written } = this.#shared;
    const base = this.#shared.base(buffer);
    const isRun = this.#run(context, nonce, base, aadStart, textStart, textEnd, DECRYPT) &&
      lib.EVP_CIPHER_CTX_ctrl(context, CTRL_SET_TAG, AEAD_TAG_BYTES, base + textEnd) === 1;
    if (isRun && lib.EVP_CipherFinal_ex(context, block, written) === 1) return true;
    // All suites add a key stream: encrypting gives back, byte for byte, what was there.
    if (!isRun || !this.#run(context, nonce, base, textStart, textStart, textEnd, ENCRYPT)) {
      throw new Error(`libcrypto failed to open with ${this.suite}`);
    }
    return false;
  }

  free(): void {
    if (this.#context === null) return;
    this.#shared.dropped.unregister(this);
    // The library erases what it frees.
    this.#shared.lib.EVP_CIPHER_CTX_free(this.#context);
    this.#context = null;
  }

  #run(
    context: Handle,
    nonce: Uint8Array,
    base: number,
    aadStart: number,
    textStart: number,
    textEnd: number,
    direction: number,
  ): boolean {
    const { lib, written } = this.#shared;
    const text = base + textStart;
    return lib.EVP_CipherInit_ex(context, null, null, null, nonce, direction) === 1 &&
      (aadStart === textStart ||
        lib.EVP_CipherUpdate(context, 0, written, base + aadStart, textStart - aadStart) === 1) &&
      (textStart === textEnd || lib.EVP_CipherUpdate(context, text, written, text, textEnd - textStart) === 1);
  }
}

class NativeMacKey implements MacKey {
  readonly #shared: Shared;
  #context: Handle;

  constructor(shared: Shared, key: Uint8Array) {
    checkMacKey(key);
    const { lib, hash } = shared;
    this.#shared = shared;
    const context = lib.HMAC_CTX_new();
    if (context === null || lib.HMAC_Init_ex(context, key, key.length, hash, null) !== 1) {
      lib.HMAC_CTX_free(context);
      throw new Error("libcrypto cannot set up HMAC-SHA256");
    }
    this.#context = context;
    shared.dropped.register(this, () => lib.HMAC_CTX_free(context), this);
  }

  sign(
    buffer: Uint8Array,
    start: number,
    end: number,
    roc: number | null,
    out: Uint8Array,
    outAt: number,
    tagBytes: number,
  ): void {
    const mac = this.#compute(buffer, start, end, roc);
    for (let i = 0; i < tagBytes; i++) out[outAt + i] = mac[i];
  }

  verify(
    buffer: Uint8Array,
    start: number,
    end: number,
    roc: number | null,
    tag: Uint8Array,
    tagAt: number,
    tagBytes: number,
  ): boolean {
    return equalTagAt(this.#compute(buffer, start, end, roc), 0, tag, tagAt, tagBytes);
  }

  free(): void {
    if (this.#context === null) return;
    this.#shared.dropped.unregister(this);
    this.#shared.lib.HMAC_CTX_free(this.#context);
    this.#context = null;
  }

  #compute(buffer: Uint8Array, start: number, end: number, roc: number | null): Uint8Array {
    const context = this.#context ?? usedAfterFree();
    if (!(start >= 0 && start <= end && end <= buffer.length)) {
      throw new RangeError(`Cannot authenticate ${start}..${end} of a buffer of ${buffer.length} bytes`);
    }
    const { lib, mac, written, roc: rocBytes, rocAt } = this.#shared;
    if (roc !== null) writeU32(rocBytes, 0, roc);
    const isDone = lib.HMAC_Init_ex(context, null, 0, null, null) === 1 &&
      (start === end || lib.HMAC_Update(context, this.#shared.base(buffer) + start, end - start) === 1) &&
      (roc === null || lib.HMAC_Update(context, rocAt, rocBytes.length) === 1) &&
      lib.HMAC_Final(context, mac, written) === 1;
    if (!isDone) throw new Error("libcrypto failed in HMAC-SHA256");
    return mac;
  }
}

function cString(text: string): Uint8Array {
  return Uint8Array.from(`${text}\0`, (char) => char.charCodeAt(0));
}
