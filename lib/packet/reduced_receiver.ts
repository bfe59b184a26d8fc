/** Restoring full headers from reduced ones. SPEC §2.3. */
import { type Fault, fault, truncated } from "../base/parsed.ts";
import { nearest } from "../base/serial.ts";
import { unreachable } from "../base/unreachable.ts";
import { type ArcRtpView, writeArcRtpHeader } from "./arcrtp.ts";
import {
  REDUCED_HEADER_BYTES,
  REDUCED_SAVED_BYTES,
  REDUCED_SEQUENCE_BITS,
  REDUCED_TIMESTAMP_BITS,
  type ReducedContext,
  ReducedContexts,
  ReducedView,
} from "./reduced.ts";

/** What a reduced unit can be refused for, before its authentication. */
export type ReducedFaultReason = "truncated" | "bad_version" | "bad_context";

/** What is known of an SSRC from authenticated packets. Indexes are 48-bit, ROC * 65536 + sequence number. */
class Reference {
  /** Of the highest-index authenticated packet, full or reduced. SPEC ARC-RTP-reduced-reference. */
  index = -1;
  sequenceNumber = 0;
  timestamp = 0;
  /** Of the highest-index authenticated full packet; -1 before the first. SPEC ARC-RTP-reduced-key-phase. */
  fullIndex = -1;
  keyPhase = 0;
}

/**
 * The receiving side of reduced headers: one per remote peer, for all its streams.
 *
 * ```ts
 * if (receiver.expand(bytes, start, end)) {
 *   packet.parse(bytes, start - REDUCED_SAVED_BYTES, end);
 *   // unprotect; then, and only if it authenticated:
 *   receiver.authenticated(packet, index, true);
 * }
 * ```
 *
 * Allocates nothing per packet.
 */
export class ReducedReceiver {
  /** Why the last `expand` answered false; undefined when it answered true. */
  faultReason: ReducedFaultReason | undefined = undefined;

  readonly #contexts = new ReducedContexts<Reference>();
  readonly #unit = new ReducedView();
  /** The header being restored: one object for all packets. */
  readonly #header = {
    marker: false,
    payloadType: 0,
    sequenceNumber: 0,
    timestamp: 0,
    ssrc: 0,
    quality: 0,
    priority: 0,
    keyPhase: 0,
  };

  /** Adds a context of the peer's STREAM_START; false, for `bad_state`, when it clashes with one defined before. */
  define(context: ReducedContext): boolean {
    return this.#contexts.define(context, () => new Reference());
  }

  /**
   * Writes the full 16-byte header of the reduced unit at `bytes[start..end)` to `out[at..at + 16)`: unless told
   * otherwise in place, over the unit's 4 bytes and the 12 in front of it, where the full packet then begins.
   *
   * False, writing nothing, when the unit is `truncated`, not of the reduced class (`bad_version`), or names a context
   * that is unknown or has no authenticated full packet yet (`bad_context`). Changes no state. SPEC
   * ARC-RTP-reduced-expand, ARC-RTP-reduced-no-context.
   *
   * @throws RangeError when `out` has no room there.
   */
  expand(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array = bytes,
    at: number = start - REDUCED_SAVED_BYTES,
  ): boolean {
    const unit = this.#unit;
    if (!unit.parse(bytes, start, end)) {
      return this.#refuse(end - start < REDUCED_HEADER_BYTES ? "truncated" : "bad_version");
    }
    const slot = this.#contexts.byId(unit.contextId);
    if (slot === undefined || slot.state.fullIndex < 0) return this.#refuse("bad_context");
    if (at < 0) throw new RangeError(`Cannot expand in place: need 12 bytes before the unit, got ${start}`);
    const { context, state } = slot;
    const header = this.#header;
    header.marker = unit.marker;
    header.payloadType = context.payloadType;
    header.sequenceNumber = nearest(unit.sequence8, state.sequenceNumber, REDUCED_SEQUENCE_BITS) & 0xffff;
    header.timestamp = nearest(unit.timestamp16, state.timestamp, REDUCED_TIMESTAMP_BITS) >>> 0;
    header.ssrc = context.ssrc;
    header.quality = context.quality;
    header.priority = unit.priority;
    header.keyPhase = state.keyPhase;
    writeArcRtpHeader(header, out, at);
    this.faultReason = undefined;
    return true;
  }

  /**
   * Tells that `packet`, received as a full header or expanded from a reduced one, has authenticated under `index`.
   * Nothing else moves the reference.
   */
  authenticated(packet: ArcRtpView, index: number, wasReduced: boolean): void {
    const state = this.#contexts.stateOf(packet.ssrc);
    if (state === undefined) return;
    if (index > state.index) {
      state.index = index;
      state.sequenceNumber = packet.sequenceNumber;
      state.timestamp = packet.timestamp;
    }
    if (!wasReduced && index > state.fullIndex) {
      state.fullIndex = index;
      state.keyPhase = packet.keyPhase;
    }
  }

  #refuse(reason: ReducedFaultReason): false {
    this.faultReason = reason;
    return false;
  }

  /**
   * The fault behind {@link faultReason} as a value. Allocates.
   *
   * @throws Error when there is none.
   */
  fault(): Fault {
    const reason = this.faultReason;
    const { bytes, start, end, contextId } = this.#unit;
    const where = { offset: 0 };
    switch (reason) {
      case "truncated":
        return truncated("reduced header", REDUCED_HEADER_BYTES, end - start).fault;
      case "bad_version":
        return fault(reason, `Cannot parse reduced header: need version 3, got ${bytes[start] >>> 6}`, where).fault;
      case "bad_context": {
        const why = this.#contexts.byId(contextId) === undefined ? "is not defined" : "has no authenticated packet yet";
        return fault(reason, `Cannot expand reduced header: context ${contextId} ${why}`, where).fault;
      }
      case undefined:
        throw new Error("ReducedReceiver.fault: the last expansion succeeded");
      default:
        return unreachable(reason);
    }
  }
}
