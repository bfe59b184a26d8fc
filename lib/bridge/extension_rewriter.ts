/**
 * Header extensions from one side's ids to the other's: elements with an id there in their order, each id once, all
 * others left out. RTP has both forms of RFC 8285, ArcRTP the one-byte form alone. SPEC ARC-BRIDGE-mapping,
 * ARC-RTP-ext-other-profile.
 */
import { EMPTY_BYTES, writeU16 } from "../base/bytes.ts";
import { ElementCursor, ONE_BYTE_PROFILE } from "../packet/extensions.ts";
import { requireRoom, RTP_EXTENSION_HEADER_BYTES } from "../packet/rtp_header.ts";
import type { RtpView } from "../packet/rtp_view.ts";
import type { Side } from "./stream_table.ts";

/** RFC 8285 §4.3; the low four bits are the application's. */
const TWO_BYTE_PROFILE = 0x1000;
const MAX_ONE_BYTE_ID = 14;
const MAX_ONE_BYTE_VALUE = 16;
/** A length of 16 bits counts words. */
const MAX_EXTENSION_BYTES = 4 * 0xffff;

function isTwoByteForm(profile: number): boolean {
  return (profile & 0xfff0) === TWO_BYTE_PROFILE;
}

export interface ElementPair {
  readonly from: number;
  readonly to: number;
}

export class ExtensionRewriter {
  /** Index: an id that comes; 0: it has none on the other side. */
  readonly #ids = new Uint8Array(256);
  readonly #readsTwoByte: boolean;
  readonly #isTwoByte: boolean;
  readonly #cursor = new ElementCursor();
  /** The id, as written, whose value the bridge counts itself; 0 for none. */
  readonly #countedId: number;
  /** True when the last `write` met something that has no place on the other side. */
  leftOut = false;

  /** The packet in which an id was last written: each stands once, so that a packet cannot grow without bound. */
  readonly #writtenIn = new Float64Array(256);
  #packets = 0;
  #out: Uint8Array = EMPTY_BYTES;
  #start = 0;
  #at = 0;
  #count16 = 0;

  /** `countedId`: the other side's id of a u16 that each side counts on its own, the transport-wide sequence number. */
  constructor(from: Side, pairs: readonly ElementPair[], countedId = 0) {
    this.#readsTwoByte = from === "rtp";
    for (const { from, to } of pairs) if (this.#ids[from] === 0) this.#ids[from] = to;
    this.#isTwoByte = this.#ids.some((id) => id > MAX_ONE_BYTE_ID);
    this.#countedId = countedId;
  }

  /**
   * Writes the whole extension for `packet`'s at `at` and returns its bytes: 0 where no element is left, and then the
   * packet has none. `count16` goes into the counted element.
   *
   * @throws RangeError when `out` has no room.
   */
  write(packet: RtpView, count16: number, out: Uint8Array, at: number): number {
    this.leftOut = false;
    if (!packet.hasExtension) return 0;
    this.#packets++;
    this.#out = out;
    this.#start = at + RTP_EXTENSION_HEADER_BYTES;
    this.#at = this.#start;
    this.#count16 = count16;
    if (packet.extensionProfile === ONE_BYTE_PROFILE) this.#copyOneByte(packet);
    else if (this.#readsTwoByte && isTwoByteForm(packet.extensionProfile)) this.#copyTwoByte(packet);
    else this.leftOut = true;
    const dataBytes = this.#at - this.#start;
    if (dataBytes === 0) return 0;
    const words = Math.ceil(dataBytes / 4);
    requireRoom("header extension", RTP_EXTENSION_HEADER_BYTES + 4 * words, out, at);
    writeU16(out, at, this.#isTwoByte ? TWO_BYTE_PROFILE : ONE_BYTE_PROFILE);
    writeU16(out, at + 2, words);
    out.fill(0, this.#at, this.#start + 4 * words);
    return RTP_EXTENSION_HEADER_BYTES + 4 * words;
  }

  #copyOneByte(packet: RtpView): void {
    const cursor = this.#cursor;
    cursor.open(packet);
    while (cursor.next()) this.#copy(cursor.id, cursor.bytes, cursor.valueStart, cursor.valueEnd);
    if (cursor.malformed) this.leftOut = true;
  }

  /** Id and length have a byte each; a byte of 0 is padding (RFC 8285 §4.3). */
  #copyTwoByte({ bytes, extensionStart, extensionEnd }: RtpView): void {
    for (let at = extensionStart; at < extensionEnd;) {
      if (bytes[at] === 0) {
        at++;
        continue;
      }
      const valueStart = at + 2;
      const valueEnd = valueStart + (valueStart > extensionEnd ? 0 : bytes[at + 1]);
      if (valueStart > extensionEnd || valueEnd > extensionEnd) {
        this.leftOut = true;
        return;
      }
      this.#copy(bytes[at], bytes, valueStart, valueEnd);
      at = valueEnd;
    }
  }

  #copy(id: number, bytes: Uint8Array, from: number, to: number): void {
    const newId = this.#ids[id];
    const valueBytes = to - from;
    const headBytes = this.#isTwoByte ? 2 : 1;
    const fits = this.#isTwoByte || (valueBytes >= 1 && valueBytes <= MAX_ONE_BYTE_VALUE);
    const isRoom = this.#at - this.#start + headBytes + valueBytes <= MAX_EXTENSION_BYTES;
    if (newId === 0 || !fits || !isRoom || this.#writtenIn[newId] === this.#packets) {
      this.leftOut = true;
      return;
    }
    this.#writtenIn[newId] = this.#packets;
    const out = this.#out;
    requireRoom("header extension", headBytes + valueBytes, out, this.#at);
    if (this.#isTwoByte) {
      out[this.#at] = newId;
      out[this.#at + 1] = valueBytes;
    } else {
      out[this.#at] = (newId << 4) | (valueBytes - 1);
    }
    const valueAt = this.#at + headBytes;
    for (let i = 0; i < valueBytes; i++) out[valueAt + i] = bytes[from + i];
    if (newId === this.#countedId && valueBytes === 2) writeU16(out, valueAt, this.#count16);
    this.#at = valueAt + valueBytes;
  }
}
