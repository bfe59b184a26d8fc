/**
 * SRTP as the public Armoricore engine does it: the `armoricore` dialect. Not for `arcrtc-1.0`.
 *
 * ```
 *   RTP header, not authenticated  ||  AES-128-GCM ciphertext  ||  tag (16)
 *
 *   encryption key = HKDF(master key,  no salt, "SRTP encryption key", 16)
 *   salt key       = HKDF(master salt, no salt, "SRTP salt key", 14)
 *   nonce          = (u32 SSRC || u32 ROC || u16 sequence number || u16 0)  XOR  salt key[0..12]
 * ```
 *
 * SSRC and ROC of the nonce are the *configured* ones, whatever the packet says; the ROC never advances, and nothing
 * is refused as a replay. These are the engine's habits, kept here because its packets look like that.
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { readU16, utf8, writeU16, writeU32 } from "../base/bytes.ts";
import { fault, ok, type Parsed } from "../base/parsed.ts";
import type { RtpView } from "../packet/rtp_view.ts";
import type { AeadKey, CryptoBackend } from "./backend.ts";
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES } from "./suites.ts";

export interface ArmoricoreSrtpConfig {
  /** 16 bytes. */
  readonly masterKey: Uint8Array;
  /** 14 bytes. */
  readonly masterSalt: Uint8Array;
  readonly ssrc: number;
  readonly roc: number;
}

const MASTER_KEY_BYTES = 16;
const MASTER_SALT_BYTES = 14;

/** What the engine appends to a packet. */
export const ARMORICORE_OVERHEAD_BYTES = AEAD_TAG_BYTES;

export class ArmoricoreSrtp {
  readonly #key: AeadKey;
  readonly #nonceBase: Uint8Array;
  readonly #nonce = new Uint8Array(AEAD_NONCE_BYTES);

  /** `bad_key` when master key or salt have another length: they come from configuration. Copies what it is given. */
  static create(backend: CryptoBackend, config: ArmoricoreSrtpConfig): Parsed<ArmoricoreSrtp> {
    const { masterKey, masterSalt } = config;
    if (masterKey.length !== MASTER_KEY_BYTES) {
      return fault("bad_key", `Cannot use master key: need ${MASTER_KEY_BYTES} bytes, got ${masterKey.length}`);
    }
    if (masterSalt.length !== MASTER_SALT_BYTES) {
      return fault("bad_key", `Cannot use master salt: need ${MASTER_SALT_BYTES} bytes, got ${masterSalt.length}`);
    }
    return ok(new ArmoricoreSrtp(backend, config));
  }

  private constructor(backend: CryptoBackend, config: ArmoricoreSrtpConfig) {
    const encryptionKey = hkdf(sha256, config.masterKey, undefined, utf8("SRTP encryption key"), MASTER_KEY_BYTES);
    const saltKey = hkdf(sha256, config.masterSalt, undefined, utf8("SRTP salt key"), MASTER_SALT_BYTES);
    this.#key = backend.importAead("aes-128-gcm", encryptionKey);
    this.#nonceBase = nonceBaseOf(saltKey.subarray(0, AEAD_NONCE_BYTES), config.ssrc, config.roc);
    encryptionKey.fill(0);
  }

  /**
   * Encrypts in place the packet that `packet` was parsed from and writes the tag behind it, where the caller keeps
   * {@link ARMORICORE_OVERHEAD_BYTES} free.
   *
   * @throws RangeError when the tag does not fit.
   */
  protect(packet: RtpView): void {
    this.#prepareNonce(packet);
    this.#key.seal(this.#nonce, packet.bytes, packet.payloadStart, packet.payloadStart, packet.end);
  }

  /** Decrypts in place; the plain packet is 16 bytes shorter. On refusal every byte is as it was. */
  unprotect(packet: RtpView): "ok" | "truncated" | "decrypt" {
    const { bytes, payloadStart, end } = packet;
    if (payloadStart + AEAD_TAG_BYTES > end) return "truncated";
    this.#prepareNonce(packet);
    const isOpen = this.#key.open(this.#nonce, bytes, payloadStart, payloadStart, end - AEAD_TAG_BYTES);
    return isOpen ? "ok" : "decrypt";
  }

  free(): void {
    this.#key.free();
  }

  #prepareNonce(packet: RtpView): void {
    this.#nonce.set(this.#nonceBase);
    writeU16(this.#nonce, 8, readU16(this.#nonce, 8) ^ packet.sequenceNumber);
  }
}

/** The part of the nonce that stays the same from packet to packet. */
function nonceBaseOf(salt: Uint8Array, ssrc: number, roc: number): Uint8Array {
  const base = new Uint8Array(AEAD_NONCE_BYTES);
  writeU32(base, 0, ssrc);
  writeU32(base, 4, roc);
  for (let i = 0; i < AEAD_NONCE_BYTES; i++) base[i] ^= salt[i];
  return base;
}
