/**
 * The imported keys of every epoch that a session holds, by stream and by RTCP sender.
 *
 * ```
 *  epochMade(n, master) --> for each owner: HKDF -> import        owner: a stream_id, or a peer_id for its RTCP
 *  packet with K        --> KeySet.ofPhase(K)                     at most four epochs, so two bits name one
 *  epochRetired(n)      --> every handle freed, the copy of the master key erased
 * ```
 *
 * A copy of each held epoch's master key stays here until it is retired, because streams start in the middle of epochs.
 */
import type { CryptoBackend } from "../crypto/backend.ts";
import { eraseKeys, rtcpKeys, streamKeys } from "../crypto/key_schedule.ts";
import { type PacketBudget, SrtpStreamKeys } from "../crypto/srtp_keys.ts";
import type { Authentication, SuiteName } from "../crypto/suites.ts";

/** K has two bits. */
const PHASES = 4;

/** The keys of one stream, or of one peer's RTCP, in all epochs that are held. */
export class KeySet {
  readonly #byPhase = new Array<SrtpStreamKeys | undefined>(PHASES).fill(undefined);

  /** The keys of the held epoch with this K; undefined when there is none. SPEC ARC-KEY-epoch-phase-lookup. */
  ofPhase(keyPhase: number): SrtpStreamKeys | undefined {
    return this.#byPhase[keyPhase & 3];
  }

  /** Takes the keys over, and frees those that had their place. */
  set(keyPhase: number, keys: SrtpStreamKeys | undefined): void {
    this.#byPhase[keyPhase & 3]?.free();
    this.#byPhase[keyPhase & 3] = keys;
  }

  free(): void {
    for (let phase = 0; phase < PHASES; phase++) this.set(phase, undefined);
  }
}

interface KeyedEpoch {
  readonly epoch: number;
  readonly master: Uint8Array;
  readonly budget: PacketBudget;
}

interface KeyOwner {
  readonly id: string;
  readonly isRtcp: boolean;
  readonly keys: KeySet;
}

/** One session's. */
export class StreamKeyring {
  readonly #backend: CryptoBackend;
  readonly #suite: SuiteName;
  readonly #authentication: Authentication;
  /** Newest first. */
  #epochs: KeyedEpoch[] = [];
  readonly #owners = new Set<KeyOwner>();
  #sendEpoch = -1;

  constructor(backend: CryptoBackend, suite: SuiteName, authentication: Authentication) {
    this.#backend = backend;
    this.#suite = suite;
    this.#authentication = authentication;
  }

  /** The epoch that protects what we send; -1 before the first. */
  get sendEpoch(): number {
    return this.#sendEpoch;
  }

  /** False while nothing may be sent: no epoch was chosen, or its keys are used up (SPEC ARC-KEY-rotation-stop). */
  get maySend(): boolean {
    const held = this.#find(this.#sendEpoch);
    return held !== undefined && !held.budget.isSpent;
  }

  /** Held epochs in the order in which units without K are tried: the sending one first. SPEC ARC-KEY-epoch-trial. */
  trialEpoch(attempt: number): number {
    if (attempt === 0) return this.#sendEpoch;
    let others = 0;
    for (const { epoch } of this.#epochs) if (epoch !== this.#sendEpoch && ++others === attempt) return epoch;
    return -1;
  }

  /** The held epoch with this K, -1 when there is none. */
  epochOfPhase(keyPhase: number): number {
    for (const { epoch } of this.#epochs) if ((epoch & 3) === keyPhase) return epoch;
    return -1;
  }

  /** Derives and imports everybody's keys; `master` is borrowed. An epoch of the same number or K makes room. */
  epochMade(epoch: number, master: Uint8Array, budget: PacketBudget): void {
    for (const held of this.#epochs) if ((held.epoch & 3) === (epoch & 3)) this.epochRetired(held.epoch);
    const made = { epoch, master: master.slice(), budget };
    this.#epochs = [made, ...this.#epochs].sort((a, b) => b.epoch - a.epoch);
    for (const owner of this.#owners) this.#import(owner, made);
  }

  /** @throws Error for an epoch that is not held. */
  epochSend(epoch: number): void {
    if (this.#find(epoch) === undefined) throw new Error(`Cannot send with epoch ${epoch}: it is not held`);
    this.#sendEpoch = epoch;
  }

  /** Frees and erases the epoch's keys. SPEC ARC-KEY-rotation-key-erased. */
  epochRetired(epoch: number): void {
    const held = this.#find(epoch);
    if (held === undefined) return;
    eraseKeys(held.master);
    this.#epochs = this.#epochs.filter((other) => other !== held);
    for (const { keys } of this.#owners) keys.set(epoch, undefined);
  }

  /** The keys of a stream, RTX and FEC included, in all held and coming epochs, until {@link release}. */
  stream(streamId: string): KeySet {
    return this.#add(streamId, false);
  }

  /** The keys of the RTCP that a peer sends, likewise. */
  rtcp(peerId: string): KeySet {
    return this.#add(peerId, true);
  }

  release(keys: KeySet): void {
    for (const owner of this.#owners) if (owner.keys === keys) this.#owners.delete(owner);
    keys.free();
  }

  free(): void {
    for (const { epoch } of [...this.#epochs]) this.epochRetired(epoch);
    for (const { keys } of this.#owners) keys.free();
    this.#owners.clear();
  }

  #find(epoch: number): KeyedEpoch | undefined {
    for (const held of this.#epochs) if (held.epoch === epoch) return held;
    return undefined;
  }

  #add(id: string, isRtcp: boolean): KeySet {
    const owner = { id, isRtcp, keys: new KeySet() };
    this.#owners.add(owner);
    for (const held of this.#epochs) this.#import(owner, held);
    return owner.keys;
  }

  #import({ id, isRtcp, keys }: KeyOwner, { epoch, master, budget }: KeyedEpoch): void {
    const material = (isRtcp ? rtcpKeys : streamKeys)(master, id, this.#suite);
    keys.set(epoch, new SrtpStreamKeys(this.#backend, this.#suite, this.#authentication, material, budget));
    eraseKeys(material.encryptionKey, material.authKey, material.salt);
  }
}
