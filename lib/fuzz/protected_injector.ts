/**
 * The negotiated keys in the hands of somebody who means ill: malformed plaintext, properly protected, as a peer could
 * send it. What stands behind authentication is reached no other way.
 */
import { readU32, writeU16, writeU32 } from "../base/bytes.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import { rtcpKeys, sealingKey, streamKeys } from "../crypto/key_schedule.ts";
import { SEAL_OVERHEAD_BYTES, Sealer } from "../crypto/seal.ts";
import { srtcpOverheadBytes, SrtcpSender } from "../crypto/srtcp.ts";
import { SrtpStreamKeys } from "../crypto/srtp_keys.ts";
import { SrtpSender } from "../crypto/srtp_protect.ts";
import type { Authentication, SuiteName } from "../crypto/suites.ts";
import { ArcRtpView, setKeyPhase } from "../packet/arcrtp.ts";
import { RTP_SEQUENCE_AT, RTP_SSRC_AT } from "../packet/rtp_header.ts";

export interface InjectorKeys {
  readonly backend: CryptoBackend;
  readonly suite: SuiteName;
  readonly authentication: Authentication;
  readonly master: Uint8Array;
  readonly epoch: number;
  /** Who seems to send. */
  readonly peerId: string;
  readonly streamId: string;
  /** SSRCs that the stream announced and that nothing else sends under. */
  readonly ssrcs: readonly number[];
  /** Sealing counters from here on are free. */
  readonly firstCounter?: number;
}

export class ProtectedInjector {
  readonly ssrcs: readonly number[];
  readonly #epoch: number;
  readonly #keys: SrtpStreamKeys;
  readonly #rtcpKeys: SrtpStreamKeys;
  readonly #sealer: Sealer;
  readonly #senders: ReadonlyMap<number, { readonly rtp: SrtpSender; readonly rtcp: SrtcpSender; sequence: number }>;
  readonly #view = new ArcRtpView();

  constructor({ backend, suite, authentication, master, epoch, peerId, streamId, ssrcs, firstCounter }: InjectorKeys) {
    this.ssrcs = ssrcs;
    this.#epoch = epoch;
    this.#keys = new SrtpStreamKeys(backend, suite, authentication, streamKeys(master, streamId, suite));
    this.#rtcpKeys = new SrtpStreamKeys(backend, suite, authentication, rtcpKeys(master, peerId, suite));
    this.#sealer = new Sealer(backend.importMac(sealingKey(master, peerId)), firstCounter);
    this.#senders = new Map(
      ssrcs.map((ssrc) => [ssrc, { rtp: new SrtpSender(ssrc), rtcp: new SrtcpSender(ssrc), sequence: 100 }]),
    );
  }

  /**
   * The plain ArcRTP packet protected under the `which`-th SSRC: its SSRC, sequence number and key phase are set, so
   * that it authenticates, all else stays. Undefined where it has no header to protect.
   */
  rtp(plain: Uint8Array, which: number): Uint8Array | undefined {
    const ssrc = this.ssrcs[which % this.ssrcs.length];
    const sender = this.#senders.get(ssrc);
    if (sender === undefined || plain.length < 16) return undefined;
    const packet = new Uint8Array(plain.length + this.#keys.overheadBytes);
    packet.set(plain);
    writeU32(packet, RTP_SSRC_AT, ssrc);
    writeU16(packet, RTP_SEQUENCE_AT, sender.sequence & 0xffff);
    if (!this.#view.parse(packet, 0, plain.length)) return undefined;
    setKeyPhase(packet, this.#view.arcStart, this.#epoch & 3);
    sender.sequence++;
    return sender.rtp.protect(this.#keys, this.#view) === "ok" ? packet : undefined;
  }

  /** The RTCP bytes, whatever they are behind their first 8, protected. */
  rtcp(plain: Uint8Array, which: number): Uint8Array | undefined {
    const ssrc = this.ssrcs[which % this.ssrcs.length];
    const sender = this.#senders.get(ssrc);
    if (sender === undefined || plain.length < 8) return undefined;
    const packet = new Uint8Array(plain.length + srtcpOverheadBytes(this.#rtcpKeys));
    packet.set(plain);
    packet[0] = 0x80 | (packet[0] & 0x3f);
    if (readU32(packet, 4) !== ssrc) writeU32(packet, 4, ssrc);
    return sender.rtcp.protect(this.#rtcpKeys, packet, 0, plain.length) === "ok" ? packet : undefined;
  }

  /** The JSON text, which need not be any, sealed. */
  sealed(json: Uint8Array): Uint8Array | undefined {
    const unit = new Uint8Array(json.length + SEAL_OVERHEAD_BYTES);
    unit.set(json);
    return this.#sealer.seal(json, unit).ok ? unit : undefined;
  }

  free(): void {
    this.#keys.free();
    this.#rtcpKeys.free();
    this.#sealer.free();
  }
}
