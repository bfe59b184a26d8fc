/** Texts of the cases to bytes for the library. */
import { parseBase64Url, parseHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";

export function unwrapHex(hex: string): Uint8Array<ArrayBuffer> {
  return unwrap(parseHex(hex));
}

export function unwrapBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return unwrap(parseBase64Url(text));
}
