/** Little-endian integers, for the containers that use them (Ogg, IVF, RIFF). Offsets are the caller's to check. */

export function readU16Le(b: Uint8Array, at: number): number {
  return b[at] | (b[at + 1] << 8);
}

export function readU32Le(b: Uint8Array, at: number): number {
  return (b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)) >>> 0;
}

/** 64 bits as a number: exact below 2^53. */
export function readU64Le(b: Uint8Array, at: number): number {
  return readU32Le(b, at + 4) * 0x1_0000_0000 + readU32Le(b, at);
}

export function writeU16Le(b: Uint8Array, at: number, value: number): void {
  b[at] = value;
  b[at + 1] = value >>> 8;
}

export function writeU32Le(b: Uint8Array, at: number, value: number): void {
  b[at] = value;
  b[at + 1] = value >>> 8;
  b[at + 2] = value >>> 16;
  b[at + 3] = value >>> 24;
}

/** A non-negative integer below 2^53 as 64 bits. */
export function writeU64Le(b: Uint8Array, at: number, value: number): void {
  writeU32Le(b, at, value >>> 0);
  writeU32Le(b, at + 4, Math.floor(value / 0x1_0000_0000));
}

/** True when the bytes at `at` spell `text` (ASCII); false as well when they end before. */
export function hasMagic(b: Uint8Array, at: number, text: string): boolean {
  if (b.length < at + text.length) return false;
  for (let i = 0; i < text.length; i++) if (b[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Writes ASCII `text`; returns bytes written. */
export function writeMagic(b: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) b[at + i] = text.charCodeAt(i);
  return text.length;
}
