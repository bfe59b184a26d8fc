/**
 * The receiver's side of ArcSRTP: one SSRC's replay window and rollover counter, and unprotection in place.
 *
 * ```
 *   estimate the index -> replay check -> HMAC -> AEAD -> commit
 * ```
 *
 * A failure at any step leaves bytes, window and ROC as they were (SPEC ARC-SRTP-receive-order). Why commit is last and
 * the replay check first: see `ReplayWindow`.
 */
import type { PacketBatch } from "../base/batch.ts";
import type { ArcRtpView } from "../packet/arcrtp.ts";
import type { MacKey } from "./backend.ts";
import { estimateIndex, MAX_PACKET_INDEX, NO_INDEX, packetIndex, rocOf, writePacketNonce } from "./packet_index.ts";
import { DEFAULT_WINDOW_PACKETS, ReplayWindow } from "./replay_window.ts";
import type { SrtpOutcome, SrtpStreamKeys } from "./srtp_keys.ts";
import type { SrtpStateOptions } from "./srtp_protect.ts";
import { AEAD_TAG_BYTES, AUTHENTICATION_TAG_BYTES } from "./suites.ts";

/** Silence after which a rollover may have been missed. SPEC ARC-SRTP-roc-resync. */
export const ROC_RESYNC_AFTER_MS = 1000;

/** How many rollovers may have been missed. */
const ROC_RESYNC_TRIES = 2;

const HMAC_TAG_BYTES = AUTHENTICATION_TAG_BYTES["hmac-sha256-80"];

/**
 * What a receiver knows of one SSRC. Lives as long as the SSRC, across epochs, paths and resumption
 * (SPEC ARC-KEY-index-continues); the keys come with each packet, picked by its key phase.
 *
 * `nowMs` is monotonic milliseconds.
 */
export class SrtpReceiver {
  readonly ssrc: number;
  readonly #window: ReplayWindow;
  #announcedRoc: number;
  #authenticatedMs: number;
  /** The index that is tried: as an argument a number of 48 bits would be an object for each packet. */
  readonly #index = new Float64Array(1);

  /** `nowMs` starts the silence that {@link ROC_RESYNC_AFTER_MS} measures. */
  constructor(ssrc: number, nowMs: number, options: SrtpStateOptions = {}) {
    this.ssrc = ssrc;
    this.#window = new ReplayWindow(options.windowPackets ?? DEFAULT_WINDOW_PACKETS);
    this.#announcedRoc = options.startRoc ?? 0;
    this.#authenticatedMs = nowMs;
  }

  /** The highest authenticated index, -1 before the first. */
  get highestIndex(): number {
    return this.#window.highestIndex;
  }

  /** Rollover counter of the highest authenticated index; before the first, the announced one. */
  get roc(): number {
    return this.highestIndex === NO_INDEX ? this.#announcedRoc : rocOf(this.highestIndex);
  }

  /**
   * The sender says that it is at `roc` (SPEC ARC-SRTP-roc-announced). Before the first packet it is where the stream
   * starts; later it is tried on packets that fail with the estimate, and can only lead forward.
   */
  announceRoc(roc: number): void {
    this.#announcedRoc = roc;
  }

  /**
   * Unprotects the packet that `packet` was parsed from, in place. On `ok` the plaintext ends `keys.overheadBytes`
   * before `packet.end`: strip the padding from there.
   *
   * Refused, with nothing changed: `truncated` (no room for the tags), `bad_context` (another SSRC), `replay` (seen
   * before, or too old to tell), `auth` (HMAC), `decrypt` (AEAD; under authentication `none` also every forgery).
   *
   * SPEC ARC-SRTP-receive-order, ARC-SRTP-short-packet.
   */
  unprotect(keys: SrtpStreamKeys, packet: ArcRtpView, nowMs: number): SrtpOutcome {
    if (packet.headerEnd + keys.overheadBytes > packet.end) return "truncated";
    return this.#receive(keys.mac, keys, packet, nowMs);
  }

  /**
   * The same without decryption, for a relay that holds `auth_key` alone: replay check, HMAC, commit. The packet stays
   * as it is. Use either this or {@link unprotect} on one receiver.
   */
  verify(mac: MacKey, packet: ArcRtpView, nowMs: number): SrtpOutcome {
    if (packet.headerEnd + AEAD_TAG_BYTES + HMAC_TAG_BYTES > packet.end) return "truncated";
    return this.#receive(mac, null, packet, nowMs);
  }

