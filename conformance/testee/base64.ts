/** Base64 in the alphabet of RFC 4648 §4, padded or not: how certificates are written, and what people paste. */
import { parseBase64Url } from "../../lib/base/bytes.ts";
import { fault, type Parsed } from "../../lib/base/parsed.ts";

/** `=` may only fill the last group of four. Offsets count characters. */
export function parseBase64(text: string): Parsed<Uint8Array<ArrayBuffer>> {
  const urlCharacter = text.search(/[-_]/);
  if (urlCharacter >= 0) {
    return fault("bad_value", `Cannot parse base64: unexpected character at ${urlCharacter}`, { offset: urlCharacter });
  }
  const digits = text.replace(/={1,2}$/, "");
  if (digits.length !== text.length && text.length % 4 !== 0) {
    return fault("bad_length", "Cannot parse base64: wrong padding", { offset: digits.length });
  }
  return parseBase64Url(digits.replaceAll("+", "-").replaceAll("/", "_"));
}
