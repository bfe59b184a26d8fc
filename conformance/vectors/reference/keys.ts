/** Clauses 3.1 to 3.3, 3.5, 3.6 and 8.1: every derivation written out with the primitives of `node:crypto`. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createECDH, createHash, createHmac, verify, X509Certificate } from "node:crypto";
import { concat, fromBase64Url, fromHex, hexOf, numberBytes, same, text, toBase64Url } from "./bytes.ts";
import { type Answer, answering, type Due, type Json, type Judge, type Judges } from "./judge.ts";

export const keyJudges: Judges = {
  "ecdh.agree": traced(agree),
  "keys.transcript": traced(transcript),
  "keys.derive": traced(derive),
  "keys.rtcp": traced(deriveRtcp),
  "keys.proof": traced(proof),
  "keys.check_proof": answering((request) => {
    const right = (proof(request).answer as { readonly ok: Json }).ok.proof;
    return right === request.proof ? { ok: {} } : { fault: { reason: "auth" } };
  }),
  "relay.token": traced(relayToken),
  "relay.proof": traced(relayProof),
  "relay.check_proof": answering(checkRelayProof),
  "identity.verify": judgeIdentity,
};

interface Traced {
  readonly answer: Answer;
  readonly trace?: Json;
}

/** Compares the answer, and each intermediate value that the file shows. */
function traced(answer: (request: Json) => Traced): Judge {
  return (request, due) => {
    const own = answer(request);
    answering(() => own.answer)(request, due);
    if (due.trace !== undefined) assert.deepEqual(due.trace, own.trace);
  };
}

export function hmac(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(createHmac("sha256", key).update(concat(...data)).digest());
}

export function sha256(data: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(data).digest());
}

/** RFC 5869, both steps. */
export function hkdf(inputKey: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes: number): Uint8Array {
  const extracted = hmac(salt, inputKey);
  let block = new Uint8Array(0);
  let out = new Uint8Array(0);
  for (let counter = 1; out.length < bytes; counter++) {
    block = hmac(extracted, block, info, Uint8Array.of(counter)) as Uint8Array<ArrayBuffer>;
    out = concat(out, block) as Uint8Array<ArrayBuffer>;
  }
  return out.slice(0, bytes);
}

/** The first step alone. */
function prk(inputKey: Uint8Array, label: string): string {
  return hexOf(hmac(text(label), inputKey));
}

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** The 65 bytes of a public key; undefined for what is not one. */
function publicPoint(value: string): Uint8Array | undefined {
  const bytes = fromBase64Url(value);
  if (bytes === undefined || bytes.length !== 65 || bytes[0] !== 4) return undefined;
  const x = BigInt(`0x${hexOf(bytes.slice(1, 33))}`);
  const y = BigInt(`0x${hexOf(bytes.slice(33))}`);
  if (x >= P || y >= P) return undefined;
  return (y * y - (x * x * x - 3n * x + B)) % P === 0n ? bytes : undefined;
}

function agree(request: Json): Traced {
  const refusal: Traced = { answer: { fault: { reason: "bad_key" } } };
  const peer = publicPoint(request.public_key as string);
  if (peer === undefined) return refusal;
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(request.private_key as string, "hex");
  const own = Uint8Array.from(ecdh.getPublicKey());
  if (same(own.slice(1, 33), peer.slice(1, 33))) return refusal;
  return {
    answer: { ok: { shared_secret: ecdh.computeSecret(peer).toString("hex"), public_key: toBase64Url(own) } },
    trace: { public_key_hex: hexOf(peer) },
  };
}

function transcript(request: Json): Traced {
  for (const side of ["caller", "callee"]) {
    if (publicPoint(request[`${side}_key`] as string) === undefined) {
      return { answer: { fault: { reason: "bad_key", path: `$.${side}_key` } } };
    }
  }
  const certificate = (value: unknown) =>
    value === "" ? new Uint8Array(0) : sha256(Buffer.from(value as string, "base64"));
  const key = (value: unknown) => Uint8Array.from(Buffer.from(value as string, "base64url"));
  const offered = (request.offered_authentication ?? ["hmac-sha256-80"]) as string[];
  const items = [
    text("arcrtc-1.0"),
    text(request.session_id as string),
    text(String(request.epoch)),
    text(request.caller_peer_id as string),
    text(request.callee_peer_id as string),
    key(request.caller_key),
    key(request.callee_key),
    certificate(request.caller_certificate),
    certificate(request.callee_certificate),
    text((request.offered_encryption as string[]).join(",")),
    text(offered.join(",")),
    text(request.suite as string),
    text(request.authentication as string),
    fromHex(request.previous_master_key as string),
  ];
  const hashed = concat(...items.flatMap((item) => [numberBytes(item.length, 2), item]));
  return { answer: { ok: { transcript: hexOf(sha256(hashed)) } }, trace: { hashed: hexOf(hashed) } };
}

const KEY_BYTES: Readonly<Record<string, number>> = { "aes-128-gcm": 16, "aes-256-gcm": 32, "chacha20-poly1305": 32 };

export interface StreamKeys {
  readonly encryptionKey: Uint8Array;
  readonly authKey: Uint8Array;
  readonly salt: Uint8Array;
}

/** `kind` is "" for a stream, "rtcp-" for a peer's RTCP. */
export function streamKeys(master: Uint8Array, kind: "" | "rtcp-", id: string, suite: string): StreamKeys {
  const part = (label: string, bytes: number) => hkdf(master, text(`arcrtc-${kind}${label}`), text(id), bytes);
  return { encryptionKey: part("enc", KEY_BYTES[suite]), authKey: part("auth", 32), salt: part("salt", 12) };
}

