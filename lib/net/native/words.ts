/** 64-bit addresses and sizes into memory that the system reads: little-endian words, so that nothing is allocated. */

/** Writes a size or an address below 2^53 as a u64 into `words[word..word+2]`. */
export function writeU64Words(words: Uint32Array, word: number, value: number): void {
  words[word] = value >>> 0;
  words[word + 1] = Math.floor(value / 2 ** 32);
}
