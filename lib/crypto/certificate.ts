/** X.509 certificates as the identity of a peer, parsed and verified by `node:crypto`. */
import { X509Certificate } from "node:crypto";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, equalBytes, parseBase64Url, parseHex, toBase64Url, toHex } from "../base/bytes.ts";
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { DER_SEQUENCE, parseDerElement } from "./der.ts";
import { parsePublicKey } from "./ecdh.ts";

/** No certificate of a peer needs more; a message could not carry more than 65,535 bytes anyway. */
const MAX_DER_BYTES = 16_384;
const MAX_TRUST_ANCHORS = 1024;

/** A peer's certificate: X.509 with a P-256 key (SPEC ARC-KEY-identity-certificate). */
export interface Certificate {
  /** The bytes that it was parsed from, borrowed; their SHA-256 enters the transcript. */
  readonly der: Uint8Array;
  /** SHA-256 of {@link der}, 32 bytes: what a user pins. */
  readonly fingerprint: Uint8Array;
  /** Uncompressed SEC1 point, 65 bytes. */
  readonly publicKey: Uint8Array;
  readonly subject: string;
  readonly notBeforeUnixMs: number;
  readonly notAfterUnixMs: number;
  readonly x509: X509Certificate;
}

/** A certificate from DER. Reasons: `too_large`, `bad_value` (not X.509), `bad_key` (not a P-256 key). */
export function parseCertificate(der: Uint8Array): Parsed<Certificate> {
  if (der.length > MAX_DER_BYTES) {
    return fault("too_large", `Cannot parse certificate: need at most ${MAX_DER_BYTES} bytes, got ${der.length}`);
  }
  const whole = parseDerElement(der, 0, der.length);
  if (!whole.ok) return notX509("not DER", whole.fault.offset);
  if (whole.value.tag !== DER_SEQUENCE) return notX509("not a DER sequence", 0);
  if (whole.value.end !== der.length) return notX509("bytes follow it", whole.value.end);
  try {
    const x509 = new X509Certificate(der);
    const { kty, crv, x, y } = exportPublicKey(x509);
    if (kty !== "EC" || crv !== "P-256" || typeof x !== "string" || typeof y !== "string") {
      return fault("bad_key", `Cannot use certificate: need a P-256 key, got ${String(crv ?? kty ?? "another")}`);
    }
    const publicKey = parsePoint(x, y);
    if (!publicKey.ok) return publicKey;
    return ok({
      der,
      fingerprint: sha256(der),
      publicKey: publicKey.value,
      subject: x509.subject ?? "",
      notBeforeUnixMs: x509.validFromDate.getTime(),
      notAfterUnixMs: x509.validToDate.getTime(),
      x509,
    });
  } catch {
    return notX509("the library refuses it", 0);
  }
}

/** A certificate from the `certificate` field of an identity: base64 (RFC 4648 §4, padded) of its DER. */
export function parseCertificateBase64(text: string): Parsed<Certificate> {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return notX509("not base64", 0);
  const der = parseBase64Url(text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_"));
  return der.ok ? parseCertificate(der.value) : notX509("not base64", der.fault.offset);
}

/** A SHA-256 fingerprint as people write it: 64 hex digits of either case, with or without colons. */
export function parseFingerprint(text: string): Parsed<Uint8Array> {
  const digits = /^(?:[0-9a-fA-F]{2}:){31}[0-9a-fA-F]{2}$/.test(text) ? text.replaceAll(":", "") : text;
  if (digits.length !== 64) {
    return fault("bad_length", "Cannot parse fingerprint: need 64 hex digits (SHA-256), with or without colons");
  }
  return parseHex(digits);
}

/** As parsed by {@link parseFingerprint}: upper-case pairs with colons. */
export function writeFingerprint(fingerprint: Uint8Array): string {
  return Array.from(fingerprint, (byte) => toHex(Uint8Array.of(byte)).toUpperCase()).join(":");
}

/** The certificates that a peer trusts to name others: every one in the file is an anchor. */
export interface TrustAnchors {
  readonly certificates: readonly X509Certificate[];
}

/**
 * Trust anchors from a PEM file with one or more CA certificates, of any key type that `node:crypto` verifies with.
 * Text between the certificates is ignored. `bad_value` for a certificate that cannot be read or is no CA.
 */
export function parseTrustAnchors(pem: string): Parsed<TrustAnchors> {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return notX509("the trust file holds no PEM certificate", 0);
  if (blocks.length > MAX_TRUST_ANCHORS) {
    return fault("too_large", `Cannot use trust file: need at most ${MAX_TRUST_ANCHORS} certificates`);
  }
  const certificates: X509Certificate[] = [];
  for (const block of blocks) {
    try {
      const x509 = new X509Certificate(block);
      if (!x509.ca) return notX509(`certificate ${certificates.length + 1} of the trust file is no CA`, 0);
      certificates.push(x509);
    } catch {
      return notX509(`certificate ${certificates.length + 1} of the trust file cannot be read`, 0);
    }
  }
  return ok({ certificates });
}

/** True when an anchor, valid now, has issued and signed the certificate, or is the certificate. */
export function isIssuedBy(certificate: Certificate, anchors: TrustAnchors, nowUnixMs: number): boolean {
  return anchors.certificates.some((anchor) => {
    try {
      if (nowUnixMs < anchor.validFromDate.getTime() || nowUnixMs > anchor.validToDate.getTime()) return false;
      if (equalBytes(anchor.raw, certificate.der)) return true;
      return certificate.x509.checkIssued(anchor) && certificate.x509.verify(anchor.publicKey);
    } catch {
      return false;
    }
  });
}

export function isValidAt({ notBeforeUnixMs, notAfterUnixMs }: Certificate, nowUnixMs: number): boolean {
  return nowUnixMs >= notBeforeUnixMs && nowUnixMs <= notAfterUnixMs;
}

function exportPublicKey(x509: X509Certificate): Readonly<Record<string, unknown>> {
  return { ...x509.publicKey.export({ format: "jwk" }) };
}

/** The coordinates of a JWK as one SEC1 point, checked like a key that a peer sends. */
function parsePoint(x: string, y: string): Parsed<Uint8Array> {
  const xBytes = parseBase64Url(x);
  const yBytes = parseBase64Url(y);
  if (!xBytes.ok) return xBytes;
  if (!yBytes.ok) return yBytes;
  return parsePublicKey(toBase64Url(concatBytes(Uint8Array.of(0x04), xBytes.value, yBytes.value)));
}

function notX509(why: string, offset = 0) {
  return fault("bad_value", `Cannot parse certificate: ${why}`, { offset });
}
