/**
 * The imported keys that protect one direction's packets, and the count that limits their use.
 *
 * Keys say nothing of a packet's place in its stream: rollover counters and replay windows live per SSRC in
 * `SrtpSender` and `SrtpReceiver`, and go on when the keys change (SPEC ARC-KEY-index-continues).
 */
import type { FaultReason } from "../base/parsed.ts";
import type { AeadKey, CryptoBackend, MacKey } from "./backend.ts";
import { AEAD_NONCE_BYTES, type Authentication, AUTHENTICATION_TAG_BYTES, type SuiteName, SUITES } from "./suites.ts";

/** What became of a packet: `ok`, or the reason why it was refused, in which case nothing has changed. */
export type SrtpOutcome = "ok" | FaultReason;

/** Raw keys as the key schedule derives them: encryption_key of the suite's length, auth_key 32, salt 12 bytes. */
export interface SrtpKeyMaterial {
  readonly encryptionKey: Uint8Array;
  readonly authKey: Uint8Array;
  readonly salt: Uint8Array;
}

/** Packets that may be protected with the keys of one epoch. SPEC ARC-KEY-packet-count-scope. */
export const EPOCH_PACKET_LIMIT = 2 ** 31;

/** One count for all keys of an epoch, whatever their stream: hand the same budget to each. */
export class PacketBudget {
  readonly limitPackets: number;
  #usedPackets = 0;

  /** `limitPackets` is a knob for tests; the protocol's is {@link EPOCH_PACKET_LIMIT}. */
  constructor(limitPackets = EPOCH_PACKET_LIMIT) {
    this.limitPackets = limitPackets;
  }

  get usedPackets(): number {
    return this.#usedPackets;
  }

  get isSpent(): boolean {
    return this.#usedPackets >= this.limitPackets;
  }

  /** Counts one packet, or so many. */
  spend(packets = 1): void {
    this.#usedPackets += packets;
  }
}

/** Keys of one stream (or of one peer's RTCP) and epoch, imported into a backend. Copies what it is given. */
export class SrtpStreamKeys {
  readonly suite: SuiteName;
  readonly authentication: Authentication;
  readonly aead: AeadKey;
  /** Null under authentication `none`. */
  readonly mac: MacKey | null;
  /** 12 bytes, read only. */
  readonly salt: Uint8Array;
  readonly budget: PacketBudget;
  /** What protection appends to an RTP packet: 26 bytes, 16 under `none`. SRTCP adds 4 more. */
  readonly overheadBytes: number;
  /** Scratch for the nonce of the packet at hand: one packet is worked on at a time. */
  readonly nonce = new Uint8Array(AEAD_NONCE_BYTES);

  /** @throws RangeError when a key has not the suite's length: they come from our own key schedule. */
  constructor(
    backend: CryptoBackend,
    suite: SuiteName,
    authentication: Authentication,
    material: SrtpKeyMaterial,
    budget = new PacketBudget(),
  ) {
    if (material.salt.length !== AEAD_NONCE_BYTES) {
      throw new RangeError(`Cannot import salt: need ${AEAD_NONCE_BYTES} bytes, got ${material.salt.length}`);
    }
    this.suite = suite;
    this.authentication = authentication;
    this.aead = backend.importAead(suite, material.encryptionKey);
    this.mac = authentication === "none" ? null : backend.importMac(material.authKey);
    this.salt = material.salt.slice();
    this.budget = budget;
    this.overheadBytes = SUITES[suite].tagBytes + AUTHENTICATION_TAG_BYTES[authentication];
  }

  /** Erases our copies (SPEC ARC-KEY-rotation-key-erased). Later use throws. */
  free(): void {
    this.aead.free();
    this.mac?.free();
    this.salt.fill(0);
  }
}
