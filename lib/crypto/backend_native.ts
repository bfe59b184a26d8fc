/**
 * The fastest backend: the system's libcrypto (OpenSSL 3), called in place; `native_p256.ts` has its curve.
 *
 * A key handle owns one context of the library, with the key expanded in it. A call hands over addresses, so every region
 * is checked to lie inside its buffer before, and the buffer is held here during the call.
 */
import { writeU32 } from "../base/bytes.ts";
import { type AeadKey, checkAeadKey, checkMacKey, checkRegions, type CryptoBackend, usedAfterFree } from "./backend.ts";
import { cString, type LibCrypto, type Pointer, Scratch } from "./native_library.ts";
import { NativeP256 } from "./native_p256.ts";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, MAC_KEY_BYTES, SUITE_NAMES, type SuiteName } from "./suites.ts";
import { WholeMacKey } from "./whole_mac_key.ts";

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

/** @throws Error when the library lacks a cipher, the hash or the curve. */
export function createNativeBackend(lib: LibCrypto): CryptoBackend {
  const shared = new Shared(lib);
  return {
    name: "native",
    p256: new NativeP256(lib),
    importAead: (suite, key) => new NativeAeadKey(shared, suite, key),
    importMac: (key) => new NativeMacKey(shared, key),
  };
}

/** What all keys use: fetched once, and scratch. */
class Shared {
  readonly lib: LibCrypto;
  readonly ciphers = new Map<SuiteName, Pointer>();
  readonly hash: Pointer;
  readonly nonce: Scratch;
  readonly tag: Scratch;
  readonly mac: Scratch;
  readonly roc: Scratch;
  /** For lengths and final blocks, which nobody looks at. */
  readonly unread: Scratch;
  /** Frees contexts of keys that were dropped without being freed. */
  readonly dropped = new FinalizationRegistry<() => void>((free) => free());
  /** Pointers into buffers, made once for each place: packets come at the same ones again and again. */
  readonly #places = new WeakMap<Uint8Array, Map<number, Pointer>>();
  readonly #sizes: bigint[] = [];
  #buffer: Uint8Array | undefined;
  #ofBuffer = new Map<number, Pointer>();

  constructor(lib: LibCrypto) {
    this.lib = lib;
    this.nonce = new Scratch(lib, new Uint8Array(AEAD_NONCE_BYTES));
    this.tag = new Scratch(lib, new Uint8Array(AEAD_TAG_BYTES));
    this.mac = new Scratch(lib, new Uint8Array(MAC_KEY_BYTES));
    this.roc = new Scratch(lib, new Uint8Array(4));
    this.unread = new Scratch(lib, new Uint8Array(32));
    for (const suite of SUITE_NAMES) {
      const name = cString(CIPHER_NAMES[suite]);
      const cipher = lib.EVP_CIPHER_fetch(null, lib.pointerTo(name, 0), null);
      if (cipher === null) throw new Error(`libcrypto has no ${CIPHER_NAMES[suite]}`);
      this.ciphers.set(suite, cipher);
    }
    const name = cString("SHA256");
    this.hash = lib.EVP_MD_fetch(null, lib.pointerTo(name, 0), null);
    if (this.hash === null) throw new Error("libcrypto has no SHA256");
  }

  /** Points at `buffer[at]`. The buffer is kept until another one is asked for: it cannot go away during a call. */
  pointer(buffer: Uint8Array, at: number): Pointer {
    if (this.#buffer !== buffer) this.#turnTo(buffer);
    let pointer = this.#ofBuffer.get(at);
    if (pointer === undefined) {
      pointer = this.lib.pointerTo(buffer, at);
      this.#ofBuffer.set(at, pointer);
    }
    return pointer;
  }

  /** A size as the library's `size_t`, made once for each. */
  size(bytes: number): bigint {
    return this.#sizes[bytes] ??= BigInt(bytes);
  }

  #turnTo(buffer: Uint8Array): void {
    let places = this.#places.get(buffer);
    if (places === undefined) {
      places = new Map();
      this.#places.set(buffer, places);
    }
    this.#ofBuffer = places;
    this.#buffer = buffer;
  }
}

class NativeAeadKey implements AeadKey {
  readonly suite: SuiteName;
  readonly #shared: Shared;
  #context: Pointer;

