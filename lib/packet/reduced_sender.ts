/** When to send a reduced header, and putting it on. SPEC §2.3. */
import { distance16, distance32 } from "../base/serial.ts";
import { ArcRtpView } from "./arcrtp.ts";
import { REDUCED_SAVED_BYTES, type ReducedContext, ReducedContexts, writeReducedHeader } from "./reduced.ts";

/** SPEC ARC-RTP-reduced-first-three. */
const FIRST_FULL_PACKETS = 3;
/** SPEC ARC-RTP-reduced-window. */
const MAX_SEQUENCE_DISTANCE = 64;
const MAX_TIMESTAMP_DISTANCE = 32767;
/** At least one full header in every so many packets, and in every so many ms. SPEC ARC-RTP-reduced-refresh. */
const REFRESH_PACKETS = 32;
const REFRESH_MS = 120;
/** SPEC ARC-RTP-reduced-epoch-pause. */
const EPOCH_PAUSE_MS = 1000;

/**
 * The sending side of reduced headers: one per peer, for all its streams. Every full packet that goes out passes
 * through {@link reduce}, after protection. Allocates nothing per packet.
 */
export class ReducedSender {
  readonly #contexts = new ReducedContexts<SsrcHistory>();
  readonly #packet = new ArcRtpView();
  /** The key phase of the last packet of any SSRC; -1 before the first. */
  #keyPhase = -1;
  #epochBeganMs = -Infinity;

  /** Adds a context of one's own STREAM_START; false when it clashes, see {@link ReducedContexts.define}. */
  define(context: ReducedContext): boolean {
    return this.#contexts.define(context, () => new SsrcHistory());
  }

  /**
   * Decides for the protected full packet at `bytes[start..end)` and returns where the unit to send begins: `start` for
   * a full header, or `start + 12` after a reduced header was written over the last 4 of the first 16 bytes. The
   * payload stays where it is.
   */
  reduce(bytes: Uint8Array, start: number, end: number, nowMs: number): number {
    const packet = this.#packet;
    if (!packet.parse(bytes, start, end)) return start;
    const { ssrc, sequenceNumber, timestamp, quality, keyPhase } = packet;
    this.#noteEpoch(keyPhase, nowMs);
    const history = this.#contexts.stateOf(ssrc);
    if (history === undefined) return start;

    const context = isReducible(packet) ? this.#contexts.find(ssrc, packet.payloadType, quality) : undefined;
    const pauseOver = nowMs - this.#epochBeganMs >= EPOCH_PAUSE_MS;
    if (context === undefined || !pauseOver || !history.allows(sequenceNumber, timestamp, quality, keyPhase, nowMs)) {
      history.noteFull(sequenceNumber, timestamp, quality, keyPhase, nowMs);
      return start;
    }
    history.noteReduced(timestamp);
    const unitStart = start + REDUCED_SAVED_BYTES;
    const { marker, priority } = packet;
    writeReducedHeader(marker, priority, context.contextId, sequenceNumber, timestamp, bytes, unitStart);
    return unitStart;
  }

  /** K shows an epoch change in the packets themselves, whichever SSRC meets it first. */
  #noteEpoch(keyPhase: number, nowMs: number): void {
    if (keyPhase === this.#keyPhase) return;
    if (this.#keyPhase !== -1) this.#epochBeganMs = nowMs;
    this.#keyPhase = keyPhase;
  }
}

/** True when nothing but M, PR, sequence number and timestamp would have to travel. SPEC ARC-RTP-reduced-eligible. */
function isReducible(packet: ArcRtpView): boolean {
  const { bytes, start } = packet;
  const reservedBits = bytes[start + 12] & 3;
  return bytes[start] === 0x80 && (reservedBits | bytes[start + 13] | bytes[start + 14] | bytes[start + 15]) === 0;
}

/** What a receiver may know of an SSRC, whichever one of the last two full packets it has lost. */
class SsrcHistory {
  /** Full packets so far, counted up to the first three. */
  #fullPackets = 0;
  #reducedInARow = 0;
  #lastFullMs = 0;
  #quality = 0;
  /** Of the last full packet, and of the one before it. */
  #sequence = 0;
  #sequenceBefore = 0;
  #keyPhase = 0;
  #keyPhaseBefore = 0;
  /**
   * Timestamps relative to the last full packet's. Each packet since the last full one but one may be the receiver's
   * reference, so their extremes are kept: from the last full packet on, and from the one before up to it.
   */
  #timestamp = 0;
  #lowest = 0;
  #highest = 0;
  #lowestBefore = 0;
  #highestBefore = 0;

  /** True when a receiver will restore these values, even if the last full packet was lost on the way. */
  allows(sequenceNumber: number, timestamp: number, quality: number, keyPhase: number, nowMs: number): boolean {
    const ahead = distance32(this.#timestamp, timestamp);
    return this.#fullPackets >= FIRST_FULL_PACKETS &&
      this.#reducedInARow < REFRESH_PACKETS - 1 &&
      nowMs - this.#lastFullMs < REFRESH_MS &&
      quality === this.#quality &&
      keyPhase === this.#keyPhase && keyPhase === this.#keyPhaseBefore &&
      Math.abs(distance16(this.#sequence, sequenceNumber)) <= MAX_SEQUENCE_DISTANCE &&
      Math.abs(distance16(this.#sequenceBefore, sequenceNumber)) <= MAX_SEQUENCE_DISTANCE &&
      ahead - Math.min(this.#lowest, this.#lowestBefore) <= MAX_TIMESTAMP_DISTANCE &&
      Math.max(this.#highest, this.#highestBefore) - ahead <= MAX_TIMESTAMP_DISTANCE;
  }

  noteReduced(timestamp: number): void {
    const ahead = distance32(this.#timestamp, timestamp);
    this.#reducedInARow++;
    this.#lowest = Math.min(this.#lowest, ahead);
    this.#highest = Math.max(this.#highest, ahead);
  }

  noteFull(sequenceNumber: number, timestamp: number, quality: number, keyPhase: number, nowMs: number): void {
    const ahead = distance32(this.#timestamp, timestamp);
    this.#lowestBefore = this.#lowest - ahead;
    this.#highestBefore = this.#highest - ahead;
    this.#lowest = 0;
    this.#highest = 0;
    this.#timestamp = timestamp;
    this.#sequenceBefore = this.#sequence;
    this.#sequence = sequenceNumber;
    this.#keyPhaseBefore = this.#keyPhase;
    this.#keyPhase = keyPhase;
    this.#quality = quality;
    this.#lastFullMs = nowMs;
    this.#reducedInARow = 0;
    if (this.#fullPackets < FIRST_FULL_PACKETS) this.#fullPackets++;
  }
}
