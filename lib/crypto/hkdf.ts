/** HKDF-SHA256, RFC 5869: extract, then expand. The one derivation step of the protocol. */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

/**
 * `bytes` of key material (at most 255 * 32) that the caller owns. The inputs are borrowed.
 *
 * @throws Error when more is asked for.
 */
export function hkdfSha256(inputKey: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes: number): Uint8Array {
  return hkdf(sha256, inputKey, salt, info, bytes);
}