function show({ encryptionKey, authKey, salt }: StreamKeys): Json {
  return { encryption_key: hexOf(encryptionKey), auth_key: hexOf(authKey), salt: hexOf(salt) };
}

function prks(master: Uint8Array, kind: "" | "rtcp-"): Json {
  return {
    prk_enc: prk(master, `arcrtc-${kind}enc`),
    prk_auth: prk(master, `arcrtc-${kind}auth`),
    prk_salt: prk(master, `arcrtc-${kind}salt`),
  };
}

function derive(request: Json): Traced {
  const secret = fromHex(request.shared_secret as string);
  const master = hkdf(secret, text("arcrtc-media-key"), text(request.session_id as string), 32);
  const keys = streamKeys(master, "", request.stream_id as string, request.suite as string);
  return {
    answer: { ok: { master_key: hexOf(master), ...show(keys) } },
    trace: { prk_master: prk(secret, "arcrtc-media-key"), ...prks(master, "") },
  };
}

function deriveRtcp(request: Json): Traced {
  const master = fromHex(request.master_key as string);
  const keys = streamKeys(master, "rtcp-", request.peer_id as string, request.suite as string);
  return { answer: { ok: show(keys) }, trace: prks(master, "rtcp-") };
}

function proof(request: Json): Traced {
  const master = fromHex(request.master_key as string);
  const key = hkdf(master, text("arcrtc-proof"), text(request.session_id as string), 32);
  const covered = `${request.type}${request.peer_id}${request.epoch}${request.public_key}`;
  const mac = hmac(key, text(covered)).slice(0, 16);
  return { answer: { ok: { proof: toBase64Url(mac) } }, trace: { proof_key: hexOf(key), covered } };
}

function relayTag(
  request: Json,
): { readonly covered: Uint8Array; readonly expiry: Uint8Array; readonly tag: Uint8Array } {
  const expiry = numberBytes(request.expires as number, 8);
  const covered = concat(text(`arcrtc-relay${request.session_id}${request.peer_id}`), expiry);
  return { covered, expiry, tag: hmac(fromHex(request.relay_secret as string), covered).slice(0, 16) };
}

function relayToken(request: Json): Traced {
  const { covered, expiry, tag } = relayTag(request);
  return {
    answer: { ok: { token: toBase64Url(concat(expiry, tag)) } },
    trace: { covered: hexOf(covered), tag: hexOf(tag) },
  };
}

function proofOf(tag: Uint8Array, request: Json): string {
  return toBase64Url(hmac(tag, text(`${request.nonce}${request.session_id}${request.peer_id}`)).slice(0, 16));
}

function relayProof(request: Json): Traced {
  const token = request.token as string;
  const bytes = fromBase64Url(token);
  if (bytes === undefined) {
    // 33 characters are no length of base64url at all.
    return { answer: { fault: { reason: token.length % 4 === 1 ? "bad_length" : "bad_value" } } };
  }
  if (bytes.length < 24) return { answer: { fault: { reason: "truncated", offset: bytes.length, need: 24 } } };
  if (bytes.length > 24) return { answer: { fault: { reason: "bad_length", offset: 24 } } };
  if (BigInt(`0x${hexOf(bytes.slice(0, 8))}`) >= 2n ** 53n) return { answer: { fault: { reason: "bad_value" } } };
  const tag = bytes.slice(8);
  const covered = hexOf(text(`${request.nonce}${request.session_id}${request.peer_id}`));
  return { answer: { ok: { proof: proofOf(tag, request) } }, trace: { key: hexOf(tag), covered } };
}

function checkRelayProof(request: Json): Answer {
  return proofOf(relayTag(request).tag, request) === request.proof ? { ok: {} } : { fault: { reason: "auth" } };
}

function judgeIdentity(request: Json, due: Due): void {
  const { certificate, signature } = request.identity as { readonly certificate: string; readonly signature: string };
  const publicKey = publicPoint(request.public_key as string);
  assert.ok(publicKey !== undefined);
  const signed = concat(
    text(`arcrtc-identity\0${request.session_id}\0${request.peer_id}\0${request.role}\0`),
    publicKey,
  );
  if (due.trace !== undefined) assert.deepEqual(due.trace, { signed: hexOf(signed) });
  answering((): Answer => {
    const refusal: Answer = { fault: { reason: "bad_key" } };
    const x509 = readCertificate(certificate);
    const bytes = fromBase64Url(signature);
    if (x509 === undefined || bytes?.length !== 64) return refusal;
    const atMs = request.at_ms as number;
    if (atMs < Date.parse(x509.validFrom) || atMs > Date.parse(x509.validTo)) return refusal;
    const { publicKey: key } = x509;
    if (key.asymmetricKeyType !== "ec" || key.export({ format: "jwk" }).crv !== "P-256") return refusal;
    const isRight = verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, bytes);
    return isRight ? { ok: { fingerprint: hexOf(sha256(Buffer.from(certificate, "base64"))) } } : refusal;
  })(request, due);
}

function readCertificate(base64: string): X509Certificate | undefined {
  const der = Buffer.from(base64, "base64");
  if (der.toString("base64") !== base64 || der.length < 4 || der[0] !== 0x30) return undefined;
  // A long-form length of two bytes: no certificate is shorter than 128 bytes, none here longer than 65,535.
  if (der[1] === 0x81 ? der.length !== 3 + der[2] : der[1] !== 0x82 || der.length !== 4 + der.readUInt16BE(2)) {
    return undefined;
  }
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
