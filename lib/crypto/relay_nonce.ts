/** The challenge of a relay: proves that whoever answers receives at its source address, and costs no memory. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, equalTags, parseBase64Url, toBase64Url, utf8, writeU64 } from "../base/bytes.ts";

const NONCE_BYTES = 16;
const MINUTE_MS = 60_000;

/** Where a unit came from. `ip` must be spelled alike for the same address: the transport's own text of it. */
export interface SourceAddress {
  readonly ip: string;
  readonly port: number;
}

/**
 * `b64u( HMAC(secret, "arcrtc-relay-nonce" || 0x00 || ip || 0x00 || port || 0x00 || u64 minute)[0..16] )`, 22
 * characters, so that a RELAY_CHALLENGE is never larger than its RELAY_BIND (SPEC ARC-RELAY-nonce). `secret` is the
 * relay's own random bytes, borrowed; it need not survive a restart, since peers then get a new challenge.
 */
export function makeRelayNonce(secret: Uint8Array, source: SourceAddress, nowUnixMs: number): string {
  return toBase64Url(nonceBytes(secret, source, Math.floor(nowUnixMs / MINUTE_MS)));
}

/** True for a nonce that this relay made for this address in the present minute or the one before. */
export function verifyRelayNonce(secret: Uint8Array, source: SourceAddress, nonce: string, nowUnixMs: number): boolean {
  const claimed = parseBase64Url(nonce);
  if (!claimed.ok) return false;
  const minute = Math.floor(nowUnixMs / MINUTE_MS);
  return equalTags(claimed.value, nonceBytes(secret, source, minute)) ||
    (minute > 0 && equalTags(claimed.value, nonceBytes(secret, source, minute - 1)));
}

function nonceBytes(secret: Uint8Array, { ip, port }: SourceAddress, minute: number): Uint8Array {
  const time = new Uint8Array(8);
  writeU64(time, 0, BigInt(minute));
  const covered = concatBytes(utf8(`arcrtc-relay-nonce\0${ip}\0${port}\0`), time);
  return hmac(sha256, secret, covered).subarray(0, NONCE_BYTES);
}
