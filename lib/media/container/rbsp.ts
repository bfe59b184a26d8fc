/**
 * The raw bytes of H.264 and H.265 NAL units (RBSP): without the `03` that keeps start codes out of them, and read and
 * written bit by bit with Exp-Golomb codes (H.264 §7.3.1, §9.1).
 */
import type { BitReader } from "../payload/bits.ts";

/** `nal` without emulation prevention bytes; a copy. */
export function unescapeNal(nal: Uint8Array): Uint8Array<ArrayBuffer> {
  const raw = new Uint8Array(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    raw[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return raw.subarray(0, length);
}

/** `raw` with emulation prevention bytes; a copy. */
export function escapeNal(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  // At worst every second byte needs one.
  const nal = new Uint8Array(raw.length + (raw.length >>> 1) + 1);
  let length = 0;
  let zeros = 0;
  for (const byte of raw) {
    if (zeros >= 2 && byte <= 3) {
      nal[length++] = 3;
      zeros = 0;
    }
    nal[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return nal.subarray(0, length);
}

/** Unsigned Exp-Golomb code, `ue(v)`; 0 past the end, and 2^32-1 for a code that is longer than any field allows. */
export function readUe(bits: BitReader): number {
  let zeros = 0;
  while (!bits.flag()) {
    if (++zeros > 31 || bits.exhausted) return bits.exhausted ? 0 : 0xffff_ffff;
  }
  return 2 ** zeros - 1 + bits.read(zeros);
}

/** Signed Exp-Golomb code, `se(v)`. */
export function readSe(bits: BitReader): number {
  const code = readUe(bits);
  return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
}

/** Writes bits, most significant first, into a buffer that grows. */
export class BitWriter {
  #bytes = new Uint8Array(256);
  #bitCount = 0;

  /** The low `count` bits of `value`, 0..32. */
  write(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) {
      const at = this.#bitCount >>> 3;
      if (at === this.#bytes.length) this.#grow(1);
      this.#bytes[at] |= ((value >>> i) & 1) << (7 - (this.#bitCount & 7));
      this.#bitCount++;
    }
    return this;
  }

  ue(value: number): this {
    const length = 32 - Math.clz32(value + 1);
    return this.write(0, length - 1).write(value + 1, length);
  }

  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }

  /** Zeros up to the next whole byte. */
  align(): this {
    return this.write(0, (8 - (this.#bitCount & 7)) & 7);
  }

  /** Whole bytes; only where {@link align}ed. */
  bytes(bytes: Uint8Array): this {
    const at = this.#bitCount >>> 3;
    this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    this.#bitCount += bytes.length * 8;
    return this;
  }

  /** The stop bit, zeros up to the next whole byte, and then everything written: a copy. */
  finish(): Uint8Array<ArrayBuffer> {
    this.write(1, 1).align();
    return this.#bytes.slice(0, this.#bitCount >>> 3);
  }

  #grow(count: number): void {
    const needed = (this.#bitCount >>> 3) + count + 1;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, needed));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
