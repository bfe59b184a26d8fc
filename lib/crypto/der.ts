/**
 * Just enough DER (X.690) to find one field inside a certificate that a library has already parsed.
 *
 * ```
 * +-----+------------------------------+---------------+
 * | tag | length: 1, or 0x80+n then n  |  contents ... |      definite lengths only
 * +-----+------------------------------+---------------+
 * ```
 */
import { fault, ok, type Parsed, truncated } from "../base/parsed.ts";

export const DER_SEQUENCE = 0x30;
export const DER_BOOLEAN = 0x01;
export const DER_OCTET_STRING = 0x04;
export const DER_OID = 0x06;

/** One element: offsets into the bytes that it was read from. */
export interface DerElement {
  readonly tag: number;
  readonly contentStart: number;
  readonly end: number;
}

/** The element at `offset`, which must end at or before `end`. */
export function parseDerElement(bytes: Uint8Array, offset: number, end: number): Parsed<DerElement> {
  if (end - offset < 2) return truncated("DER element", offset + 2, end);
  const first = bytes[offset + 1];
  let contentStart = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 3) {
      return fault("bad_length", `Cannot parse DER element: length of ${octets} octets`, { offset: offset + 1 });
    }
    if (end - contentStart < octets) return truncated("DER element", contentStart + octets, end);
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + bytes[contentStart++];
  }
  if (end - contentStart < length) return truncated("DER element", contentStart + length, end);
  return ok({ tag: bytes[offset], contentStart, end: contentStart + length });
}

/** The elements that fill `offset..end` exactly. */
export function parseDerElements(bytes: Uint8Array, offset: number, end: number): Parsed<readonly DerElement[]> {
  const elements: DerElement[] = [];
  for (let at = offset; at < end;) {
    const element = parseDerElement(bytes, at, end);
    if (!element.ok) return element;
    elements.push(element.value);
    at = element.value.end;
  }
  return ok(elements);
}
