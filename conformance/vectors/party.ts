/** One session of two peers over three epochs, from fixed private keys: what the areas with keys in them share. */
import { extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { toBase64Url, toHex, utf8 } from "../../lib/base/bytes.ts";
import { SeededRng } from "../../lib/base/rng.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { agree, generateKeyPair, type KeyPair } from "../../lib/crypto/ecdh.ts";
import { masterKey, sharedSecret, type StreamKeyMaterial } from "../../lib/crypto/key_schedule.ts";
import { type Transcript, transcriptHash } from "../../lib/crypto/transcript.ts";
import type { Json } from "./case.ts";

export const SESSION = "550e8400-e29b-41d4-a716-446655440000";
export const CALLER = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
export const CALLEE = "9c5b94b1-35ad-49bb-b118-8e8fc24abf80";
export const STREAM = "123e4567-e89b-42d3-a456-426614174000";
export const OTHER_STREAM = "7b0c4a52-6c6e-4b43-8f4d-2f3f1a9e8d70";

export const OFFERED_ENCRYPTION = ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"];
export const OFFERED_AUTHENTICATION = ["hmac-sha256-80", "none"];

/** The private key of `KeyPair` is for these vectors alone: its seed is a small number. */
export function pairOf(seed: number): KeyPair {
  return generateKeyPair(new SeededRng(seed));
}

export interface Epoch {
  readonly epoch: number;
  readonly caller: KeyPair;
  readonly callee: KeyPair;
  readonly x: Uint8Array;
  readonly transcript: Transcript;
  readonly secret: Uint8Array;
  readonly master: Uint8Array;
}

function makeEpoch(epoch: number, previousMasterKey: Uint8Array | undefined): Epoch {
  const caller = pairOf(7000 + epoch);
  const callee = pairOf(7100 + epoch);
  const x = unwrap(agree(caller, callee.publicKey));
  const transcript: Transcript = {
    sessionId: SESSION,
    epoch,
    callerPeerId: CALLER,
    calleePeerId: CALLEE,
    callerKey: caller.publicKey,
    calleeKey: callee.publicKey,
    offeredEncryption: OFFERED_ENCRYPTION,
    offeredAuthentication: OFFERED_AUTHENTICATION,
    suite: "aes-128-gcm",
    authentication: "hmac-sha256-80",
    previousMasterKey,
  };
  const secret = sharedSecret(x, transcriptHash(transcript));
  return { epoch, caller, callee, x, transcript, secret, master: masterKey(secret, SESSION) };
}

let made: readonly [Epoch, Epoch, Epoch] | undefined;

/** Epochs 0, 1 and 2 of the session; borrowed, and made once. */
export function epochs(): readonly [Epoch, Epoch, Epoch] {
  return made ??= makeEpochs();
}

function makeEpochs(): readonly [Epoch, Epoch, Epoch] {
  const first = makeEpoch(0, undefined);
  const second = makeEpoch(1, first.master);
  return [first, second, makeEpoch(2, second.master)];
}

export function keysJson({ encryptionKey, authKey, salt }: StreamKeyMaterial): Json {
  return { encryption_key: toHex(encryptionKey), auth_key: toHex(authKey), salt: toHex(salt) };
}

export function keyText(pair: KeyPair): string {
  return toBase64Url(pair.publicKey);
}

/** HKDF's first step (RFC 5869 section 2.2), for traces. */
export function prk(inputKey: Uint8Array, label: string): string {
  return toHex(extract(sha256, inputKey, utf8(label)));
}
