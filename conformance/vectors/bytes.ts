/** Hex of the cases to bytes for the library. */
import { parseHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";

export function unwrapHex(hex: string): Uint8Array<ArrayBuffer> {
  return unwrap(parseHex(hex));
}
