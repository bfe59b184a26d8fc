/** What a relay knows of one SSRC whose keys it was given: enough to refuse forgeries and replays, not to read. */
import { readU32 } from "../base/bytes.ts";
import type { MacKey } from "../crypto/backend.ts";
import { ReplayWindow } from "../crypto/replay_window.ts";
import type { SrtpOutcome } from "../crypto/srtp_keys.ts";
import { SrtpReceiver } from "../crypto/srtp_unprotect.ts";
import { AEAD_TAG_BYTES, AUTHENTICATION_TAG_BYTES } from "../crypto/suites.ts";
import type { ArcRtpView } from "../packet/arcrtp.ts";

/** How long an epoch's keys are kept after the first packet of the next. SPEC ARC-RELAY-keys-previous. */
export const PREVIOUS_EPOCH_MS = 1000;

const HMAC_TAG_BYTES = AUTHENTICATION_TAG_BYTES["hmac-sha256-80"];
const RTCP_HEADER_BYTES = 8;
const SRTCP_INDEX_BYTES = 4;
const SRTCP_E_BIT = 0x8000_0000;
/** Behind the RTCP header: AEAD tag, E bit and index, HMAC tag. */
const LEAST_SRTCP_BYTES = RTCP_HEADER_BYTES + AEAD_TAG_BYTES + SRTCP_INDEX_BYTES + HMAC_TAG_BYTES;

/** One epoch's authentication keys; they belong to the check that they are given to. */
export interface EpochKeys {
  readonly epoch: number;
  readonly mac: MacKey;
  readonly rtcpMac: MacKey;
}

interface HeldKeys extends EpochKeys {
  /** When they are no longer good; Infinity until a packet of a later epoch has come. */
  endMs: number;
}

export class SsrcCheck {
  readonly receiver: SrtpReceiver;
  /** Rising by epoch. No two have the same key phase, which has two bits: so there are four at most. */
  readonly #held: HeldKeys[] = [];
  readonly #rtcpWindow = new ReplayWindow();
  /** The highest epoch that a packet has come of. */
  #begunEpoch = -1;

  /** `roc` as the peer announced it. */
  constructor(ssrc: number, roc: number, nowMs: number) {
    this.receiver = new SrtpReceiver(ssrc, nowMs, { startRoc: roc });
  }

  /**
   * Takes keys over. Those of an epoch whose end is settled change nothing: a repeated message must not bring an old
   * epoch back.
   */
  add(keys: EpochKeys): void {
    if (keys.epoch < this.#begunEpoch) {
      keys.mac.free();
      keys.rtcpMac.free();
      return;
    }
    this.#drop((held) => (held.epoch & 3) === (keys.epoch & 3));
    this.#held.push({ ...keys, endMs: Infinity });
    this.#held.sort((a, b) => a.epoch - b.epoch);
  }

  /** Checks a full packet of this SSRC, which stays as it is. */
  media(packet: ArcRtpView, nowMs: number): SrtpOutcome {
    const held = this.#ofPhase(packet.keyPhase, nowMs);
    if (held === undefined) return "auth";
    const outcome = this.receiver.verify(held.mac, packet, nowMs);
    if (outcome === "ok") this.#began(held, nowMs);
    return outcome;
  }

  /** Checks an SRTCP packet of this sender SSRC: its index, then the HMAC under whichever epoch's key is right. */
  rtcp(bytes: Uint8Array, start: number, end: number, nowMs: number): SrtpOutcome {
    if (end - start < LEAST_SRTCP_BYTES) return "truncated";
    const tagAt = end - HMAC_TAG_BYTES;
    const word = readU32(bytes, tagAt - SRTCP_INDEX_BYTES);
    if (word < SRTCP_E_BIT) return "bad_value";
    const index = word - SRTCP_E_BIT;
    if (!this.#rtcpWindow.check(index)) return "replay";
    for (let i = this.#held.length - 1; i >= 0; i--) {
      const held = this.#held[i];
      if (held.endMs <= nowMs || !held.rtcpMac.verify(bytes, start, tagAt, null, bytes, tagAt, HMAC_TAG_BYTES)) {
        continue;
      }
      this.#rtcpWindow.commit(index);
      this.#began(held, nowMs);
      return "ok";
    }
    return "auth";
  }

  /** Erases the keys. Later use refuses everything. */
  free(): void {
    this.#drop(() => true);
  }

  #ofPhase(keyPhase: number, nowMs: number): HeldKeys | undefined {
    for (const held of this.#held) if ((held.epoch & 3) === keyPhase && held.endMs > nowMs) return held;
    return undefined;
  }

  /** A packet of this epoch has come: the time of those before it runs out. */
  #began(current: HeldKeys, nowMs: number): void {
    if (current.epoch <= this.#begunEpoch) return;
    this.#begunEpoch = current.epoch;
    for (const held of this.#held) {
      if (held.epoch < current.epoch) held.endMs = Math.min(held.endMs, nowMs + PREVIOUS_EPOCH_MS);
    }
  }

  #drop(condition: (held: HeldKeys) => boolean): void {
    for (let i = this.#held.length - 1; i >= 0; i--) {
      const held = this.#held[i];
      if (!condition(held)) continue;
      held.mac.free();
      held.rtcpMac.free();
      this.#held.splice(i, 1);
    }
  }
}
