/**
 * OBUs of the AV1 low-overhead format (AV1 bitstream §5.3):
 *
 * ```
 *  0 1 2 3 4 5 6 7
 * +-+-------+-+-+-+-----------------+- - - - - - - - -+- - -
 * |0| type  |X|S|0| TID | SID |  0  | size, LEB128    | payload
 * +-+-------+-+-+-+-----------------+- - - - - - - - -+- - -
 *                   only with X       only with S
 * ```
 */
import { DELTA_FRAME, type FrameClass, KEY_FRAME } from "../frame.ts";
import { BitReader } from "./bits.ts";
import { leb128Bytes, leb128End, leb128Value } from "./leb128.ts";

export const OBU_SEQUENCE_HEADER = 1;
export const OBU_TEMPORAL_DELIMITER = 2;
const OBU_FRAME_HEADER = 3;
const OBU_FRAME = 6;
export const OBU_TILE_LIST = 8;

const FORBIDDEN_BIT = 0x80;
const EXTENSION_BIT = 0x04;
export const OBU_SIZE_BIT = 0x02;

export function obuType(header: number): number {
  return (header >>> 3) & 15;
}

export function obuHeaderBytes(header: number): 1 | 2 {
  return (header & EXTENSION_BIT) === 0 ? 1 : 2;
}

/** Walks the OBUs of a buffer without allocating. */
export class ObuCursor {
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  /** The current OBU: its header, its payload (after header and size), its end. */
  start = 0;
  bodyStart = 0;
  end = 0;
  type = 0;
  headerBytes: 1 | 2 = 1;
  hasSize = false;
  /** The size field is the shortest spelling of its value. */
  shortestSize = true;
  /** Where the bytes stopped making sense; -1 while they do. */
  badAt = -1;

  /** Begins before the first OBU of `from`..`to`; `bytes` are borrowed. */
  open(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.#end = to;
    this.end = from;
    this.badAt = -1;
  }

  /** Moves to the next OBU; false at the end and when {@link badAt} is set. */
  advance(): boolean {
    const at = this.end;
    if (at >= this.#end) return false;
    const header = this.#bytes[at];
    this.start = at;
    this.type = obuType(header);
    this.headerBytes = obuHeaderBytes(header);
    this.hasSize = (header & OBU_SIZE_BIT) !== 0;
    this.shortestSize = true;
    this.bodyStart = at + this.headerBytes;
    this.end = this.#end;
    if ((header & FORBIDDEN_BIT) !== 0 || this.bodyStart > this.#end) return this.#bad(at);
    if (this.hasSize) {
      const sizeEnd = leb128End(this.#bytes, this.bodyStart, this.#end);
      const size = sizeEnd < 0 ? -1 : leb128Value(this.#bytes, this.bodyStart, sizeEnd);
      if (size < 0 || sizeEnd + size > this.#end) return this.#bad(this.bodyStart);
      this.shortestSize = sizeEnd - this.bodyStart === leb128Bytes(size);
      this.bodyStart = sizeEnd;
      this.end = sizeEnd + size;
    }
    return true;
  }

  #bad(at: number): false {
    this.badAt = at;
    this.end = this.#end;
    return false;
  }
}

/**
 * The class of a temporal unit. Key: it has a sequence header and its first frame is a shown key frame. Whether a
 * delta frame is disposable stands behind fields that only the stream's last sequence header explains; it is not asked.
 */
export function classifyAv1(temporalUnit: Uint8Array): FrameClass {
  const obu = new ObuCursor();
  obu.open(temporalUnit, 0, temporalUnit.length);
  let sequenceHeader = false;
  let reducedHeaders = false;
  while (obu.advance()) {
    if (obu.type === OBU_SEQUENCE_HEADER) {
      const bits = new BitReader(temporalUnit, obu.bodyStart, obu.end);
      bits.skip(4); // seq_profile, still_picture
      sequenceHeader = true;
      reducedHeaders = bits.flag();
    } else if (obu.type === OBU_FRAME || obu.type === OBU_FRAME_HEADER) {
      return sequenceHeader && (reducedHeaders || beginsKeyFrame(temporalUnit, obu)) ? KEY_FRAME : DELTA_FRAME;
    }
  }
  return DELTA_FRAME;
}

function beginsKeyFrame(data: Uint8Array, obu: ObuCursor): boolean {
  const bits = new BitReader(data, obu.bodyStart, obu.end);
  const showExisting = bits.flag();
  const frameType = bits.read(2);
  const shown = bits.flag();
  return !bits.exhausted && !showExisting && frameType === 0 && shown;
}
