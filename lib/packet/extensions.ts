/**
 * Header extensions in the one-byte form of RFC 8285 §4.2: elements of a 4-bit id, a 4-bit length less one, and data;
 * a byte of 0 is padding, id 15 ends the list.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-------+-----------------------------------------------+
 * | id 1  | len 2 |        absolute send time, 6.18 seconds       |
 * +-------+-------+-------------------------------+---------------+
 * | id 2  | len 1 | transport-wide sequence number|  padding  0   |
 * +-------+-------+-------------------------------+---------------+
 * ```
 *
 * Drawn is the block that ArcRTC senders reserve; receivers take elements in any order and skip unknown ids.
 */
import { EMPTY_BYTES, readU16, readU24, writeU16, writeU24 } from "../base/bytes.ts";
import { type Fault, fault } from "../base/parsed.ts";
import { requireRoom, type RtpExtension } from "./rtp_header.ts";
import type { RtpView } from "./rtp_view.ts";

/** The profile that announces the one-byte form. SPEC ARC-RTP-ext-profile. */
export const ONE_BYTE_PROFILE = 0xbede;

/** Element 1: absolute send time, 3 bytes. SPEC ARC-RTP-ext-send-time. */
export const EXT_SEND_TIME = 1;
export const SEND_TIME_BYTES = 3;

/** Element 2: transport-wide sequence number, 2 bytes. SPEC ARC-RTP-ext-transport-sequence. */
export const EXT_TRANSPORT_SEQUENCE = 2;
export const TRANSPORT_SEQUENCE_BYTES = 2;

const PADDING_ID = 0;
const STOP_ID = 15;
const MAX_ELEMENT_BYTES = 16;

/** Bytes of the reserved block of both elements, a whole number of words. */
export const STAMPS_BYTES = 8;

/** The extension that a sender hands to the packet writer, to be stamped in place by {@link writeStamps} later. */
export const RESERVED_STAMPS: RtpExtension = { profile: ONE_BYTE_PROFILE, data: new Uint8Array(STAMPS_BYTES) };
writeStamps(RESERVED_STAMPS.data, 0, 0, 0);

/**
 * Writes both elements over the 8 bytes at `at`, the extension's data start: what a sender does to each packet at the
 * last moment. `sendTime24` is 6.18 fixed-point seconds (`unixMsToAbsSendTime`).
 */
export function writeStamps(bytes: Uint8Array, at: number, sendTime24: number, transportSequence16: number): void {
  bytes[at] = (EXT_SEND_TIME << 4) | (SEND_TIME_BYTES - 1);
  writeU24(bytes, at + 1, sendTime24);
  bytes[at + 4] = (EXT_TRANSPORT_SEQUENCE << 4) | (TRANSPORT_SEQUENCE_BYTES - 1);
  writeU16(bytes, at + 5, transportSequence16);
  bytes[at + 7] = 0;
}

/**
 * Writes one element into the caller's buffer and returns the bytes written, one more than `data` has.
 *
 * @throws RangeError for an id outside of 1..14, data outside of 1..16 bytes, or a buffer without room.
 */
export function writeElement(id: number, data: Uint8Array, out: Uint8Array, at: number): number {
  if (!(id > PADDING_ID && id < STOP_ID)) throw new RangeError(`Cannot write element: need an id of 1..14, got ${id}`);
  if (data.length < 1 || data.length > MAX_ELEMENT_BYTES) {
    throw new RangeError(`Cannot write element: need 1..16 bytes of data, got ${data.length}`);
  }
  requireRoom("element", 1 + data.length, out, at);
  out[at] = (id << 4) | (data.length - 1);
  out.set(data, at + 1);
  return 1 + data.length;
}

/**
 * A reusable cursor over the elements of an extension, in place and without allocation.
 *
 * ```ts
 * cursor.open(packet);
 * while (cursor.next()) use(cursor.id, cursor.bytes, cursor.valueStart, cursor.valueEnd);
 * ```
 *
 * Padding is passed over. The list ends at id 15 and at id 0 with a length, where RFC 8285 §4.2 ends it, and at an
 * element that runs past the end: then {@link malformed} is true. SPEC ARC-RTP-ext-bad-element.
 */
