/**
 * Serial-number arithmetic: the only place where wraparound is dealt with (RFC 1982, RFC 3550 §A.1, RFC 3711 §3.3.1).
 */

/** Signed distance from `from` to `to` modulo 2^16, in -32768..32767. */
export function distance16(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Signed distance from `from` to `to` modulo 2^32, in -2^31..2^31-1. */
export function distance32(from: number, to: number): number {
  return (to - from) | 0;
}

/** True when `a` comes after `b` in a 16-bit sequence (ties at half range count as after). */
export function after16(a: number, b: number): boolean {
  return a !== b && ((a - b) & 0xffff) <= 0x8000;
}

/**
 * The number nearest to `reference` whose low `bits` bits equal `low`; of two at equal distance, the lower one.
 * The result may be negative when `reference` is near zero: the caller decides what that means.
 *
 * `reference` is any integer below 2^53; `bits` is at most 32.
 */
export function nearest(low: number, reference: number, bits: number): number {
  // The bits above are shifted out, and the sign comes back in.
  const shift = 32 - bits;
  return reference + (((low - reference) << shift) >> shift);
}
