/**
 * Writes `certificates.ts`, the certificates of the tests: `deno run -A lib/crypto/testing/generate_certificates.ts`.
 * Keys and signatures are fresh each time, so nothing may depend on their values.
 */
import "reflect-metadata";
import { type CertificateRequest, createCertificate, type CreatedCertificate } from "../../net/certificate_create.ts";
import * as x509 from "@peculiar/x509";

const PEER = "550e8400-e29b-41d4-a716-446655440000";
const OTHER_PEER = "11111111-e29b-41d4-a716-446655440000";
const CENTURY = { notBeforeUnixMs: Date.UTC(2026, 0, 1), notAfterUnixMs: Date.UTC(2126, 0, 1) };

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const P384 = { name: "ECDSA", namedCurve: "P-384" };
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
};

const make = (fields: Partial<CertificateRequest>) =>
  createCertificate({ subject: "arcrtc test peer", ...CENTURY, ...fields });

/** A certificate that {@link createCertificate} would not make. */
async function makeOdd(
  issuer: CreatedCertificate | null,
  extensions: x509.Extension[],
  algorithm: typeof P256 | typeof RSA = P256,
  isCa = false,
): Promise<CreatedCertificate> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
  const issuerPem = issuer && new x509.X509Certificate(issuer.certificatePem);
  const issuerDer = issuer && x509.PemConverter.decodeFirst(issuer.privateKeyPem);
  const signingKey = issuerDer
    ? await crypto.subtle.importKey("pkcs8", issuerDer, P256, false, ["sign"])
    : keys.privateKey;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=odd",
    issuer: issuerPem ? issuerPem.subjectName : "CN=odd",
    notBefore: new Date(CENTURY.notBeforeUnixMs),
    notAfter: new Date(CENTURY.notAfterUnixMs),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: { ...(issuer ? P256 : algorithm), hash: "SHA-256" },
    extensions: [new x509.BasicConstraintsExtension(isCa, undefined, true), ...extensions],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificateDer: new Uint8Array(certificate.rawData),
    certificatePem: certificate.toString("pem"),
    privateKeyPem: x509.PemConverter.encode(key, "PRIVATE KEY") + "\n",
  };
}

const names = (...values: { type: "url" | "dns"; value: string }[]) => new x509.SubjectAlternativeNameExtension(values);
const uri = (peerId: string) => ({ type: "url" as const, value: `urn:uuid:${peerId}` });

const ca = await make({ subject: "arcrtc test CA", isCa: true });
const all: Record<string, CreatedCertificate> = {
  CA: ca,
  OTHER_CA_OF_SAME_NAME: await make({ subject: "arcrtc test CA", isCa: true }),
  EXPIRED_CA: await make({ subject: "old CA", isCa: true, notAfterUnixMs: Date.UTC(2026, 1, 1) }),
  SELF_SIGNED: await make({}),
  SELF_SIGNED_NAMED: await make({ peerId: PEER }),
  EXPIRED: await make({ notAfterUnixMs: Date.UTC(2026, 1, 1) }),
  ISSUED: await make({ issuer: ca, peerId: PEER }),
  ISSUED_TO_OTHER: await make({ issuer: ca, peerId: OTHER_PEER }),
  ISSUED_UNNAMED: await make({ issuer: ca }),
  ISSUED_EXPIRED: await make({ issuer: ca, peerId: PEER, notAfterUnixMs: Date.UTC(2026, 1, 1) }),
  ISSUED_BY_PEER: await make({ issuer: await make({ issuer: ca, peerId: OTHER_PEER }), peerId: PEER }),
  ISSUED_SMUGGLING_NAME: await makeOdd(ca, [names({ type: "dns", value: `a, URI:urn:uuid:${PEER}` })]),
  ISSUED_TWO_NAMES: await makeOdd(ca, [names(uri(OTHER_PEER)), names(uri(PEER))]),
  ISSUED_UNKNOWN_CRITICAL: await makeOdd(ca, [
    names(uri(PEER)),
    new x509.Extension("1.3.6.1.4.1.55555.1", true, Uint8Array.of(5, 0)),
  ]),
  ISSUED_UNKNOWN_EXTENSION: await makeOdd(ca, [
    names(uri(PEER)),
    new x509.Extension("1.3.6.1.4.1.55555.1", false, Uint8Array.of(5, 0)),
  ]),
  P384: await makeOdd(null, [], P384),
  RSA: await makeOdd(null, [], RSA),
};

const source = [
  "/** Made by generate_certificates.ts. The keys are public: they protect nothing. */",
  "export interface TestCertificate {",
  "  readonly certificatePem: string;",
  "  readonly privateKeyPem: string;",
  "}",
  `export const PEER_ID = "${PEER}";`,
  ...Object.entries(all).map(([name, { certificatePem, privateKeyPem }]) =>
    `export const ${name}: TestCertificate = {\n  certificatePem: \`${certificatePem.trim()}\n\`,\n` +
    `  privateKeyPem: \`${privateKeyPem.trim()}\n\`,\n};`
  ),
].join("\n\n");
Deno.writeTextFileSync(new URL("./certificates.ts", import.meta.url), source + "\n");
