/** PEM to bytes, for the tests of certificates. */
import { parseBase64Url } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";

/** The base64 between the lines of a PEM file: also how a message carries a certificate. */
export function pemBase64(pem: string): string {
  return pem.replace(/-----[A-Z ]+-----|\s/g, "");
}

export function pemBytes(pem: string): Uint8Array<ArrayBuffer> {
  const text = pemBase64(pem).replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
  return unwrap(parseBase64Url(text));
}
