/** Tokens for servers that want one: JWTs of any kind, the wrong kinds too, which no library would make. */
import { createHmac } from "node:crypto";
import { toBase64Url, utf8 } from "../../lib/base/bytes.ts";
import type { Json } from "../testee/answer.ts";

export interface TokenWish {
  readonly session: string;
  readonly peer: string;
  /** Unix seconds; no such claim for null. */
  readonly exp: number | null;
  /** Signed with another secret than the server's. */
  readonly secret?: string;
  /** What the header says; the signature is HMAC with the hash of its number, and empty for `none`. */
  readonly alg?: string;
  readonly claims?: Json;
}

/** A JWT of HMAC (RFC 7519, RFC 7515). */
export function joinToken(
  serverSecret: string,
  { session, peer, exp, secret, alg = "HS256", claims }: TokenWish,
): string {
  const part = (value: Json) => toBase64Url(utf8(JSON.stringify(value)));
  const payload = { session, peer, ...(exp === null ? {} : { exp }), ...claims };
  const signed = `${part({ alg, typ: "JWT" })}.${part(payload)}`;
  if (alg === "none") return `${signed}.`;
  const hash = `sha${alg.match(/\d+$/)?.[0] ?? "256"}`;
  const signature = createHmac(hash, secret ?? serverSecret).update(signed).digest();
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}
