/** Bytes and bits, the slow way. */
import { Buffer } from "node:buffer";

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** `value` in `bytes` bytes, most significant first. */
export function numberBytes(value: number | bigint, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  let rest = BigInt(value);
  for (let i = bytes - 1; i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 255n);
  return out;
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]);
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Reads one bit after the other. */
export class Bits {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** The next `count` bits as a number, most significant first. */
  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++) {
      value = value * 2 + ((this.bytes[this.#at >> 3] >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at / 8;
  }
}

/** A byte text out of fields of so many bits. */
export function bitFields(...fields: readonly (readonly [value: number, bits: number])[]): Uint8Array {
  const bits = fields.map(([value, width]) => value.toString(2).padStart(width, "0").slice(-width)).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

/** base64url without padding, in its one spelling; undefined for any other text. */
export function fromBase64Url(value: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(value) || value.length % 4 === 1) return undefined;
  const bytes = Buffer.from(value, "base64url");
  return bytes.toString("base64url") === value ? Uint8Array.from(bytes) : undefined;
}

export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
