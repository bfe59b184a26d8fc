/**
 * Reads bits, most significant first. Reading past the end gives zeros and sets {@link exhausted}: header parsers
 * read on and ask once, at the end, whether all of it was there.
 */
export class BitReader {
  #bytes: Uint8Array;
  #atBit: number;
  #endBit: number;

  /** Borrows `bytes` from `fromByte` to `toByte`. */
  constructor(bytes: Uint8Array, fromByte = 0, toByte: number = bytes.length) {
    this.#bytes = bytes;
    this.#atBit = fromByte * 8;
    this.#endBit = toByte * 8;
  }

  /** True once a bit was asked for that is not there. */
  get exhausted(): boolean {
    return this.#atBit > this.#endBit;
  }

  /** An unsigned integer of `count` bits, 0..32. */
  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const at = this.#atBit++;
      const bit = at < this.#endBit ? (this.#bytes[at >>> 3] >>> (7 - (at & 7))) & 1 : 0;
      value = value * 2 + bit;
    }
    return value;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  skip(count: number): void {
    this.#atBit += count;
  }
}
