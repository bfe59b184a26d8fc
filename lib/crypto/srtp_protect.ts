/**
 * The sender's side of ArcSRTP: one SSRC's place in its index space, and protection of a packet in place.
 *
 * ```
 *   view.start               headerEnd                  view.end
 *   |  header through Arc block  |  payload and padding  |  room of the caller   |      before
 *   |  header through Arc block  |  AEAD ciphertext      |  tag 16  |  HMAC 10   |      after
 *   |<--------- AAD ------------>|
 *   |<----------------- under the HMAC, and u32 ROC --------------->|
 * ```
 *
 * SPEC ARC-SRTP-aad, ARC-SRTP-payload-encrypted, ARC-SRTP-hmac-tag.
 */
import type { PacketBatch } from "../base/batch.ts";
import type { ArcRtpView } from "../packet/arcrtp.ts";
import { estimateIndex, MAX_PACKET_INDEX, NO_INDEX, packetIndex, rocOf, writePacketNonce } from "./packet_index.ts";
import { DEFAULT_WINDOW_PACKETS, ReplayWindow } from "./replay_window.ts";
import type { SrtpOutcome, SrtpStreamKeys } from "./srtp_keys.ts";
import { AEAD_TAG_BYTES } from "./suites.ts";

/** Where an SSRC begins, and how far out of order its packets may come. */
export interface SrtpStateOptions {
  /** ROC of the first packet; 0 unless the SSRC has wrapped before this state was made. */
  readonly startRoc?: number;
  /** A multiple of 64 from 64 to 4096, 64 by default. */
  readonly windowPackets?: number;
}

/**
 * Counts the rollovers of one SSRC and spends each index once. Lives as long as the SSRC, across epochs, paths and
 * resumption (SPEC ARC-KEY-index-continues); the keys come with each packet.
 *
 * Packets may come a little out of order, as from a bridge that forwards what the network reordered. An index that was
 * used, or is too old to tell, is refused: the AEAD is lost when a nonce repeats.
 */
export class SrtpSender {
  readonly ssrc: number;
  readonly #startRoc: number;
  readonly #spent: ReplayWindow;

  constructor(ssrc: number, options: SrtpStateOptions = {}) {
    this.ssrc = ssrc;
    this.#startRoc = options.startRoc ?? 0;
    this.#spent = new ReplayWindow(options.windowPackets ?? DEFAULT_WINDOW_PACKETS);
  }

  /** The highest index protected, -1 before the first. */
  get highestIndex(): number {
    return this.#spent.highestIndex;
  }

  /** Rollover counter of the highest index: what STREAM_START and RELAY_KEYS announce (SPEC ARC-SRTP-roc-announced). */
  get roc(): number {
    return this.highestIndex === NO_INDEX ? this.#startRoc : rocOf(this.highestIndex);
  }

  /**
   * Protects the packet that `packet` was parsed from, in place; it grows by `keys.overheadBytes` behind `packet.end`.
   *
   * Refused, with nothing changed: `too_large` when the buffer has not that room; `bad_context` when the packet is not
   * this SSRC's; `bad_state` when its index was used before or is out of the window, when the last index is behind, or
   * when the budget of the keys is spent (SPEC ARC-KEY-rotation-stop).
   */
  protect(keys: SrtpStreamKeys, packet: ArcRtpView): SrtpOutcome {
    const { bytes, start, headerEnd, end } = packet;
    if (packet.ssrc !== this.ssrc) return "bad_context";
    if (end + keys.overheadBytes > bytes.length) return "too_large";
    const seq16 = packet.sequenceNumber;
    const highest = this.highestIndex;
    const index = highest === NO_INDEX ? packetIndex(this.#startRoc, seq16) : estimateIndex(seq16, highest);
    if (index > MAX_PACKET_INDEX || !this.#spent.check(index) || keys.budget.isSpent) return "bad_state";

    // Before the cipher runs: whatever happens there, this nonce counts as used.
    this.#spent.commit(index);
    keys.budget.spend();
    const roc = rocOf(index);
    writePacketNonce(keys.nonce, keys.salt, this.ssrc, roc, seq16);
    keys.aead.seal(keys.nonce, bytes, start, headerEnd, end);
    const tagEnd = end + AEAD_TAG_BYTES;
    keys.mac?.sign(bytes, start, tagEnd, roc, bytes, tagEnd, keys.overheadBytes - AEAD_TAG_BYTES);
    return "ok";
  }
}

/** What {@link protectBatch} needs to know of a packet. */
export interface SrtpSendContext {
  readonly keys: SrtpStreamKeys;
  readonly sender: SrtpSender;
}

/**
 * Protects every packet of a batch in place, in order; `find` names keys and sender of the packet that `view` is at.
 * `outcomes[i]` tells of slot `i`, and `batch.lengths[i]` has grown where it is `ok`. A slot that does not parse gets
 * the parser's reason, one that `find` does not know `bad_context`, one without room `too_large`.
 */
export function protectBatch(
  batch: PacketBatch,
  view: ArcRtpView,
  find: (packet: ArcRtpView) => SrtpSendContext | undefined,
  outcomes: SrtpOutcome[],
): void {
  for (let i = 0; i < batch.size; i++) outcomes[i] = protectSlot(batch, i, view, find);
}

function protectSlot(
  batch: PacketBatch,
  slot: number,
  view: ArcRtpView,
  find: (packet: ArcRtpView) => SrtpSendContext | undefined,
): SrtpOutcome {
  const start = batch.offset(slot);
  if (!view.parse(batch.bytes, start, start + batch.lengths[slot])) return view.faultReason ?? "bad_value";
  const context = find(view);
  if (context === undefined) return "bad_context";
  const { keys, sender } = context;
  if (batch.lengths[slot] + keys.overheadBytes > batch.slotBytes) return "too_large";
  const outcome = sender.protect(keys, view);
  if (outcome === "ok") batch.lengths[slot] += keys.overheadBytes;
  return outcome;
}
