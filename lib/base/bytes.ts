/**
 * Bytes in and out: big-endian integers, hex, base64url, comparison.
 *
 * Readers trust their offsets: the caller has checked the length against the packet, never against `buffer`.
 */
import { fault, ok, type Parsed } from "./parsed.ts";
import { isUtf8 } from "./utf8.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a decoder writes for bytes that are no UTF-8; text may hold it as well. */
const REPLACEMENT = "\ufffd";

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

export function readU16(b: Uint8Array, at: number): number {
  return (b[at] << 8) | b[at + 1];
}

export function readU24(b: Uint8Array, at: number): number {
  return (b[at] << 16) | (b[at + 1] << 8) | b[at + 2];
}

export function readU32(b: Uint8Array, at: number): number {
  return ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0;
}

/** 48 bits as a number: exact, since 2^48 < 2^53. */
export function readU48(b: Uint8Array, at: number): number {
  return readU16(b, at) * 0x1_0000_0000 + readU32(b, at + 2);
}

export function readU64(b: Uint8Array, at: number): bigint {
  return (BigInt(readU32(b, at)) << 32n) | BigInt(readU32(b, at + 4));
}

export function writeU16(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 8;
  b[at + 1] = value;
}

export function writeU24(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 16;
  b[at + 1] = value >>> 8;
  b[at + 2] = value;
}

export function writeU32(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 24;
  b[at + 1] = value >>> 16;
  b[at + 2] = value >>> 8;
  b[at + 3] = value;
}

export function writeU48(b: Uint8Array, at: number, value: number): void {
  writeU16(b, at, Math.floor(value / 0x1_0000_0000));
  writeU32(b, at + 2, value >>> 0);
}

export function writeU64(b: Uint8Array, at: number, value: bigint): void {
  writeU32(b, at, Number((value >> 32n) & 0xffff_ffffn));
  writeU32(b, at + 4, Number(value & 0xffff_ffffn));
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** UTF-8 to text; `bad_json` where the bytes are not UTF-8 (a BOM is kept, so that it is seen and refused). */
export function decodeUtf8(bytes: Uint8Array): Parsed<string> {
  const text = decoder.decode(bytes);
  if (!text.includes(REPLACEMENT) || isUtf8(bytes)) return ok(text);
  return fault("bad_json", "Cannot decode text: not valid UTF-8", { offset: 0 });
}

/** Joins byte strings in a new buffer. Not for hot paths. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Compares authentication tags of public length without an early exit on the first differing byte. */
export function equalTags(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]];
  return text;
}

/** An SSRC or any other 32 bits as eight digits. */
export function hex32(value: number): string {
  return HEX[value >>> 24] + HEX[(value >>> 16) & 255] + HEX[(value >>> 8) & 255] + HEX[value & 255];
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Hex digits of either case, nothing between them. */
export function parseHex(text: string): Parsed<Uint8Array<ArrayBuffer>> {
  if (text.length % 2 !== 0) {
    return fault("bad_length", `Cannot parse hex: need an even number of digits, got ${text.length}`, {
      offset: text.length,
    });
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < text.length; i += 2) {
    const high = hexDigit(text.charCodeAt(i));
    const low = hexDigit(text.charCodeAt(i + 1));
    if (high < 0 || low < 0) {
      return fault("bad_value", `Cannot parse hex: unexpected character at ${high < 0 ? i : i + 1}`, {
        offset: high < 0 ? i : i + 1,
      });
    }
    bytes[i / 2] = high * 16 + low;
  }
  return ok(bytes);
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE64URL_VALUE = new Int8Array(128).fill(-1);
for (let i = 0; i < 64; i++) BASE64URL_VALUE[BASE64URL.charCodeAt(i)] = i;

/** RFC 4648 §5 without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0);
    text += BASE64URL[group >>> 18] + BASE64URL[(group >>> 12) & 63];
    if (left > 1) text += BASE64URL[(group >>> 6) & 63];
    if (left > 2) text += BASE64URL[group & 63];
  }
  return text;
}

/**
 * RFC 4648 §5 without padding. One byte string has one spelling: stray low bits in the last character are refused, so
 * that a signature or key cannot be respelled.
 */
export function parseBase64Url(text: string): Parsed<Uint8Array<ArrayBuffer>> {
  const tail = text.length % 4;
  if (tail === 1) {
    return fault("bad_length", `Cannot parse base64url: no byte string has ${text.length} characters`, {
      offset: text.length,
    });
  }
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let group = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? BASE64URL_VALUE[code] : -1;
    if (value < 0) return fault("bad_value", `Cannot parse base64url: unexpected character at ${i}`, { offset: i });
    group = ((group << 6) | value) & 0xffffff;
    if (i % 4 === 1) bytes[at++] = group >>> 4;
    else if (i % 4 === 2) bytes[at++] = group >>> 2;
    else if (i % 4 === 3) bytes[at++] = group;
  }
  if ((tail === 2 && (group & 15) !== 0) || (tail === 3 && (group & 3) !== 0)) {
    return fault("bad_value", "Cannot parse base64url: unused bits are not zero", { offset: text.length - 1 });
  }
  return ok(bytes);
}
