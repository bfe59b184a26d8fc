/**
 * The part of a stream that has come and is not yet read, as one stretch of bytes that can be read in place: what every
 * reader of captures and of TCP streams stands on.
 */
import { EMPTY_BYTES } from "../../base/bytes.ts";

const FIRST_CAPACITY = 256;

export class ByteWindow {
  /** Where the unread bytes lie: `bytes[start..end)`. Borrowed until the next `append`. */
  bytes: Uint8Array = EMPTY_BYTES;
  start = 0;
  end = 0;
  /** Place of `start` in the whole stream. */
  offset = 0;
  /** Bytes still to come that are to be passed over. */
  #toSkip = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Bytes that {@link skip} still waits for. */
  get skipping(): number {
    return this.#toSkip;
  }

  /** Bytes of memory behind the window. */
  get capacity(): number {
    return this.bytes.length;
  }

  /** Copies `chunk[from..to)` in behind what is there. */
  append(chunk: Uint8Array, from = 0, to: number = chunk.length): void {
    const skipped = Math.min(this.#toSkip, to - from);
    this.#toSkip -= skipped;
    this.offset += skipped;
    const first = from + skipped;
    const count = to - first;
    if (count <= 0) return;
    if (this.end + count > this.bytes.length) this.#makeRoom(count);
    this.bytes.set(first === 0 && to === chunk.length ? chunk : chunk.subarray(first, to), this.end);
    this.end += count;
  }

  /** Passes over the next `count` bytes, also those that have not come yet. */
  skip(count: number): void {
    const here = Math.min(count, this.length);
    this.start += here;
    this.offset += here;
    this.#toSkip += count - here;
    if (this.start === this.end) this.start = this.end = 0;
  }

  /** Forgets what is unread, and gives its memory back. */
  clear(): void {
    this.offset += this.length + this.#toSkip;
    this.bytes = EMPTY_BYTES;
    this.start = 0;
    this.end = 0;
    this.#toSkip = 0;
  }

  #makeRoom(count: number): void {
    const live = this.length;
    const need = live + count;
    // Moving down in place only where it frees at least half: each byte then moves a bounded number of times.
    if (need <= this.bytes.length / 2) {
      this.bytes.copyWithin(0, this.start, this.end);
    } else {
      const larger = new Uint8Array(Math.max(FIRST_CAPACITY, 2 * this.bytes.length, need));
      larger.set(this.bytes.subarray(this.start, this.end));
      this.bytes = larger;
    }
    this.start = 0;
    this.end = live;
  }
}
