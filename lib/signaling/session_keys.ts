/**
 * The key agreement of one session across its epochs: pairs that are out, keys that were seen, and the master keys that
 * are still needed (SPEC 3). What came from the peer is judged here and nowhere else.
 */
import {
  agree,
  generateKeyPair,
  type KeyPair,
  keyPairFromPrivate,
  parsePublicKey,
  SeenKeys,
  writePublicKey,
} from "../crypto/ecdh.ts";
import type { P256 } from "../crypto/backend.ts";
import { eraseKeys, masterKey, sharedSecret } from "../crypto/key_schedule.ts";
import { makeProof, type ProvenType, verifyProof } from "../crypto/proof.ts";
import { transcriptHash } from "../crypto/transcript.ts";
import type { Authentication, SuiteName } from "../crypto/suites.ts";
import { equalBytes } from "../base/bytes.ts";
import { fault, type Parsed, unwrap } from "../base/parsed.ts";
import type { Rng } from "../base/rng.ts";

/** What caller and callee agreed on with the last accepted CONNECT: the same for every epoch until the next. */
export interface Negotiated {
  readonly callerPeerId: string;
  readonly calleePeerId: string;
  /** DER; undefined without an identity. */
  readonly callerCertificate?: Uint8Array;
  readonly calleeCertificate?: Uint8Array;
  /** As the caller sent them. */
  readonly offeredEncryption: readonly string[];
  readonly offeredAuthentication?: readonly string[];
  readonly suite: SuiteName;
  readonly authentication: Authentication;
}

export class SessionKeys {
  readonly #sessionId: string;
  readonly #rng: Rng;
  readonly #p256: P256;
  readonly #seen = new SeenKeys();
  /** Our pairs that wait for the peer's half, by epoch. */
  readonly #pairs = new Map<number, KeyPair>();
  readonly #masters = new Map<number, Uint8Array>();
  /** Private keys to use instead of random ones, first come first served: for vectors and the testee alone. */
  readonly #givenPrivateKeys: Uint8Array[];

  constructor(sessionId: string, rng: Rng, p256: P256, givenPrivateKeys: readonly Uint8Array[] = []) {
    this.#sessionId = sessionId;
    this.#rng = rng;
    this.#p256 = p256;
    this.#givenPrivateKeys = [...givenPrivateKeys];
  }

  /** A fresh pair for an epoch (SPEC ARC-KEY-ecdh-fresh-pair); answers its public half, 65 bytes. */
  offer(epoch: number): Uint8Array {
    this.forgetOffer(epoch);
    const given = this.#givenPrivateKeys.shift();
    const pair = given === undefined
      ? generateKeyPair(this.#rng, this.#p256)
      : unwrap(keyPairFromPrivate(given, this.#p256));
    this.#pairs.set(epoch, pair);
    return pair.publicKey;
  }

  /** Our request for the epoch is over: its pair is erased. */
  forgetOffer(epoch: number): void {
    const pair = this.#pairs.get(epoch);
    if (pair !== undefined) eraseKeys(pair.privateKey);
    this.#pairs.delete(epoch);
  }

  /**
   * The peer's key for an epoch out of a message: form, curve, that it is new to the session and not our own of that
   * epoch come back. All refusals are `bad_key`.
   */
  judgePeerKey(epoch: number, text: string): Parsed<Uint8Array> {
    const key = parsePublicKey(text);
    if (!key.ok) return key;
    const own = this.#pairs.get(epoch);
    if (own !== undefined && isSameX(own.publicKey, key.value)) {
      return fault("bad_key", "Cannot use public key: it is our own", { offset: 0 });
    }
    return this.#seen.check(key.value);
  }

  /**
   * Makes the epoch's master key from our offer and the peer's key, which {@link judgePeerKey} let pass; answers it,
   * borrowed until {@link erase}. The pair is used up.
   *
   * @throws Error without an offer for the epoch, or for a key that was not judged: a programmer's mistake.
   */
  derive(epoch: number, peerKey: Uint8Array, weAreCaller: boolean, negotiated: Negotiated): Uint8Array {
    const pair = this.#pairs.get(epoch);
    if (pair === undefined) throw new Error(`no key pair was offered for epoch ${epoch}`);
    const x = unwrap(agree(pair, peerKey, this.#p256));
    const transcript = transcriptHash({
      sessionId: this.#sessionId,
      epoch,
      ...negotiated,
      callerKey: weAreCaller ? pair.publicKey : peerKey,
      calleeKey: weAreCaller ? peerKey : pair.publicKey,
      previousMasterKey: epoch === 0 ? undefined : this.#masters.get(epoch - 1),
    });
    const secret = sharedSecret(x, transcript);
    const master = masterKey(secret, this.#sessionId);
    eraseKeys(x, secret);
    this.#seen.add(pair.publicKey);
    this.#seen.add(peerKey);
    this.forgetOffer(epoch);
    this.erase(epoch);
    this.#masters.set(epoch, master);
    return master;
  }

  /** The master key of an epoch while it is kept; borrowed. */
  master(epoch: number): Uint8Array | undefined {
    return this.#masters.get(epoch);
  }

  /** Epochs whose master key is kept, oldest first. */
  get epochs(): readonly number[] {
    return [...this.#masters.keys()].sort((a, b) => a - b);
  }

  /** `proof` of a message that makes `epoch`, under the epoch before it. */
  prove(type: ProvenType, peerId: string, epoch: number, publicKey: Uint8Array): string {
    const previous = this.#masters.get(epoch - 1);
    if (previous === undefined) throw new Error(`the key of epoch ${epoch - 1} is not kept any more`);
    const named = { sessionId: this.#sessionId, type, peerId, epoch, publicKey: writePublicKey(publicKey) };
    return makeProof(previous, named);
  }

  /** False also when the epoch before is not known (any more): then nothing can prove the new one. */
  verify(type: ProvenType, peerId: string, epoch: number, publicKey: string, proof: string | undefined): boolean {
    const previous = this.#masters.get(epoch - 1);
    if (previous === undefined) return false;
    return verifyProof(previous, { sessionId: this.#sessionId, type, peerId, epoch, publicKey }, proof);
  }

  erase(epoch: number): void {
    const master = this.#masters.get(epoch);
    if (master !== undefined) eraseKeys(master);
    this.#masters.delete(epoch);
  }

  /** The session is over. */
  eraseAll(): void {
    for (const epoch of [...this.#pairs.keys()]) this.forgetOffer(epoch);
    for (const epoch of [...this.#masters.keys()]) this.erase(epoch);
  }
}

function isSameX(a: Uint8Array, b: Uint8Array): boolean {
  return equalBytes(a.subarray(1, 33), b.subarray(1, 33));
}
