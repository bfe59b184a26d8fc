/** The certificate and key that a TLS server shows, checked before the first client comes. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { toHex } from "../base/bytes.ts";
import { sha256 } from "@noble/hashes/sha2.js";

export interface TlsIdentity {
  /** PEM, the server's own certificate first, then those that lead to an authority. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** SHA-256 of the own certificate, lower-case hex: what a client can pin. */
  readonly fingerprintSha256: string;
  readonly notAfterUnixMs: number;
}

/** Reads both halves. @throws Error that says which one is wrong, and how; never with key material in it. */
export function readTlsIdentity(certificatePem: string, privateKeyPem: string): TlsIdentity {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certificatePem);
  } catch {
    throw new Error("the certificate is not X.509 in PEM");
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKeyPem);
  } catch {
    throw new Error("the key is not a private key in PEM without a password");
  }
  if (!certificate.checkPrivateKey(key)) throw new Error("the key does not belong to the certificate");
  return {
    certificatePem,
    privateKeyPem,
    fingerprintSha256: toHex(sha256(new Uint8Array(certificate.raw))),
    notAfterUnixMs: Date.parse(certificate.validTo),
  };
}

/** The options of `node:tls` and `node:https` servers for an identity: TLS 1.3 only (SPEC ARC-TRANSPORT-tcp). */
export function tlsServerOptions(identity: TlsIdentity): { cert: string; key: string; minVersion: "TLSv1.3" } {
  return { cert: identity.certificatePem, key: identity.privateKeyPem, minVersion: "TLSv1.3" };
}
