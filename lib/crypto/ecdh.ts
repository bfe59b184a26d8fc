/**
 * ECDH on P-256 (SPEC ARC-KEY-ecdh-curve). Every public key that a peer sends passes through here, and every refusal
 * is `bad_key`. What is drawn and what is refused is the same whichever backend multiplies; where none is given it is
 * noble, the reference.
 *
 * ```
 *  0        1                    33                   65
 * +--------+--------------------+--------------------+
 * |  0x04  |  x, 32 bytes       |  y, 32 bytes       |      uncompressed SEC1 point; base64url in messages
 * +--------+--------------------+--------------------+
 * ```
 */
import { p256 } from "@noble/curves/nist.js";
import { equalBytes, parseBase64Url, toBase64Url, toHex } from "../base/bytes.ts";
import { fault, ok, type Parsed } from "../base/parsed.ts";
import type { Rng } from "../base/rng.ts";
import type { P256 } from "./backend.ts";
import { nobleP256 } from "./backend_noble.ts";

export const PRIVATE_KEY_BYTES = 32;
export const PUBLIC_KEY_BYTES = 65;
/** The x coordinate of the product point: what both peers share. */
export const SHARED_X_BYTES = 32;
/** Characters of a public key as it travels in `encryption.public_key`. */
export const PUBLIC_KEY_CHARACTERS = 87;

/** An ephemeral pair: the holder owns the bytes and erases `privateKey` once the epoch's secret is computed. */
export interface KeyPair {
  readonly privateKey: Uint8Array;
  /** Uncompressed, 65 bytes. */
  readonly publicKey: Uint8Array;
}

/**
 * A fresh pair from `rng`, which must be the system's outside of tests (SPEC ARC-KEY-ecdh-fresh-pair). The same 48 bytes
 * of `rng` give the same pair with every backend.
 */
export function generateKeyPair(rng: Rng, backend: P256 = nobleP256): KeyPair {
  const drawn = rng.fill(new Uint8Array(48));
  const privateKey = p256.utils.randomSecretKey(drawn);
  drawn.fill(0);
  return { privateKey, publicKey: backend.publicKey(privateKey) };
}

/** The pair of a given private key (32 bytes, 1 <= d < n), which the pair keeps; `bad_key` otherwise. */
export function keyPairFromPrivate(privateKey: Uint8Array, backend: P256 = nobleP256): Parsed<KeyPair> {
  if (privateKey.length !== PRIVATE_KEY_BYTES) {
    return badKey(`Cannot use private key: need ${PRIVATE_KEY_BYTES} bytes, got ${privateKey.length}`);
  }
  if (!p256.utils.isValidSecretKey(privateKey)) return badKey("Cannot use private key: out of range");
  return ok({ privateKey, publicKey: backend.publicKey(privateKey) });
}

/**
 * A public key from the text of a message: length, form, and that the point is on the curve. The identity has no
 * 65-byte form, so it fails with the others (SPEC ARC-KEY-ecdh-public-key-form, ARC-KEY-ecdh-invalid-point).
 */
export function parsePublicKey(text: string): Parsed<Uint8Array> {
  if (text.length !== PUBLIC_KEY_CHARACTERS) {
    return badKey(`Cannot parse public key: need ${PUBLIC_KEY_CHARACTERS} base64url characters, got ${text.length}`);
  }
  const bytes = parseBase64Url(text);
  if (!bytes.ok) return badKey("Cannot parse public key: not base64url", bytes.fault.offset);
  const refusal = refusePoint(bytes.value);
  return refusal ?? bytes;
}

export function writePublicKey(publicKey: Uint8Array): string {
  return toBase64Url(publicKey);
}

/**
 * The x coordinate (32 bytes, the caller's to erase) that both peers compute. `own` and `peerPublicKey` are borrowed.
 * Refuses invalid points and one's own key reflected (SPEC ARC-KEY-ecdh-own-key); the negated own key has the same x and
 * is refused with it.
 */
export function agree(own: KeyPair, peerPublicKey: Uint8Array, backend: P256 = nobleP256): Parsed<Uint8Array> {
  const refusal = refusePoint(peerPublicKey);
  if (refusal) return refusal;
  if (equalBytes(xOf(own.publicKey), xOf(peerPublicKey))) {
    return badKey("Cannot agree on a key: the peer sent our own public key");
  }
  return ok(backend.sharedX(own.privateKey, peerPublicKey));
}

function refusePoint(point: Uint8Array): ReturnType<typeof badKey> | undefined {
  if (point.length !== PUBLIC_KEY_BYTES) {
    return badKey(`Cannot parse public key: need ${PUBLIC_KEY_BYTES} bytes, got ${point.length}`);
  }
  if (point[0] !== 0x04) {
    return badKey(`Cannot parse public key: need an uncompressed point (0x04), got 0x${toHex(point.subarray(0, 1))}`);
  }
  if (!p256.utils.isValidPublicKey(point, false)) return badKey("Cannot parse public key: the point is off the curve");
}

function badKey(message: string, offset = 0) {
  return fault("bad_key", message, { offset });
}

function xOf(publicKey: Uint8Array): Uint8Array {
  return publicKey.subarray(1, 33);
}

/**
 * The public keys that a session has seen, of both peers: a key serves one epoch only (SPEC ARC-KEY-ecdh-reused-key).
 *
 * Keys are told apart by 96 bits of x, so a negated key counts as seen too. Holds at most `capacity` keys and then
 * refuses every further one: forgetting would allow reuse, and only a peer that rotates without end gets there.
 */
export class SeenKeys {
  readonly #seen = new Set<string>();
  readonly #capacity: number;

  constructor(capacity = 65_536) {
    this.#capacity = capacity;
  }

  /** `bad_key` for a key seen before; changes nothing, so that a message can still be refused for other reasons. */
  check(publicKey: Uint8Array): Parsed<Uint8Array> {
    if (this.#seen.has(mark(publicKey))) {
      return badKey("Cannot use public key: it was used before in this session");
    }
    if (this.#seen.size >= this.#capacity) {
      return badKey(`Cannot use public key: the session has used up its ${this.#capacity} keys`);
    }
    return ok(publicKey);
  }

  /** Remembers a key that has entered an epoch. `publicKey` is borrowed. */
  add(publicKey: Uint8Array): void {
    if (this.#seen.size < this.#capacity) this.#seen.add(mark(publicKey));
  }

  get size(): number {
    return this.#seen.size;
  }
}

function mark(publicKey: Uint8Array): string {
  return toHex(publicKey.subarray(1, 13));
}
