/** The keys that join tokens are verified with, each with the one algorithm that configuration gives it. */
import { type CryptoKey, importJWK, type JWK } from "jose";
import { concatBytes, parseBase64Url, toBase64Url, utf8 } from "../base/bytes.ts";
import { parsePublicKey } from "../crypto/ecdh.ts";
import { isLoopback } from "./address_key.ts";
import { fetchText } from "./fetch_text.ts";
import { NetError } from "./net_error.ts";

/** SPEC ARC-TRANSPORT-server-jwt. */
export type JwtAlgorithm = "HS256" | "ES256";

export interface JwtKey {
  /** Fixed here, not chosen by a token's header (SPEC ARC-TRANSPORT-server-jwt-algorithm). */
  readonly algorithm: JwtAlgorithm;
  /** `kid`; undefined where the key has none. */
  readonly id: string | undefined;
  readonly key: CryptoKey | Uint8Array;
}

export interface JwtKeySource {
  /** The keys at `nowMs`; one that does not have `wantedId` may look again where its keys come from. */
  keys(wantedId: string | undefined, nowMs: number): Promise<readonly JwtKey[]>;
}

/** Every key may have to be tried on a token that names none. */
const MAX_KEYS = 16;
const MAX_JWKS_BYTES = 256 * 1024;
const FETCH_TIMEOUT_MS = 5000;
/** Keys older than this are fetched again on use. */
const REFRESH_MS = 10 * 60_000;
/** A token with an unknown key has them fetched again, but not more often than this. */
const UNKNOWN_KEY_REFRESH_MS = 30_000;

/** RFC 7518 §3.2: as long as the hash. */
export const MIN_SECRET_BYTES = 32;

/** One shared secret for HS256. @throws RangeError when it is shorter than {@link MIN_SECRET_BYTES}. */
export function secretKeySource(secret: string): JwtKeySource {
  const key = utf8(secret);
  if (key.length < MIN_SECRET_BYTES) {
    throw new RangeError(`an HS256 secret needs ${MIN_SECRET_BYTES} bytes or more, this one has ${key.length}`);
  }
  return fixedKeySource([{ algorithm: "HS256", id: undefined, key }]);
}

export function fixedKeySource(keys: readonly JwtKey[]): JwtKeySource {
  return { keys: () => Promise.resolve(keys) };
}

/**
 * The usable keys of a JWK Set (RFC 7517): `oct` for HS256 and P-256 for ES256. Others are passed over; a private half
 * is not used.
 *
 * @throws Error that says what is wrong with the set, without any of its content.
 */
export async function parseJwks(text: string): Promise<readonly JwtKey[]> {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    throw new Error("the JWK set is not JSON");
  }
  const list = typeof set === "object" && set !== null && "keys" in set ? set.keys : undefined;
  if (!Array.isArray(list)) throw new Error('the JWK set has no list "keys"');
  const keys: JwtKey[] = [];
  for (const [i, jwk] of list.entries()) {
    const usable = usableJwk(jwk);
    if (usable === undefined) continue;
    keys.push(await importKey(usable, i));
  }
  if (keys.length === 0) throw new Error("the JWK set has no key for HS256 (oct) or ES256 (EC P-256)");
  if (keys.length > MAX_KEYS) throw new Error(`the JWK set has ${keys.length} keys, the limit is ${MAX_KEYS}`);
  return keys;
}

/** The public half of a key that can verify one of our algorithms; undefined for any other. */
function usableJwk(jwk: unknown): JWK & { readonly alg: JwtAlgorithm } | undefined {
  if (typeof jwk !== "object" || jwk === null) return undefined;
  const { kty, crv, alg, use, kid, k, x, y } = jwk as Record<string, unknown>;
  if (use !== undefined && use !== "sig") return undefined;
  const id = typeof kid === "string" ? { kid } : {};
  if (kty === "oct" && typeof k === "string" && (alg === undefined || alg === "HS256")) {
    return { kty, k, alg: "HS256", ...id };
  }
  const isP256 = kty === "EC" && crv === "P-256" && typeof x === "string" && typeof y === "string";
  return isP256 && (alg === undefined || alg === "ES256") ? { kty, crv, x, y, alg: "ES256", ...id } : undefined;
}

async function importKey(jwk: JWK & { readonly alg: JwtAlgorithm }, i: number): Promise<JwtKey> {
  const name = `key ${i + 1} of the JWK set`;
  // Not every library behind `importJWK` looks whether the point is on the curve.
  const isSound = jwk.alg === "HS256" || isPoint(jwk);
  const key = isSound ? await importJWK(jwk, jwk.alg).catch(() => undefined) : undefined;
  if (key === undefined) throw new Error(`${name} cannot be read`);
  if (key instanceof Uint8Array && key.length < MIN_SECRET_BYTES) {
    throw new Error(`${name} is a secret of ${key.length} bytes, HS256 needs ${MIN_SECRET_BYTES} or more`);
  }
  return { algorithm: jwk.alg, id: jwk.kid, key };
}

function isPoint({ x = "", y = "" }: JWK): boolean {
  const [xBytes, yBytes] = [parseBase64Url(x), parseBase64Url(y)];
  if (!xBytes.ok || !yBytes.ok) return false;
  return parsePublicKey(toBase64Url(concatBytes(Uint8Array.of(0x04), xBytes.value, yBytes.value))).ok;
}

/**
 * Keys from a URL: fetched now, and again when they are old or a token names one that is not there. While the URL
 * cannot be reached the former keys stay.
 *
 * @throws NetError `unreachable` when the first fetch fails; Error for a URL that is neither https nor on this machine.
 */
export async function remoteKeySource(url: string, nowMs: number): Promise<JwtKeySource> {
  const { protocol, hostname } = new URL(url);
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback(hostname))) {
    throw new Error(`${url} is not https: whoever sits in between could put in keys`);
  }
  let keys: readonly JwtKey[];
  try {
    keys = await fetchKeys(url);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NetError("unreachable", `cannot get keys from ${url}: ${why}`, { cause: error });
  }
  let triedMs = nowMs;
  let running: Promise<void> | undefined;
  const refresh = async () => {
    try {
      keys = await fetchKeys(url);
    } catch {
      // The former keys are better than none; the next token after the pause tries again.
    } finally {
      running = undefined;
    }
  };
  return {
    async keys(wantedId, nowMs) {
      const isUnknown = wantedId !== undefined && !keys.some((key) => key.id === wantedId);
      if (running === undefined && nowMs - triedMs >= (isUnknown ? UNKNOWN_KEY_REFRESH_MS : REFRESH_MS)) {
        triedMs = nowMs;
        running = refresh();
      }
      if (isUnknown) await running;
      return keys;
    },
  };
}

async function fetchKeys(url: string): Promise<readonly JwtKey[]> {
  return await parseJwks(await fetchText(url, { maxBytes: MAX_JWKS_BYTES, timeoutMs: FETCH_TIMEOUT_MS }));
}
