/**
 * From the ECDH secret to every key of an epoch (SPEC ARC-KEY-schedule-*): each step is HKDF-SHA256 with a label as
 * salt and an id as info, both as UTF-8 text.
 *
 * ```
 * x (32) || T (32) = shared_secret
 *    |  "arcrtc-media-key", session_id
 *    v
 * master_key (32)
 *    |-- "arcrtc-enc"        stream_id  --> encryption_key (16 or 32) \
 *    |-- "arcrtc-auth"       stream_id  --> auth_key (32)              | media, RTX and FEC of a stream
 *    |-- "arcrtc-salt"       stream_id  --> salt (12)                 /
 *    |-- "arcrtc-rtcp-enc"   peer_id    --> encryption_key            \
 *    |-- "arcrtc-rtcp-auth"  peer_id    --> auth_key                   | RTCP that a peer sends
 *    |-- "arcrtc-rtcp-salt"  peer_id    --> salt                      /
 *    |-- "arcrtc-seal"       peer_id    --> sealing_key (32)             JSON that a peer seals
 *    '-- "arcrtc-proof"      session_id --> proof_key (32)               proof of the next epoch
 * ```
 *
 * Every function answers with bytes that the caller owns and erases.
 */
import { concatBytes, utf8 } from "../base/bytes.ts";
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { SHARED_X_BYTES } from "./ecdh.ts";
import { hkdfSha256 } from "./hkdf.ts";
import { AEAD_NONCE_BYTES, MAC_KEY_BYTES, type SuiteName, SUITES } from "./suites.ts";

export const MASTER_KEY_BYTES = 32;
export const TRANSCRIPT_HASH_BYTES = 32;

/** What protects the packets of one stream, or the RTCP of one peer, in one epoch. */
export interface StreamKeyMaterial {
  /** 16 or 32 bytes, as the suite asks. */
  readonly encryptionKey: Uint8Array;
  /** 32 bytes, derived whether or not the HMAC tag is in use. */
  readonly authKey: Uint8Array;
  /** 12 bytes, exclusive-ored into every nonce. */
  readonly salt: Uint8Array;
}

/**
 * x || T, 64 bytes. `x` and `transcript` are borrowed.
 *
 * @throws RangeError when either has not 32 bytes.
 */
export function sharedSecret(x: Uint8Array, transcript: Uint8Array): Uint8Array {
  if (x.length !== SHARED_X_BYTES || transcript.length !== TRANSCRIPT_HASH_BYTES) {
    throw new RangeError(`Cannot make shared secret: need 32 + 32 bytes, got ${x.length} + ${transcript.length}`);
  }
  return concatBytes(x, transcript);
}

/**
 * The shared secret of a stream whose `key_id` names a stored key: the stored key takes the place of x, while T still
 * binds the peers' ephemeral keys (SPEC ARC-KEY-schedule-stored-key). `bad_key` unless it has 32 bytes.
 */
export function storedSharedSecret(storedKey: Uint8Array, transcript: Uint8Array): Parsed<Uint8Array> {
  if (storedKey.length !== SHARED_X_BYTES) {
    return fault("bad_key", `Cannot use stored key: need ${SHARED_X_BYTES} bytes, got ${storedKey.length}`);
  }
  return ok(sharedSecret(storedKey, transcript));
}

/** SPEC ARC-KEY-schedule-master. `secret` is {@link sharedSecret}'s. */
export function masterKey(secret: Uint8Array, sessionId: string): Uint8Array {
  return derive(secret, "arcrtc-media-key", sessionId, MASTER_KEY_BYTES);
}

/** SPEC ARC-KEY-schedule-stream-keys: for every SSRC of the stream, RTX and FEC included. */
export function streamKeys(master: Uint8Array, streamId: string, suite: SuiteName): StreamKeyMaterial {
  return {
    encryptionKey: derive(master, "arcrtc-enc", streamId, SUITES[suite].keyBytes),
    authKey: derive(master, "arcrtc-auth", streamId, MAC_KEY_BYTES),
    salt: derive(master, "arcrtc-salt", streamId, AEAD_NONCE_BYTES),
  };
}

/** SPEC ARC-KEY-schedule-rtcp-keys: for the RTCP that `peerId` sends. */
export function rtcpKeys(master: Uint8Array, peerId: string, suite: SuiteName): StreamKeyMaterial {
  return {
    encryptionKey: derive(master, "arcrtc-rtcp-enc", peerId, SUITES[suite].keyBytes),
    authKey: derive(master, "arcrtc-rtcp-auth", peerId, MAC_KEY_BYTES),
    salt: derive(master, "arcrtc-rtcp-salt", peerId, AEAD_NONCE_BYTES),
  };
}

/** SPEC ARC-KEY-schedule-seal-key: for the JSON units that `peerId` seals. */
export function sealingKey(master: Uint8Array, peerId: string): Uint8Array {
  return derive(master, "arcrtc-seal", peerId, MAC_KEY_BYTES);
}

/** The key that proves knowledge of `master` when the next epoch is made (SPEC ARC-KEY-epoch-proof). */
export function proofKey(master: Uint8Array, sessionId: string): Uint8Array {
  return derive(master, "arcrtc-proof", sessionId, MAC_KEY_BYTES);
}

/** Erases key bytes in place; the runtime may still hold copies that it made itself. */
export function eraseKeys(...keys: readonly Uint8Array[]): void {
  for (const key of keys) key.fill(0);
}

function derive(inputKey: Uint8Array, label: string, id: string, bytes: number): Uint8Array {
  return hkdfSha256(inputKey, utf8(label), utf8(id), bytes);
}
