/** What of a file has been pushed and not yet read. */
import { fault, ok, type Parsed } from "../../base/parsed.ts";

const FIRST_CAPACITY = 64 * 1024;

export class ByteQueue {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #start = 0;
  #end = 0;
  #offsetBytes = 0;
  /** Bytes still to come that are to be thrown away. */
  #toSkip = 0;
  #isEnded = false;

  /** Copies `chunk` in. */
  push(chunk: Uint8Array): void {
    const skipped = Math.min(this.#toSkip, chunk.length);
    this.#toSkip -= skipped;
    this.#offsetBytes += skipped;
    const rest = chunk.length - skipped;
    if (this.#end + rest > this.#bytes.length) this.#makeRoom(rest);
    this.#bytes.set(skipped === 0 ? chunk : chunk.subarray(skipped), this.#end);
    this.#end += rest;
  }

  /** No more will come. */
  end(): void {
    this.#isEnded = true;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get available(): number {
    return this.#end - this.#start;
  }

  /** Where in the file the next byte stands. */
  get offsetBytes(): number {
    return this.#offsetBytes;
  }

  /** The next `count` bytes (all that are available when absent), borrowed until the next call that is not a `peek`. */
  peek(count: number = this.available): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(this.#start, this.#start + Math.min(count, this.available));
  }

  /** The next `count` bytes as a copy of their own; the caller has checked that they are available. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(this.#start, this.#start + Math.min(count, this.available));
    this.skip(taken.length);
    return taken;
  }

  /** Throws away the next `count` bytes, whether they are here or still to come. */
  skip(count: number): void {
    const here = Math.min(count, this.available);
    this.#start += here;
    this.#offsetBytes += here;
    this.#toSkip += count - here;
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
  }

  /**
   * Are the next `count` bytes here? False: not yet. A file that ends before them is `truncated`, except where it ends
   * just here and `mayEnd` allows it.
   */
  has(count: number, what: string, mayEnd = false): Parsed<boolean> {
    if (this.available >= count && this.#toSkip === 0) return ok(true);
    if (!this.#isEnded || (mayEnd && this.available === 0 && this.#toSkip === 0)) return ok(false);
    const missing = this.#toSkip + count - this.available;
    return fault("truncated", `Cannot read ${what}: the file ends ${missing} bytes early`, {
      offset: this.#offsetBytes + this.available,
      need: this.#offsetBytes + this.#toSkip + count,
    });
  }

  #makeRoom(count: number): void {
    const live = this.available;
    // Moving down is only worth it when it frees at least half: each byte then moves a bounded number of times.
    if (live + count <= this.#bytes.length / 2) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    } else {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, live + count));
      larger.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = larger;
    }
    this.#start = 0;
    this.#end = live;
  }
}
