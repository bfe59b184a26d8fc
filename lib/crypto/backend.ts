/**
 * What the protocol asks of a cryptography library: AEAD and HMAC-SHA256 with imported keys, in place on the caller's
 * buffer, and P-256 for agreeing on keys. Chosen once at start (`backend_choice.ts`); every backend gives the same bytes
 * and passes the same tests.
 *
 * ```
 *            aadStart    textStart                textEnd
 *   buffer  ...|  AAD      |  text  ................ |  tag (16)  |...
 *               read        encrypted in place        written by seal, checked by open
 * ```
 *
 * Ciphers are never written by hand here: a backend hands bytes to a library and takes bytes back.
 */
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES, MAC_KEY_BYTES, type SuiteName, SUITES } from "./suites.ts";

/**
 * An imported AEAD key. All offsets are bytes into `buffer`; AAD is `aadStart..textStart`, which may be empty.
 * The buffer stays the caller's: nothing is kept after a call.
 */
export interface AeadKey {
  readonly suite: SuiteName;

  /**
   * Encrypts `textStart..textEnd` in place and writes the 16-byte tag at `textEnd`.
   *
   * @throws RangeError when nonce or buffer have the wrong size, Error after {@link free}: programmer mistakes.
   */
  seal(nonce: Uint8Array, buffer: Uint8Array, aadStart: number, textStart: number, textEnd: number): void;

  /**
   * Decrypts `textStart..textEnd` in place if the tag at `textEnd` is right. Otherwise answers false and leaves every
   * byte of the buffer as it was: unauthenticated plaintext is never seen.
   *
   * @throws like {@link seal}.
   */
  open(nonce: Uint8Array, buffer: Uint8Array, aadStart: number, textStart: number, textEnd: number): boolean;

  /** Erases the handle's copy of the key. Later use throws. */
  free(): void;
}

/** An imported HMAC-SHA256 key. Tags are the first `tagBytes` (1..32) of the MAC. */
export interface MacKey {
  /**
   * Writes at `out[outAt]` the MAC of `buffer[start..end]`, followed by `roc` as u32 unless it is null (RFC 3711 §4.2
   * authenticates the rollover counter, which does not travel). `out` may be `buffer`.
   *
   * @throws Error after {@link free}.
   */
  sign(
    buffer: Uint8Array,
    start: number,
    end: number,
    roc: number | null,
    out: Uint8Array,
    outAt: number,
    tagBytes: number,
  ): void;

  /** True when `tag[tagAt..]` begins with that MAC; takes the same time wherever they differ. */
  verify(
    buffer: Uint8Array,
    start: number,
    end: number,
    roc: number | null,
    tag: Uint8Array,
    tagAt: number,
    tagBytes: number,
  ): boolean;

  /** Erases the handle's copy of the key. Later use throws. */
  free(): void;
}

/**
 * The arithmetic of ECDH on P-256 (SPEC ARC-KEY-ecdh-curve). It judges nothing: `ecdh.ts` has made sure that a private
 * key is 32 bytes with 1 <= d < n and a public key a point on the curve, uncompressed. Both are borrowed for the call,
 * and copies of secrets in bytes or in a library's memory are erased with it (noble's integers cannot be); what comes
 * back is new and the caller's.
 */
export interface P256 {
  /** The public key of a private key, uncompressed, 65 bytes. */
  publicKey(privateKey: Uint8Array): Uint8Array;

  /** The x coordinate of the product, 32 bytes with the zeros that it may begin with. A secret, which its owner erases. */
  sharedX(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
}

/** A cryptography library behind the two handles. Key bytes are copied, never kept by reference. */
export interface CryptoBackend {
  readonly name: BackendName;
  readonly p256: P256;

  /** @throws RangeError when `key` has not the suite's length. */
  importAead(suite: SuiteName, key: Uint8Array): AeadKey;

  /** @throws RangeError when `key` has not 32 bytes. */
  importMac(key: Uint8Array): MacKey;
}

export type BackendName = "noble" | "node" | "native";

/** @throws RangeError naming the suite and the lengths, never the key. */
export function checkAeadKey(suite: SuiteName, key: Uint8Array): void {
  const need = SUITES[suite].keyBytes;
  if (key.length !== need) {
    throw new RangeError(`Cannot import ${suite} key: need ${need} bytes, got ${key.length}`);
  }
}

/** @throws RangeError naming the lengths, never the key. */
export function checkMacKey(key: Uint8Array): void {
  if (key.length !== MAC_KEY_BYTES) {
    throw new RangeError(`Cannot import HMAC key: need ${MAC_KEY_BYTES} bytes, got ${key.length}`);
  }
}

/** @throws RangeError when the regions are out of order or the tag does not fit behind them. */
export function checkRegions(
  nonce: Uint8Array,
  buffer: Uint8Array,
  aadStart: number,
  textStart: number,
  textEnd: number,
): void {
  if (nonce.length !== AEAD_NONCE_BYTES) {
    throw new RangeError(`Cannot use nonce: need ${AEAD_NONCE_BYTES} bytes, got ${nonce.length}`);
  }
  if (!(aadStart >= 0 && aadStart <= textStart && textStart <= textEnd && textEnd + AEAD_TAG_BYTES <= buffer.length)) {
    throw new RangeError(
      `Cannot use AEAD regions ${aadStart}..${textStart}..${textEnd} and a tag in a buffer of ${buffer.length} bytes`,
    );
  }
}

/** Compares `bytes` of two buffers without an early exit on the first difference. */
export function equalTagAt(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, bytes: number): boolean {
  if (aAt + bytes > a.length || bAt + bytes > b.length) return false;
  let difference = 0;
  for (let i = 0; i < bytes; i++) difference |= a[aAt + i] ^ b[bAt + i];
  return difference === 0;
}

/** @throws Error: a freed handle was used, which would otherwise mean encrypting under a key of zeros. */
export function usedAfterFree(): never {
  throw new Error("Cannot use key handle: it was freed");
}
