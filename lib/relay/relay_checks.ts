/**
 * HMAC and replay check of one bound peer's packets, for the SSRCs that it gave the keys of. A reduced header is
 * expanded for the check and put back: what is forwarded is what came. SPEC §8.4.
 */
import { parseBase64Url, readU32, writeU32 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import { estimateIndex } from "../crypto/packet_index.ts";
import type { SrtpOutcome } from "../crypto/srtp_keys.ts";
import { ArcRtpView } from "../packet/arcrtp.ts";
import { REDUCED_SAVED_BYTES, ReducedView } from "../packet/reduced.ts";
import { ReducedReceiver } from "../packet/reduced_receiver.ts";
import type { RelayKeys } from "../signaling/messages/relay.ts";
import { SsrcCheck } from "./ssrc_check.ts";

/** SSRCs of one peer that a relay checks: media, RTX and FEC of a few streams. */
export const MAX_CHECKED_SSRCS = 32;

/** `unchecked`: the SSRC's keys are not known here, so nothing speaks against the packet. */
export type CheckOutcome = SrtpOutcome | "unchecked";

export type KeysRefusal = "busy" | "bad_state";

export class PeerChecks {
  readonly #backend: CryptoBackend;
  readonly #ssrcs = new Map<number, SsrcCheck>();
  readonly #contexts = new ReducedReceiver();
  /** SSRC of each reduced context, -1 where it is not defined. */
  readonly #contextSsrc = new Float64Array(8).fill(-1);
  readonly #expanded = new ArcRtpView();
  readonly #unit = new ReducedView();

  constructor(backend: CryptoBackend) {
    this.#backend = backend;
  }

  has(ssrc: number): boolean {
    return this.#ssrcs.has(ssrc);
  }

  /** Takes keys over; undefined when done. `bad_state`: a context is something else already; `busy`: too many SSRCs. */
  add(keys: RelayKeys, nowMs: number): KeysRefusal | undefined {
    let check = this.#ssrcs.get(keys.ssrc);
    if (check === undefined && this.#ssrcs.size >= MAX_CHECKED_SSRCS) return "busy";
    for (const { context_id, ssrc, payload_type, quality } of keys.reduced_header ?? []) {
      const context = { contextId: context_id, ssrc, payloadType: payload_type, quality };
      if (!this.#contexts.define(context)) return "bad_state";
      this.#contextSsrc[context_id] = ssrc;
    }
    if (check === undefined) {
      check = new SsrcCheck(keys.ssrc, keys.roc, nowMs);
      this.#ssrcs.set(keys.ssrc, check);
    } else {
      check.receiver.announceRoc(keys.roc);
    }
    check.add({ epoch: keys.epoch, mac: this.#import(keys.auth_key), rtcpMac: this.#import(keys.rtcp_auth_key) });
    return undefined;
  }

  /** A packet with a full header, as `packet` was parsed from it. */
  full(packet: ArcRtpView, nowMs: number): CheckOutcome {
    const check = this.#ssrcs.get(packet.ssrc);
    return check === undefined ? "unchecked" : this.#media(check, packet, false, nowMs);
  }

  /**
   * A unit with a reduced header, of 4 bytes or more, at `bytes[start..end)`; the 12 bytes in front of it are used as
   * scratch, the unit itself is as it was when this returns.
   */
  reduced(bytes: Uint8Array, start: number, end: number, nowMs: number): CheckOutcome {
    if (!this.#unit.parse(bytes, start, end)) return "truncated";
    const check = this.#ssrcs.get(this.#contextSsrc[this.#unit.contextId]);
    if (check === undefined) return "unchecked";
    const header = readU32(bytes, start);
    if (!this.#contexts.expand(bytes, start, end)) return this.#contexts.faultReason ?? "bad_context";
    const isPacket = this.#expanded.parse(bytes, start - REDUCED_SAVED_BYTES, end);
    const outcome = isPacket
      ? this.#media(check, this.#expanded, true, nowMs)
      : this.#expanded.faultReason ?? "bad_value";
    writeU32(bytes, start, header);
    return outcome;
  }

  /** An RTCP unit of 8 bytes or more. */
  rtcp(bytes: Uint8Array, start: number, end: number, nowMs: number): CheckOutcome {
    return this.#ssrcs.get(readU32(bytes, start + 4))?.rtcp(bytes, start, end, nowMs) ?? "unchecked";
  }

  /** Erases all keys. */
  free(): void {
    for (const check of this.#ssrcs.values()) check.free();
    this.#ssrcs.clear();
  }

  #media(check: SsrcCheck, packet: ArcRtpView, wasReduced: boolean, nowMs: number): CheckOutcome {
    const outcome = check.media(packet, nowMs);
    if (outcome !== "ok") return outcome;
    const index = estimateIndex(packet.sequenceNumber, check.receiver.highestIndex);
    this.#contexts.authenticated(packet, index, wasReduced);
    return "ok";
  }

  /** The message's schema has seen to 32 bytes of base64url. */
  #import(key: string) {
    const bytes = unwrap(parseBase64Url(key));
    const mac = this.#backend.importMac(bytes);
    bytes.fill(0);
    return mac;
  }
}
