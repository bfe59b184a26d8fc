/** Names for bytes: two units with the same name are taken for the same. Not for adversaries: it is quick, not secret. */

/** 53 bits that fit a number, so that a million units collide once in ten thousand captures. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x85ebca6b ^ (end - start);
  for (let i = start; i < end; i++) {
    a = Math.imul(a ^ bytes[i], 0x01000193);
    b = Math.imul(b ^ bytes[i], 0x5bd1e995);
  }
  return joined(a, b);
}

/** As {@link hashBytes}, of numbers of 32 bits. */
export function hashNumbers(seed: number, ...values: readonly number[]): number {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x85ebca6b;
  for (const value of values) {
    a = mixed(a ^ value);
    b = mixed(Math.imul(b, 0x5bd1e995) + value | 0);
  }
  return joined(a, b);
}

function joined(a: number, b: number): number {
  const low = mixed(a ^ (b >>> 7)) >>> 0;
  const high = mixed(b ^ (a >>> 13)) & 0x1f_ffff;
  return high * 2 ** 32 + low;
}

/** Spreads each bit over all others. */
function mixed(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return value ^ (value >>> 16);
}
