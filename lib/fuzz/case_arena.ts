/**
 * Where the bytes of cases lie: many in one page, because a buffer of its own takes longer to get than most parsers take
 * to read it. So a case does not begin where its buffer does, as a packet does not, and a parser that takes `buffer` for
 * the packet reads what is not its own.
 */

const PAGE_BYTES = 65_536;

export class CaseArena {
  #page = new ArrayBuffer(PAGE_BYTES);
  #at = 0;

  /** A copy of the first `length` bytes of `source`; a page is let go of when none of its cases is kept. */
  copy(source: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
    if (length > PAGE_BYTES >>> 2) return source.slice(0, length) as Uint8Array<ArrayBuffer>;
    if (this.#at + length > PAGE_BYTES) {
      this.#page = new ArrayBuffer(PAGE_BYTES);
      this.#at = 0;
    }
    const copy = new Uint8Array(this.#page, this.#at, length);
    this.#at += length;
    if (length > 64) copy.set(length === source.length ? source : source.subarray(0, length));
    else for (let i = 0; i < length; i++) copy[i] = source[i];
    return copy;
  }
}
