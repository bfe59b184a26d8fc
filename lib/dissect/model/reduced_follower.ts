/**
 * Reduced headers made full again as far as a capture allows: by the packets that were seen, which nobody has
 * authenticated. A receiver must not do so (SPEC ARC-RTP-reduced-reference); whoever looks on has no better.
 */
import { distance16, nearest } from "../../base/serial.ts";
import { ARCRTP_MIN_HEADER_BYTES, type ArcRtpView, writeArcRtpHeader } from "../../packet/arcrtp.ts";
import {
  MAX_REDUCED_CONTEXTS,
  REDUCED_SEQUENCE_BITS,
  REDUCED_TIMESTAMP_BITS,
  type ReducedContext,
  ReducedView,
} from "../../packet/reduced.ts";
import type { SsrcEntry } from "./session_registry.ts";

/** The last packet of an SSRC in one direction of a conversation. */
interface Reference {
  readonly ssrc: number;
  sequence16: number;
  timestamp: number;
  keyPhase: number;
}

interface Slot {
  readonly context: ReducedContext;
  readonly reference: Reference;
}

/** Follows one direction of a conversation. */
export class ReducedFollower {
  /** The full header that the last {@link expand} made. */
  readonly header = new Uint8Array(ARCRTP_MIN_HEADER_BYTES);
  readonly #slots = new Array<Slot | undefined>(MAX_REDUCED_CONTEXTS).fill(undefined);
  readonly #unit = new ReducedView();
  /** The header being made: one object for all packets. */
  readonly #fields = {
    marker: false,
    payloadType: 0,
    sequenceNumber: 0,
    timestamp: 0,
    ssrc: 0,
    quality: 0,
    priority: 0,
    keyPhase: 0,
  };

  /** Takes a full packet whose SSRC has contexts. */
  full(packet: ArcRtpView, entry: SsrcEntry): void {
    const { ssrc, sequenceNumber, timestamp, keyPhase } = packet;
    const known = this.#slots.find((slot) => slot?.reference.ssrc === ssrc)?.reference;
    const reference = known ?? { ssrc, sequence16: sequenceNumber, timestamp, keyPhase };
    for (const context of entry.stream.contexts) {
      if (context.ssrc !== ssrc || this.#slots[context.contextId]?.reference === reference) continue;
      this.#slots[context.contextId] = { context, reference };
    }
    moveTo(reference, sequenceNumber, timestamp);
    reference.keyPhase = keyPhase;
  }

  /** Writes the full header of the unit `bytes[start..end)` to {@link header}; false where its context is not known. */
  expand(bytes: Uint8Array, start: number, end: number): boolean {
    const unit = this.#unit;
    if (!unit.parse(bytes, start, end)) return false;
    const slot = this.#slots[unit.contextId];
    if (slot === undefined) return false;
    const { context, reference } = slot;
    const fields = this.#fields;
    fields.marker = unit.marker;
    fields.payloadType = context.payloadType;
    fields.sequenceNumber = nearest(unit.sequence8, reference.sequence16, REDUCED_SEQUENCE_BITS) & 0xffff;
    fields.timestamp = nearest(unit.timestamp16, reference.timestamp, REDUCED_TIMESTAMP_BITS) >>> 0;
    fields.ssrc = context.ssrc;
    fields.quality = context.quality;
    fields.priority = unit.priority;
    fields.keyPhase = reference.keyPhase;
    writeArcRtpHeader(fields, this.header, 0);
    moveTo(reference, fields.sequenceNumber, fields.timestamp);
    return true;
  }
}

/** A packet that came late does not move it back. */
function moveTo(reference: Reference, sequence16: number, timestamp: number): void {
  if (distance16(reference.sequence16, sequence16) < 0) return;
  reference.sequence16 = sequence16;
  reference.timestamp = timestamp;
}