  #receive(mac: MacKey | null, keys: SrtpStreamKeys | null, packet: ArcRtpView, nowMs: number): SrtpOutcome {
    if (packet.ssrc !== this.ssrc) return "bad_context";
    const seq16 = packet.sequenceNumber;
    const highest = this.highestIndex;
    const estimate = highest === NO_INDEX ? packetIndex(this.#announcedRoc, seq16) : estimateIndex(seq16, highest);
    this.#index[0] = estimate;
    const outcome = this.#attempt(mac, keys, packet, nowMs);
    if (outcome === "ok") return outcome;
    // The HMAC covers the ROC: when it was right, no other ROC is.
    if (outcome === "decrypt" && mac !== null) return outcome;

    if (this.#announcedRoc > this.roc) {
      const announced = packetIndex(this.#announcedRoc, seq16);
      this.#index[0] = announced;
      if (announced !== estimate && this.#attempt(mac, keys, packet, nowMs) === "ok") return "ok";
    }
    if (nowMs - this.#authenticatedMs >= ROC_RESYNC_AFTER_MS) {
      for (let missed = 1; missed <= ROC_RESYNC_TRIES; missed++) {
        this.#index[0] = estimate + packetIndex(missed, 0);
        if (this.#attempt(mac, keys, packet, nowMs) === "ok") return "ok";
      }
    }
    // The likeliest index gives the reason.
    return outcome;
  }

  /** Under the index in {@link #index}. */
  #attempt(mac: MacKey | null, keys: SrtpStreamKeys | null, packet: ArcRtpView, nowMs: number): SrtpOutcome {
    const index = this.#index[0];
    if (index > MAX_PACKET_INDEX || !this.#window.check(index)) return "replay";
    const { bytes, start, headerEnd, end } = packet;
    const roc = rocOf(index);
    const tagEnd = mac === null ? end : end - HMAC_TAG_BYTES;
    if (mac !== null && !mac.verify(bytes, start, tagEnd, roc, bytes, tagEnd, HMAC_TAG_BYTES)) return "auth";
    if (keys !== null) {
      writePacketNonce(keys.nonce, keys.salt, this.ssrc, roc, packet.sequenceNumber);
      if (!keys.aead.open(keys.nonce, bytes, start, headerEnd, tagEnd - AEAD_TAG_BYTES)) return "decrypt";
    }
    this.#window.commit(index);
    this.#authenticatedMs = nowMs;
    return "ok";
  }
}

/** What {@link unprotectBatch} needs to know of a packet. */
export interface SrtpReceiveContext {
  readonly keys: SrtpStreamKeys;
  readonly receiver: SrtpReceiver;
}

/**
 * Unprotects every packet of a batch in place, in order; `find` names keys and receiver of the packet that `view` is
 * at, by SSRC and key phase. `outcomes[i]` tells of slot `i`, and `batch.lengths[i]` has shrunk where it is `ok`. A
 * slot that does not parse gets the parser's reason, one that `find` does not know `bad_context`.
 */
export function unprotectBatch(
  batch: PacketBatch,
  view: ArcRtpView,
  find: (packet: ArcRtpView) => SrtpReceiveContext | undefined,
  nowMs: number,
  outcomes: SrtpOutcome[],
): void {
  for (let i = 0; i < batch.size; i++) outcomes[i] = unprotectSlot(batch, i, view, find, nowMs);
}

function unprotectSlot(
  batch: PacketBatch,
  slot: number,
  view: ArcRtpView,
  find: (packet: ArcRtpView) => SrtpReceiveContext | undefined,
  nowMs: number,
): SrtpOutcome {
  const start = batch.offset(slot);
  if (!view.parse(batch.bytes, start, start + batch.lengths[slot])) return view.faultReason ?? "bad_value";
  const context = find(view);
  if (context === undefined) return "bad_context";
  const outcome = context.receiver.unprotect(context.keys, view, nowMs);
  if (outcome === "ok") batch.lengths[slot] -= context.keys.overheadBytes;
  return outcome;
}