  constructor(shared: Shared, suite: SuiteName, key: Uint8Array) {
    checkAeadKey(suite, key);
    const { lib } = shared;
    this.suite = suite;
    this.#shared = shared;
    const context = lib.EVP_CIPHER_CTX_new();
    const isReady = context !== null &&
      lib.EVP_CipherInit_ex(context, shared.ciphers.get(suite) ?? null, null, null, null, ENCRYPT) === 1 &&
      lib.EVP_CIPHER_CTX_ctrl(context, CTRL_SET_NONCE_BYTES, AEAD_NONCE_BYTES, null) === 1 &&
      lib.EVP_CipherInit_ex(context, null, null, lib.pointerTo(key, 0), null, ENCRYPT) === 1;
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
    const { lib, unread, tag } = this.#shared;
    const isSealed = this.#run(context, nonce, buffer, aadStart, textStart, textEnd, ENCRYPT) &&
      lib.EVP_CipherFinal_ex(context, unread.at, unread.at) === 1 &&
      lib.EVP_CIPHER_CTX_ctrl(context, CTRL_GET_TAG, AEAD_TAG_BYTES, tag.at) === 1;
    if (!isSealed) throw new Error(`libcrypto failed to seal with ${this.suite}`);
    for (let i = 0; i < AEAD_TAG_BYTES; i++) buffer[textEnd + i] = tag.bytes[i];
  }

  open(nonce: Uint8Array, buffer: Uint8Array, aadStart: number, textStart: number, textEnd: number): boolean {
    const context = this.#context ?? usedAfterFree();
    checkRegions(nonce, buffer, aadStart, textStart, textEnd);
    const { lib, unread, tag } = this.#shared;
    for (let i = 0; i < AEAD_TAG_BYTES; i++) tag.bytes[i] = buffer[textEnd + i];
    const isRun = this.#run(context, nonce, buffer, aadStart, textStart, textEnd, DECRYPT) &&
      lib.EVP_CIPHER_CTX_ctrl(context, CTRL_SET_TAG, AEAD_TAG_BYTES, tag.at) === 1;
    if (isRun && lib.EVP_CipherFinal_ex(context, unread.at, unread.at) === 1) return true;
    // All suites add a key stream: encrypting gives back, byte for byte, what was there.
    if (!isRun || !this.#run(context, nonce, buffer, textStart, textStart, textEnd, ENCRYPT)) {
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
    context: Pointer,
    nonce: Uint8Array,
    buffer: Uint8Array,
    aadStart: number,
    textStart: number,
    textEnd: number,
    direction: number,
  ): boolean {
    const shared = this.#shared;
    const { lib, unread } = shared;
    const iv = shared.nonce;
    for (let i = 0; i < AEAD_NONCE_BYTES; i++) iv.bytes[i] = nonce[i];
    if (lib.EVP_CipherInit_ex(context, null, null, null, iv.at, direction) !== 1) return false;
    if (aadStart < textStart) {
      const aad = shared.pointer(buffer, aadStart);
      if (lib.EVP_CipherUpdate(context, null, unread.at, aad, textStart - aadStart) !== 1) return false;
    }
    if (textStart === textEnd) return true;
    const text = shared.pointer(buffer, textStart);
    return lib.EVP_CipherUpdate(context, text, unread.at, text, textEnd - textStart) === 1;
  }
}

class NativeMacKey extends WholeMacKey {
  readonly #shared: Shared;
  #context: Pointer;

  constructor(shared: Shared, key: Uint8Array) {
    super();
    checkMacKey(key);
    const { lib, hash } = shared;
    this.#shared = shared;
    const context = lib.HMAC_CTX_new();
    if (context === null || lib.HMAC_Init_ex(context, lib.pointerTo(key, 0), key.length, hash, null) !== 1) {
      lib.HMAC_CTX_free(context);
      throw new Error("libcrypto cannot set up HMAC-SHA256");
    }
    this.#context = context;
    shared.dropped.register(this, () => lib.HMAC_CTX_free(context), this);
  }

  free(): void {
    if (this.#context === null) return;
    this.#shared.dropped.unregister(this);
    this.#shared.lib.HMAC_CTX_free(this.#context);
    this.#context = null;
  }

  protected override compute(buffer: Uint8Array, start: number, end: number, roc: number | null): Uint8Array {
    const context = this.#context ?? usedAfterFree();
    if (!(start >= 0 && start <= end && end <= buffer.length)) {
      throw new RangeError(`Cannot authenticate ${start}..${end} of a buffer of ${buffer.length} bytes`);
    }
    const shared = this.#shared;
    const { lib, mac, unread } = shared;
    if (roc !== null) writeU32(shared.roc.bytes, 0, roc);
    const isDone = lib.HMAC_Init_ex(context, null, 0, null, null) === 1 &&
      (start === end || lib.HMAC_Update(context, shared.pointer(buffer, start), shared.size(end - start)) === 1) &&
      (roc === null || lib.HMAC_Update(context, shared.roc.at, shared.size(4)) === 1) &&
      lib.HMAC_Final(context, mac.at, unread.at) === 1;
    if (!isDone) throw new Error("libcrypto failed in HMAC-SHA256");
    return mac.bytes;
  }
}
