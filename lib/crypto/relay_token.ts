/**
 * The credential of a relay: a token that the signaling server issues, and the proof of it that a peer shows to the
 * relay. The token itself never travels there (SPEC ARC-RELAY-token, ARC-RELAY-proof).
 *
 * ```
 *  0                 8                24
 * +-----------------+----------------+
 * | expiry, u64, s  | tag, 16 bytes  |      token, as base64url: 32 characters
 * +-----------------+----------------+
 *
 * tag   = HMAC(relay_secret, "arcrtc-relay" || session_id || peer_id || u64 expiry)[0..16]
 * proof = b64u( HMAC(tag, nonce || session_id || peer_id)[0..16] )
 * ```
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, equalTags, parseBase64Url, readU64, toBase64Url, utf8, writeU64 } from "../base/bytes.ts";
import { fault, ok, type Parsed, truncated } from "../base/parsed.ts";

const EXPIRY_BYTES = 8;
const TAG_BYTES = 16;
const TOKEN_BYTES = EXPIRY_BYTES + TAG_BYTES;

/** Whom a token admits, and until when. */
export interface RelayGrant {
  readonly sessionId: string;
  readonly peerId: string;
  /** Unix **seconds**, whole, below 2^53: the `expires` of messages and the number inside the token. */
  readonly expiresS: number;
}

/** A token as the peer reads it. */
export interface RelayToken {
  readonly expiresS: number;
  /** 16 bytes: the key of the proof. Secret. */
  readonly tag: Uint8Array;
}

/**
 * Issues a token. `relaySecret` is borrowed; server and relay share it.
 *
 * @throws RangeError when `expiresS` is not a whole number from 0 below 2^53.
 */
export function issueRelayToken(relaySecret: Uint8Array, grant: RelayGrant): string {
  return toBase64Url(concatBytes(expiryBytes(grant.expiresS), tagOf(relaySecret, grant)));
}

/** Reads a token without judging it: the peer that holds it cannot, only the relay can. */
export function parseRelayToken(text: string): Parsed<RelayToken> {
  const bytes = parseBase64Url(text);
  if (!bytes.ok) return bytes;
  const { value } = bytes;
  if (value.length < TOKEN_BYTES) return truncated("relay token", TOKEN_BYTES, value.length);
  if (value.length > TOKEN_BYTES) {
    return fault("bad_length", `Cannot parse relay token: need ${TOKEN_BYTES} bytes, got ${value.length}`, {
      offset: TOKEN_BYTES,
    });
  }
  const expiresS = Number(readU64(value, 0));
  if (!Number.isSafeInteger(expiresS)) {
    return fault("bad_value", "Cannot parse relay token: the expiry is beyond 2^53 seconds", { offset: 0 });
  }
  return ok({ expiresS, tag: value.subarray(EXPIRY_BYTES) });
}

/** The `proof` of RELAY_BIND and RELAY_UNBIND: `nonce` is the text of RELAY_CHALLENGE, as received. */
export function makeRelayProof(tag: Uint8Array, nonce: string, sessionId: string, peerId: string): string {
  return toBase64Url(proofBytes(tag, nonce, sessionId, peerId));
}

/**
 * The relay's side: makes the tag again from the fields of the message, so that it keeps nothing, and compares the
 * proof (SPEC ARC-RELAY-proof-check). False for anything malformed. Expiry is {@link isExpired}'s to judge.
 */
export function verifyRelayProof(
  relaySecret: Uint8Array,
  grant: RelayGrant,
  nonce: string,
  proof: string,
): boolean {
  if (!isExpiry(grant.expiresS)) return false;
  const claimed = parseBase64Url(proof);
  if (!claimed.ok) return false;
  const expected = proofBytes(tagOf(relaySecret, grant), nonce, grant.sessionId, grant.peerId);
  return equalTags(claimed.value, expected);
}

/** True once the second `expiresS` has begun; judged at binding only (SPEC ARC-RELAY-token-expired). */
export function isExpired(expiresS: number, nowUnixMs: number): boolean {
  return nowUnixMs >= expiresS * 1000;
}

function tagOf(relaySecret: Uint8Array, { sessionId, peerId, expiresS }: RelayGrant): Uint8Array {
  const covered = concatBytes(utf8("arcrtc-relay" + sessionId + peerId), expiryBytes(expiresS));
  return hmac(sha256, relaySecret, covered).subarray(0, TAG_BYTES);
}

function proofBytes(tag: Uint8Array, nonce: string, sessionId: string, peerId: string): Uint8Array {
  return hmac(sha256, tag, utf8(nonce + sessionId + peerId)).subarray(0, TAG_BYTES);
}

function isExpiry(expiresS: number): boolean {
  return Number.isSafeInteger(expiresS) && expiresS >= 0;
}

function expiryBytes(expiresS: number): Uint8Array {
  if (!isExpiry(expiresS)) throw new RangeError(`Cannot write expiry: need whole seconds, got ${expiresS}`);
  const bytes = new Uint8Array(EXPIRY_BYTES);
  writeU64(bytes, 0, BigInt(expiresS));
  return bytes;
}
