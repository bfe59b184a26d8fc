/** Bytes for people. */
import { toHex } from "./bytes.ts";

/** `80 ef 00 01`, at most `maxBytes` of them. */
export function hexText(bytes: Uint8Array, maxBytes: number): string {
  const pairs = toHex(bytes.subarray(0, maxBytes)).match(/../g) ?? [];
  return pairs.join(" ") + (bytes.length > maxBytes ? " ..." : "");
}

/** One character per byte; what is not printable ASCII is a dot. */
export function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".").join("");
}

/** True where showing the characters tells more than the hex alone. */
export function isMostlyText(bytes: Uint8Array): boolean {
  const dots = bytes.reduce((count, byte) => count + (byte >= 0x20 && byte < 0x7f ? 0 : 1), 0);
  return bytes.length > 1 && 4 * dots <= bytes.length;
}

/** Control characters, and those that turn the direction of writing: a unit must not steer the terminal. */
// deno-lint-ignore no-control-regex
const STEERING = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text from a unit with what could disturb a terminal written as \u escapes. */
export function visible(text: string): string {
  return text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export interface HexRow {
  /** Of the first byte, counted from the start of the unit. */
  readonly at: number;
  readonly hex: string;
  readonly ascii: string;
}

/** Sixteen bytes a row. `offset` is where the bytes begin in their unit. */
export function hexRows(bytes: Uint8Array, offset: number): HexRow[] {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, row) => {
    const part = bytes.subarray(16 * row, 16 * row + 16);
    return { at: offset + 16 * row, hex: hexText(part, 16), ascii: printable(part) };
  });
}
