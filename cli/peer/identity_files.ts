/** Who we are and whom we expect: `--identity`, `--pin`, `--require-identity`, `--identity-ca`, `--keystore`. */
import { equalBytes } from "../../lib/base/bytes.ts";
import { type Parsed, unwrap } from "../../lib/base/parsed.ts";
import {
  type Certificate,
  parseCertificate,
  parseCertificateBase64,
  parseFingerprint,
  parseTrustAnchors,
  writeFingerprint,
} from "../../lib/crypto/certificate.ts";
import { type KeyPair, keyPairFromPrivate } from "../../lib/crypto/ecdh.ts";
import { type IdentityPolicy, parsePrivateKeyPem } from "../../lib/crypto/identity.ts";
import { createCertificate } from "../../lib/net/certificate_create.ts";
import type { EndpointConfig } from "../../lib/signaling/endpoint_context.ts";
import { CliError } from "../ui/cli_error.ts";
import { readTextFile } from "../ui/text_file.ts";
import type { KeystoreDirectory } from "./keystore_directory.ts";

/** The identity's id in a keystore. */
export const IDENTITY_KEY_ID = "arcrtc:identity";

const SELF_SIGNED_DAYS = 3650;
const DAY_MS = 86_400_000;

export interface Identity {
  /** For the session. */
  readonly config: NonNullable<EndpointConfig["identity"]>;
  /** SHA-256 of the certificate: what the other side pins. Upper-case pairs with colons. */
  readonly fingerprint: string;
  /** The peer id that the keystore keeps with it. */
  readonly peerId: string | undefined;
}

export interface IdentityWish {
  /** `self`, or the path of a PEM certificate; undefined: none, unless the keystore has one. */
  readonly identity: string | undefined;
  readonly keyPath: string | undefined;
  readonly keystore: KeystoreDirectory | undefined;
  /** The id to be written into a certificate made here. */
  readonly peerId: string;
}

/** @throws CliError where a file cannot be read or does not fit. */
export async function loadIdentity(wish: IdentityWish, nowUnixMs: number): Promise<Identity | undefined> {
  const { identity, keyPath, keystore } = wish;
  if (identity !== undefined && identity !== "self") {
    if (keyPath === undefined) {
      throw new CliError("usage", "--identity CERT.pem needs --identity-key KEY.pem", "or take --identity self");
    }
    return readPemIdentity(identity, keyPath);
  }
  if (keyPath !== undefined) throw new CliError("usage", "--identity-key goes with --identity CERT.pem");
  const stored = keystore?.read(IDENTITY_KEY_ID, nowUnixMs);
  if (stored !== undefined) {
    const { certificate, peer_id } = stored.metadata;
    const parsed = parseCertificateBase64(typeof certificate === "string" ? certificate : "");
    const what = "the keystore's identity";
    return joinIdentity(
      use(parsed, what),
      use(keyPairFromPrivate(stored.key), what),
      what,
      typeof peer_id === "string" ? peer_id : undefined,
    );
  }
  return identity === "self" ? await makeIdentity(wish, nowUnixMs) : undefined;
}

async function makeIdentity({ peerId, keystore }: IdentityWish, nowUnixMs: number): Promise<Identity> {
  const made = await createCertificate({
    subject: `arcrtc peer ${peerId}`,
    peerId,
    // Clocks differ: the other side may be a little behind.
    notBeforeUnixMs: nowUnixMs - DAY_MS,
    notAfterUnixMs: nowUnixMs + SELF_SIGNED_DAYS * DAY_MS,
  });
  const key = unwrap(parsePrivateKeyPem(made.privateKeyPem));
  const identity = joinIdentity(unwrap(parseCertificate(made.certificateDer)), key, "the new identity", peerId);
  const metadata = { certificate: identity.config.certificateBase64, peer_id: peerId };
  keystore?.store(IDENTITY_KEY_ID, "arcrtc_identity", { key: key.privateKey, metadata }, nowUnixMs);
  return identity;
}

function readPemIdentity(certificatePath: string, keyPath: string): Identity {
  const pem = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(
    readTextFile(certificatePath),
  );
  if (pem === null) throw new CliError("usage", `${certificatePath} holds no PEM certificate`);
  const certificate = use(parseCertificateBase64(pem[1].replace(/\s/g, "")), certificatePath);
  return joinIdentity(certificate, use(parsePrivateKeyPem(readTextFile(keyPath)), keyPath), keyPath);
}

function joinIdentity(certificate: Certificate, key: KeyPair, keyName: string, peerId?: string): Identity {
  if (!equalBytes(certificate.publicKey, key.publicKey)) {
    throw new CliError("usage", `the key of ${keyName} is not the certificate's`);
  }
  return {
    config: { certificateBase64: certificate.der.toBase64(), certificateDer: certificate.der, key },
    fingerprint: writeFingerprint(certificate.fingerprint),
    peerId,
  };
}

export interface PolicyWish {
  readonly pin: string | undefined;
  readonly requireIdentity: boolean;
  readonly caPath: string | undefined;
}

/** What is asked of the other side. @throws CliError */
export function identityPolicy({ pin, requireIdentity, caPath }: PolicyWish): IdentityPolicy {
  if (pin !== undefined && caPath !== undefined) {
    throw new CliError("usage", "--pin and --identity-ca exclude each other", "a pin needs no authority");
  }
  if (pin !== undefined) return { kind: "pinned", fingerprint: use(parseFingerprint(pin), "--pin") };
  if (caPath !== undefined) return { kind: "issued", anchors: use(parseTrustAnchors(readTextFile(caPath)), caPath) };
  return { kind: requireIdentity ? "required" : "optional" };
}

function use<T>(parsed: Parsed<T>, what: string): T {
  if (parsed.ok) return parsed.value;
  throw new CliError("usage", `${what}: ${parsed.fault.message}`);
}
