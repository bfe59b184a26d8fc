/**
 * The reduced header: the first 16 bytes of a full packet in 4, between two peers that agreed on contexts. It is put on
 * after protection and taken off before unprotection, so everything behind the header parser sees full packets only.
 * SPEC ARC-RTP-reduced-layout, ARC-RTP-reduced-protect-first.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---+-+---+-----+---------------+-------------------------------+
 * |1 1|M|PR | CID |   seq (low 8) |       timestamp (low 16)      |
 * +---+-+---+-----+---------------+-------------------------------+
 * ```
 */
import { EMPTY_BYTES, readU16, writeU16 } from "../base/bytes.ts";
import { ARCRTP_MIN_HEADER_BYTES, isUsablePayloadType } from "./arcrtp.ts";

export const REDUCED_HEADER_BYTES = 4;

/** Bytes that a packet loses when it is reduced, and needs in front of it to be expanded in place. */
export const REDUCED_SAVED_BYTES = ARCRTP_MIN_HEADER_BYTES - REDUCED_HEADER_BYTES;

/** Context ids have 3 bits. */
export const MAX_REDUCED_CONTEXTS = 8;

/** Low bits of sequence number and timestamp that travel. */
export const REDUCED_SEQUENCE_BITS = 8;
export const REDUCED_TIMESTAMP_BITS = 16;

/** What a context id stands for: an entry of `STREAM_START.reduced_header`. SPEC ARC-RTP-reduced-context. */
export interface ReducedContext {
  /** 0..7. */
  readonly contextId: number;
  readonly ssrc: number;
  readonly payloadType: number;
  /** Q, 0..3. */
  readonly quality: number;
}

/** A reusable view of a unit with a reduced header; borrows the bytes. A relay needs no more than this to rank it. */
export class ReducedView {
  bytes: Uint8Array = EMPTY_BYTES;
  start = 0;
  end = 0;

  /** Moves the view; false when the unit is not of the class or shorter than 4 bytes. SPEC ARC-RTP-reduced-minimum-length. */
  parse(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    return end - start >= REDUCED_HEADER_BYTES && bytes[start] >= 0xc0;
  }

  get marker(): boolean {
    return (this.bytes[this.start] & 0x20) !== 0;
  }

  get priority(): number {
    return (this.bytes[this.start] >>> 3) & 3;
  }

  get contextId(): number {
    return this.bytes[this.start] & 7;
  }

  get sequence8(): number {
    return this.bytes[this.start + 1];
  }

  get timestamp16(): number {
    return readU16(this.bytes, this.start + 2);
  }
}

/** Writes a reduced header over the 4 bytes at `at`; sequence number and timestamp are cut to their low bits. */
export function writeReducedHeader(
  marker: boolean,
  priority: number,
  contextId: number,
  sequenceNumber: number,
  timestamp: number,
  out: Uint8Array,
  at: number,
): void {
  out[at] = 0xc0 | (marker ? 0x20 : 0) | (priority << 3) | contextId;
  out[at + 1] = sequenceNumber;
  writeU16(out, at + 2, timestamp);
}

/** A defined context and the state of its SSRC, which contexts of one SSRC share. */
export interface ContextSlot<State> {
  readonly context: ReducedContext;
  readonly state: State;
}

/** The contexts of one sender in one session, at both ends. */
export class ReducedContexts<State> {
  readonly #slots = new Array<ContextSlot<State> | undefined>(MAX_REDUCED_CONTEXTS).fill(undefined);

  /**
   * Defines a context; `newState` makes the state of an SSRC that is named for the first time. False, changing nothing,
   * when the id is already something else or a field is out of range; saying the same again is fine, because
   * STREAM_STARTs are repeated. SPEC ARC-RTP-reduced-context-unique.
   */
  define(context: ReducedContext, newState: () => State): boolean {
    const { contextId, ssrc, payloadType, quality } = context;
    const inRange = contextId >= 0 && contextId < MAX_REDUCED_CONTEXTS && payloadType >= 0 && payloadType <= 127 &&
      isUsablePayloadType(payloadType) && quality >= 0 && quality <= 3;
    if (!inRange) return false;
    const known = this.#slots[contextId]?.context;
    if (known !== undefined) {
      return known.ssrc === ssrc && known.payloadType === payloadType && known.quality === quality;
    }
    this.#slots[contextId] = { context, state: this.stateOf(ssrc) ?? newState() };
    return true;
  }

  byId(contextId: number): ContextSlot<State> | undefined {
    return this.#slots[contextId];
  }

  /** The context that stands for exactly these values. */
  find(ssrc: number, payloadType: number, quality: number): ReducedContext | undefined {
    for (let id = 0; id < MAX_REDUCED_CONTEXTS; id++) {
      const context = this.#slots[id]?.context;
      if (
        context !== undefined && context.ssrc === ssrc && context.payloadType === payloadType &&
        context.quality === quality
      ) return context;
    }
    return undefined;
  }

  stateOf(ssrc: number): State | undefined {
    for (let id = 0; id < MAX_REDUCED_CONTEXTS; id++) {
      const slot = this.#slots[id];
      if (slot !== undefined && slot.context.ssrc === ssrc) return slot.state;
    }
    return undefined;
  }
}
