/**
 * Units on a stream: each is preceded by its length in bytes (RFC 4571 §2).
 *
 * ```
 *  0                   1
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
 * +-------------------------------+--------------------+
 * |            length             |  unit ...          |
 * +-------------------------------+--------------------+
 * ```
 */
import { EMPTY_BYTES, readU16, writeU16 } from "../base/bytes.ts";
import { type Fault, fault } from "../base/parsed.ts";

/** Bytes in front of each unit. */
export const FRAME_HEADER_BYTES = 2;

const SHORT_COPY_BYTES = 64;

/** The largest unit that the length field can announce. */
export const MAX_FRAMED_UNIT_BYTES = 0xffff;

/**
 * Frames `unit` into the caller's buffer and returns the bytes written, 2 more than the unit has.
 * SPEC ARC-UNIT-stream-framing.
 *
 * @throws RangeError when the unit is empty, above 65535 bytes, or the buffer has no room for it.
 */
export function writeFrame(unit: Uint8Array, out: Uint8Array, at: number): number {
  writeFrameHeader(unit.length, out, at);
  out.set(unit, at + FRAME_HEADER_BYTES);
  return FRAME_HEADER_BYTES + unit.length;
}

/**
 * Writes only the length field, for a unit that already lies behind it in the buffer; returns 2.
 *
 * @throws RangeError when the length cannot be framed.
 */
export function writeFrameHeader(unitBytes: number, out: Uint8Array, at: number): number {
  if (!(unitBytes >= 1 && unitBytes <= MAX_FRAMED_UNIT_BYTES)) {
    throw new RangeError(`Cannot frame a unit: need 1..65535 bytes, got ${unitBytes}`);
  }
  writeU16(out, at, unitBytes);
  return FRAME_HEADER_BYTES;
}

/**
 * Restores units from a stream that arrives in chunks of any size. SPEC ARC-UNIT-frame-split.
 *
 * ```ts
 * reader.feed(chunk);
 * while (reader.next()) handle(reader.bytes, reader.start, reader.end);
 * if (reader.fault !== undefined) closeTheStream(reader.fault);
 * ```
 *
 * A unit that lies whole in a chunk is handed out in place; one that spans chunks is gathered in the reader's own
 * buffer, which grows to the largest such unit and never beyond the limit. Either way the unit is borrowed: it is
 * valid until the next call of `next` or `feed`, and the chunk must stay unchanged until `next` answers false.
 */
export class FrameReader {
  /** Where the current unit lies. */
  bytes: Uint8Array = EMPTY_BYTES;
  start = 0;
  end = 0;

  readonly #maxUnitBytes: number;
  #chunk: Uint8Array = EMPTY_BYTES;
  #at = 0;
  /** The first bytes of a frame that the chunks so far have not completed, length field included. */
  #gathered: Uint8Array = EMPTY_BYTES;
  #gatheredBytes = 0;
  /** Bytes of the stream before the current chunk. */
  #offset = 0;
  #fault: Fault | undefined;

  /** `maxUnitBytes` bounds the memory that a peer can claim by announcing a length. */
  constructor(maxUnitBytes: number = MAX_FRAMED_UNIT_BYTES) {
    this.#maxUnitBytes = maxUnitBytes;
  }

  /**
   * What is wrong with the stream: `bad_length` for a length of 0, `too_large` for one above the limit. Final, because
   * no later boundary can be trusted (SPEC ARC-UNIT-frame-close). The offset counts from the start of the stream.
   */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Bytes held of a unit that is not complete yet, its length field included: not 0 at a clean end of a stream. */
  get pendingBytes(): number {
    return this.#gatheredBytes;
  }

  /**
   * Takes the next chunk of the stream, borrowing it.
   *
   * @throws Error when the chunk before has not been drained with `next`: its bytes would be lost.
   */
  feed(chunk: Uint8Array): void {
    if (this.#fault !== undefined) return;
    if (this.#at < this.#chunk.length) throw new Error("FrameReader.feed: drain next() before feeding more");
    this.#offset += this.#chunk.length;
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Moves on to the next complete unit; false when the chunk is used up or the stream is faulty. */
  next(): boolean {
    if (this.#fault !== undefined) return false;
    if (this.#gatheredBytes === 0 && this.#takeInPlace()) return true;
    return this.#fault === undefined && this.#gather();
  }

  /** The fast path: the whole frame lies in the chunk. */
  #takeInPlace(): boolean {
    const left = this.#chunk.length - this.#at;
    if (left < FRAME_HEADER_BYTES) return false;
    const unitBytes = readU16(this.#chunk, this.#at);
    if (!this.#accepts(unitBytes, this.#at)) return false;
    if (left < FRAME_HEADER_BYTES + unitBytes) return false;
    this.#yield(this.#chunk, this.#at + FRAME_HEADER_BYTES, unitBytes);
    this.#at += FRAME_HEADER_BYTES + unitBytes;
    return true;
  }

  /** The slow path: the frame spans chunks, so its bytes move into the reader's buffer. */
  #gather(): boolean {
    this.#reserve(FRAME_HEADER_BYTES);
    this.#gatherUpTo(FRAME_HEADER_BYTES);
    if (this.#gatheredBytes < FRAME_HEADER_BYTES) return false;
    const unitBytes = readU16(this.#gathered, 0);
    if (!this.#accepts(unitBytes, this.#at - this.#gatheredBytes)) return false;
    const frameBytes = FRAME_HEADER_BYTES + unitBytes;
    this.#reserve(frameBytes);
    this.#gatherUpTo(frameBytes);
    if (this.#gatheredBytes < frameBytes) return false;
    this.#gatheredBytes = 0;
    this.#yield(this.#gathered, FRAME_HEADER_BYTES, unitBytes);
    return true;
  }

  #gatherUpTo(bytes: number): void {
    const wanted = Math.min(bytes - this.#gatheredBytes, this.#chunk.length - this.#at);
    if (wanted <= 0) return;
    const from = this.#at;
    // A view for a few bytes would take longer than they do.
    if (wanted > SHORT_COPY_BYTES) {
      this.#gathered.set(this.#chunk.subarray(from, from + wanted), this.#gatheredBytes);
    } else for (let i = 0; i < wanted; i++) this.#gathered[this.#gatheredBytes + i] = this.#chunk[from + i];
    this.#gatheredBytes += wanted;
    this.#at += wanted;
  }

  #reserve(bytes: number): void {
    if (this.#gathered.length >= bytes) return;
    const larger = new Uint8Array(Math.min(Math.max(bytes, 2 * this.#gathered.length), this.#maxFrameBytes));
    larger.set(this.#gathered.subarray(0, this.#gatheredBytes));
    this.#gathered = larger;
  }

  get #maxFrameBytes(): number {
    return FRAME_HEADER_BYTES + this.#maxUnitBytes;
  }

  /** `at` is the length field's place relative to the chunk; negative when it began in an earlier one. */
  #accepts(unitBytes: number, at: number): boolean {
    const offset = this.#offset + at;
    if (unitBytes === 0) {
      this.#fault = fault("bad_length", "Cannot read frame: need a length of 1 or more, got 0", { offset }).fault;
    } else if (unitBytes > this.#maxUnitBytes) {
      this.#fault = fault(
        "too_large",
        `Cannot read frame: need a length of at most ${this.#maxUnitBytes}, got ${unitBytes}`,
        { offset },
      ).fault;
    }
    return this.#fault === undefined;
  }

  #yield(bytes: Uint8Array, start: number, unitBytes: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = start + unitBytes;
  }
}
