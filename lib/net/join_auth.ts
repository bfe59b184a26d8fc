/** Who may join which session as which peer (SPEC ARC-TRANSPORT-server-jwt). */
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import type { JwtKey, JwtKeySource } from "./jwt_keys.ts";

export interface JoinRequest {
  readonly sessionId: string;
  readonly peerId: string;
  readonly token: string | undefined;
}

export interface JoinAuth {
  /** What lets peers in, for logs: `open`, `jwt`. */
  readonly name: string;
  /**
   * Undefined when the join is allowed, otherwise why not, for the peer's eyes. Answers at once where there is nothing
   * to wait for. `nowMs` is the server's clock, `unixMs` the same in Unix time.
   */
  judge(request: JoinRequest, nowMs: number, unixMs: number): Promise<string | undefined> | string | undefined;
}

/** As long as CONNECT lets a token be (SPEC 5.2.1). */
const MAX_TOKEN = 4096;

/** Anybody may join: for one machine, or behind something that has judged already. */
export const OPEN_AUTH: JoinAuth = { name: "open", judge: () => undefined };

/** Joins need a JWT with the claims `session`, `peer` and `exp`. */
export function jwtAuth(source: JwtKeySource): JoinAuth {
  return { name: "jwt", judge: (request, nowMs, unixMs) => judgeToken(source, request, nowMs, unixMs) };
}

async function judgeToken(
  source: JwtKeySource,
  { sessionId, peerId, token }: JoinRequest,
  nowMs: number,
  unixMs: number,
): Promise<string | undefined> {
  if (token === undefined || token === "") return "a token is needed to join";
  if (token.length > MAX_TOKEN) return `the token is longer than ${MAX_TOKEN} characters`;
  const header = readHeader(token);
  if (header === undefined) return "the token is not a JWT";
  const all = await source.keys(header.kid, nowMs);
  const keys = all.filter((key) => header.kid === undefined || key.id === undefined || key.id === header.kid);
  if (keys.length === 0) return "the token names a key that is not known here";
  const usable = keys.filter((key) => key.algorithm === header.alg);
  if (usable.length === 0) {
    return `the key is for ${keys[0].algorithm}, and the token does not choose its algorithm`;
  }
  let refusal: string | undefined;
  for (const key of usable) {
    const verdict = await verify(token, key, unixMs);
    if (verdict.kind === "wrong_key") {
      refusal = verdict.why;
      continue;
    }
    if (verdict.kind === "refused") return verdict.why;
    if (verdict.claims.session !== sessionId) return "the token is for another session";
    if (verdict.claims.peer !== peerId) return "the token is for another peer";
    return undefined;
  }
  return refusal;
}

function readHeader(token: string): { readonly alg: string; readonly kid: string | undefined } | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return typeof alg === "string" && (kid === undefined || typeof kid === "string") ? { alg, kid } : undefined;
  } catch {
    return undefined;
  }
}

type TokenVerdict =
  | { readonly kind: "good"; readonly claims: JWTPayload }
  | { readonly kind: "wrong_key"; readonly why: string }
  | { readonly kind: "refused"; readonly why: string };

async function verify(token: string, { algorithm, key }: JwtKey, unixMs: number): Promise<TokenVerdict> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      requiredClaims: ["session", "peer", "exp"],
      currentDate: new Date(unixMs),
    });
    return { kind: "good", claims: payload };
  } catch (error) {
    // The library's own words could quote the token.
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      return { kind: "wrong_key", why: "the token is not signed with the server's key" };
    }
    if (error instanceof errors.JWTExpired) return { kind: "refused", why: "the token has expired" };
    if (error instanceof errors.JWTClaimValidationFailed) {
      const { claim, reason } = error;
      const why = reason === "missing"
        ? `the token lacks the claim ${claim}`
        : `the token's claim ${claim} does not hold`;
      return { kind: "refused", why };
    }
    if (error instanceof errors.JOSEError) return { kind: "refused", why: "the token is not a JWT that can be read" };
    throw error;
  }
}
