/**
 * Who a peer is: a certificate, and its key's signature over the ephemeral key, peer, role and session (SPEC
 * ARC-KEY-identity-*).
 *
 * ```
 * signature = ECDSA-P256-SHA256 over
 *             "arcrtc-identity" || 0x00 || session_id || 0x00 || peer_id || 0x00
 *             || ("caller" or "callee") || 0x00 || public key (65 raw bytes)
 *             as r || s, 32 bytes each, base64url
 * ```
 */
import { createPrivateKey } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { concatBytes, equalBytes, parseBase64Url, toBase64Url, utf8 } from "../base/bytes.ts";
import { fault, type Parsed } from "../base/parsed.ts";
import { unreachable } from "../base/unreachable.ts";
import { type Certificate, isIssuedBy, isValidAt, parseCertificateBase64, type TrustAnchors } from "./certificate.ts";
import { type KeyPair, keyPairFromPrivate } from "./ecdh.ts";
import { parseSubjectUris } from "./subject_uris.ts";

const SIGNATURE_BYTES = 64;

export type SessionRole = "caller" | "callee";

/** What an identity speaks for. Byte fields are borrowed. */
export interface IdentityClaim {
  readonly sessionId: string;
  readonly peerId: string;
  readonly role: SessionRole;
  /** The ephemeral public key of the same message, uncompressed, 65 bytes. */
  readonly publicKey: Uint8Array;
}

/** The `identity` field of CONNECT and CONNECT_ACK. */
export interface IdentityField {
  /** base64 of the certificate's DER. */
  readonly certificate: string;
  /** base64url of r || s. */
  readonly signature: string;
}

/** What a peer asks of the other's identity. An identity that is present is always verified. */
export type IdentityPolicy =
  /** Also without one: the signaling server is trusted, and tools say so (SPEC ARC-KEY-identity-absent-told). */
  | { readonly kind: "optional" }
  | { readonly kind: "required" }
  /** Exactly the certificate with this SHA-256 (32 bytes), whatever its validity says. */
  | { readonly kind: "pinned"; readonly fingerprint: Uint8Array }
  /** Issued by one of the anchors, and naming the peer as `urn:uuid:<peer_id>`. */
  | { readonly kind: "issued"; readonly anchors: TrustAnchors };

/** The verified certificate, or null where none was sent and none was needed. */
export type IdentityVerdict =
  | { readonly ok: true; readonly certificate: Certificate | null }
  | { readonly ok: false; readonly code: "bad_identity"; readonly message: string };

/**
 * What the other side's certificate is worth. `shown`: it has the certificate's key, but whoever runs the signaling server
 * could show such a one too, so that the server is trusted as with `none`. SPEC ARC-KEY-identity-absent-told.
 */
export type IdentityStanding = "none" | "shown" | "pinned" | "issued";

/** The standing of what {@link judgeIdentity} let pass. */
export function identityStanding(certificate: Certificate | null, policy: IdentityPolicy["kind"]): IdentityStanding {
  if (certificate === null) return "none";
  return policy === "pinned" || policy === "issued" ? policy : "shown";
}

/** True where the signaling server need not be trusted. */
export function isIdentityVerified(standing: IdentityStanding): boolean {
  return standing === "pinned" || standing === "issued";
}

/** The signature, 64 bytes, by the private key (32 bytes, borrowed) of one's certificate. Deterministic (RFC 6979). */
export function signIdentity(privateKey: Uint8Array, claim: IdentityClaim): string {
  return toBase64Url(p256.sign(identityBytes(claim), privateKey, { prehash: true, lowS: false }));
}

/** Judges the identity that came with a message, or its absence, at `nowUnixMs`. Never throws on input. */
export function judgeIdentity(
  policy: IdentityPolicy,
  identity: IdentityField | undefined,
  claim: IdentityClaim,
  nowUnixMs: number,
): IdentityVerdict {
  if (identity === undefined) {
    return policy.kind === "optional" ? { ok: true, certificate: null } : bad("an identity is required and none came");
  }
  const certificate = parseCertificateBase64(identity.certificate);
  if (!certificate.ok) return bad(certificate.fault.message);
  if (!verifySignature(certificate.value.publicKey, identity.signature, claim)) {
    return bad("the signature is not the certificate's over this session, peer, role and key");
  }
  const why = refusalByPolicy(policy, certificate.value, claim.peerId, nowUnixMs);
  return why === undefined ? { ok: true, certificate: certificate.value } : bad(why);
}

/** The bytes that are signed. */
export function identityBytes({ sessionId, peerId, role, publicKey }: IdentityClaim): Uint8Array {
  return concatBytes(utf8(`arcrtc-identity\0${sessionId}\0${peerId}\0${role}\0`), publicKey);
}

/** The pair of a PEM private key on P-256 (PKCS #8 or SEC1), as people keep it in files; `bad_key` otherwise. */
export function parsePrivateKeyPem(pem: string): Parsed<KeyPair> {
  try {
    const { crv, d } = createPrivateKey(pem).export({ format: "jwk" });
    const bytes = crv === "P-256" && typeof d === "string" ? parseBase64Url(d) : undefined;
    if (bytes?.ok) return keyPairFromPrivate(bytes.value);
  } catch {
    // Falls through: the library's message may quote the key.
  }
  return fault("bad_key", "Cannot parse private key: need a PEM file with an unencrypted P-256 key");
}

function verifySignature(publicKey: Uint8Array, signature: string, claim: IdentityClaim): boolean {
  const bytes = parseBase64Url(signature);
  if (!bytes.ok || bytes.value.length !== SIGNATURE_BYTES) return false;
  // Other stacks do not normalise s, so both halves are taken.
  return p256.verify(bytes.value, identityBytes(claim), publicKey, { prehash: true, lowS: false });
}

function refusalByPolicy(policy: IdentityPolicy, certificate: Certificate, peerId: string, nowUnixMs: number) {
  switch (policy.kind) {
    case "pinned":
      return equalBytes(certificate.fingerprint, policy.fingerprint) ? undefined : "another certificate is pinned";
    case "optional":
    case "required":
      return isValidAt(certificate, nowUnixMs) ? undefined : "the certificate is outside of its validity";
    case "issued": {
      if (!isValidAt(certificate, nowUnixMs)) return "the certificate is outside of its validity";
      if (!isIssuedBy(certificate, policy.anchors, nowUnixMs)) return "no trusted CA has issued the certificate";
      const uris = parseSubjectUris(certificate.der);
      if (!uris.ok) return uris.fault.message;
      return uris.value.includes(`urn:uuid:${peerId}`) ? undefined : `the certificate does not name peer ${peerId}`;
    }
    default:
      return unreachable(policy);
  }
}

function bad(why: string): IdentityVerdict {
  return { ok: false, code: "bad_identity", message: `Cannot accept identity: ${why}` };
}
