/**
 * Proof that the maker of a new epoch holds the previous one's keys (SPEC ARC-KEY-epoch-proof).
 *
 * ```
 * proof = b64u( HMAC(proof_key of the previous epoch, type || peer_id || decimal(epoch) || public_key)[0..16] )
 * ```
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { equalTags, parseBase64Url, toBase64Url, utf8 } from "../base/bytes.ts";
import { eraseKeys, proofKey } from "./key_schedule.ts";
import { decimal } from "./transcript.ts";

const PROOF_BYTES = 16;

/** The messages that make an epoch; CONNECT and CONNECT_ACK only where they resume. */
export type ProvenType = "KEY_ROTATE" | "KEY_ROTATE_ACK" | "CONNECT" | "CONNECT_ACK";

/** What a proof speaks for: the fields of the message that carries it. */
export interface ProvenEpoch {
  readonly sessionId: string;
  readonly type: ProvenType;
  /** The message's sender. */
  readonly peerId: string;
  /** The new epoch. */
  readonly epoch: number;
  /** The sender's new public key as its base64url text. */
  readonly publicKey: string;
}

/** The `proof` field under the previous epoch's master_key, which is borrowed. */
export function makeProof(previousMaster: Uint8Array, proven: ProvenEpoch): string {
  return toBase64Url(proofBytes(previousMaster, proven));
}

/** False for a proof that is absent, malformed or wrong: `unauthorized`, and nothing changes. */
export function verifyProof(previousMaster: Uint8Array, proven: ProvenEpoch, proof: string | undefined): boolean {
  if (proof === undefined || !Number.isSafeInteger(proven.epoch) || proven.epoch < 0) return false;
  const claimed = parseBase64Url(proof);
  return claimed.ok && equalTags(claimed.value, proofBytes(previousMaster, proven));
}

function proofBytes(previousMaster: Uint8Array, { sessionId, type, peerId, epoch, publicKey }: ProvenEpoch) {
  const key = proofKey(previousMaster, sessionId);
  const mac = hmac(sha256, key, utf8(type + peerId + decimal(epoch) + publicKey));
  eraseKeys(key);
  return mac.subarray(0, PROOF_BYTES);
}