export class ElementCursor {
  bytes: Uint8Array = EMPTY_BYTES;
  /** The element that `next` moved to: its id, its first byte, and its data. */
  id = 0;
  elementStart = 0;
  valueStart = 0;
  valueEnd = 0;
  /** True when the list ended at an element that runs past the end of the extension. */
  malformed = false;

  #next = 0;
  #end = 0;
  #packetStart = 0;

  /** Moves to the start of the packet's list; an extension of another profile has none. SPEC ARC-RTP-ext-other-profile. */
  open(packet: RtpView): void {
    const isOneByte = packet.extensionProfile === ONE_BYTE_PROFILE;
    const start = isOneByte ? packet.extensionStart : packet.extensionEnd;
    this.openData(packet.bytes, start, packet.extensionEnd, packet.start);
  }

  /** Moves to the start of the list in `bytes[start..end)`, an extension's data, of a packet at `packetStart`. */
  openData(bytes: Uint8Array, start: number, end: number, packetStart: number): void {
    this.bytes = bytes;
    this.malformed = false;
    this.#next = start;
    this.#end = end;
    this.#packetStart = packetStart;
  }

  /** Moves to the next element; false at the end of the list. */
  next(): boolean {
    let at = this.#next;
    while (at < this.#end && this.bytes[at] === 0) at++;
    this.elementStart = at;
    this.#next = this.#end;
    if (at >= this.#end) return false;
    const head = this.bytes[at];
    const id = head >>> 4;
    if (id === PADDING_ID || id === STOP_ID) return false;
    const valueEnd = at + 2 + (head & 0x0f);
    if (valueEnd > this.#end) {
      this.malformed = true;
      return false;
    }
    this.id = id;
    this.valueStart = at + 1;
    this.valueEnd = valueEnd;
    this.#next = valueEnd;
    return true;
  }

  /**
   * The fault of a {@link malformed} list as a value; its offset counts from the start of the packet. Allocates.
   */
  fault(): Fault {
    const need = 2 + (this.bytes[this.elementStart] & 0x0f);
    return fault(
      "bad_extension",
      `Cannot parse header extension: element needs ${need} bytes, got ${this.#end - this.elementStart}`,
      { offset: this.elementStart - this.#packetStart },
    ).fault;
  }
}

/**
 * The two elements that ArcRTC defines, read from one packet after the other without allocation. A fault in them is a
 * missing measurement and nothing else: the packet stays valid. SPEC ARC-RTP-ext-bad-element.
 */
export class StampReader {
  /** Absolute send time, 24 bits of 6.18 fixed-point seconds; undefined when absent. */
  sendTime24: number | undefined = undefined;
  /** Transport-wide sequence number; undefined when absent. */
  transportSequence16: number | undefined = undefined;

  readonly #cursor = new ElementCursor();

  /** Reads both elements of `packet`; false, to be counted as `bad_extension`, when one or the list is malformed. */
  read(packet: RtpView): boolean {
    this.sendTime24 = undefined;
    this.transportSequence16 = undefined;
    if (!packet.hasExtension) return true;
    const cursor = this.#cursor;
    let wellFormed = true;
    cursor.open(packet);
    while (cursor.next()) {
      const valueBytes = cursor.valueEnd - cursor.valueStart;
      if (cursor.id === EXT_SEND_TIME) {
        if (valueBytes === SEND_TIME_BYTES) this.sendTime24 = readU24(cursor.bytes, cursor.valueStart);
        else wellFormed = false;
      } else if (cursor.id === EXT_TRANSPORT_SEQUENCE) {
        if (valueBytes === TRANSPORT_SEQUENCE_BYTES) {
          this.transportSequence16 = readU16(cursor.bytes, cursor.valueStart);
        } else wellFormed = false;
      }
    }
    return wellFormed && !cursor.malformed;
  }
}
