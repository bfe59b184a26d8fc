/**
 * LEB128 as AV1 uses it (AV1 bitstream §4.10.5): at most 8 bytes, value below 2^32, any number of padding bytes within
 * these 8. The functions answer -1 instead of a {@link Parsed} because they run several times per packet.
 */

const MAX_BYTES = 8;

/** Index after the last byte of the number at `at`; -1 when it does not end before `end` or within 8 bytes. */
export function leb128End(b: Uint8Array, at: number, end: number): number {
  const limit = Math.min(end, at + MAX_BYTES);
  for (let i = at; i < limit; i++) if (b[i] < 0x80) return i + 1;
  return -1;
}

/** The number from `at` to `numberEnd` (an answer of {@link leb128End}); -1 when it is 2^32 or more. */
export function leb128Value(b: Uint8Array, at: number, numberEnd: number): number {
  let value = 0;
  for (let i = numberEnd - 1; i >= at; i--) value = value * 128 + (b[i] & 0x7f);
  return value < 0x1_0000_0000 ? value : -1;
}

/** Bytes of the shortest spelling of `value`. */
export function leb128Bytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Writes the shortest spelling of `value`, an integer in 0..2^32-1; returns bytes written. */
export function writeLeb128(b: Uint8Array, at: number, value: number): number {
  let i = at;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) b[i++] = (rest % 128) | 0x80;
  b[i++] = rest;
  return i - at;
}
