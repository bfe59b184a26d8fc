/**
 * Makes certificates on P-256: self-signed identities, a small CA, and certificates that it issues. X.509 is outside of
 * the protocol, so a library writes it; the library is loaded on first use, because that takes a tenth of a second.
 */

/** What to make. Times are Unix milliseconds, kept to the second. */
export interface CertificateRequest {
  /** Common name, for people. */
  readonly subject: string;
  /** Puts `urn:uuid:<peer_id>` into the subject alternative name (SPEC ARC-KEY-identity-ca). */
  readonly peerId?: string;
  /** Host names and IP addresses, for TLS, DTLS and QUIC servers. */
  readonly hosts?: readonly string[];
  readonly notBeforeUnixMs: number;
  readonly notAfterUnixMs: number;
  /** True for a certificate that issues others; servers and peers must not have such a one. */
  readonly isCa?: boolean;
  /** Who signs; absent: self-signed. */
  readonly issuer?: CreatedCertificate;
}

export interface CreatedCertificate {
  readonly certificateDer: Uint8Array<ArrayBuffer>;
  readonly certificatePem: string;
  /** PKCS #8, not encrypted. */
  readonly privateKeyPem: string;
}

const EC_P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { name: "ECDSA", hash: "SHA-256" } as const;

/** Makes a fresh key pair and its certificate. Rejects when `issuer` cannot be read. */
export async function createCertificate(request: CertificateRequest): Promise<CreatedCertificate> {
  const x509 = await loadLibrary();
  const keys = await crypto.subtle.generateKey(EC_P256, true, ["sign", "verify"]);
  const issuer = request.issuer && new x509.X509Certificate(request.issuer.certificatePem);
  const signingKey = request.issuer ? await importPrivateKey(request.issuer.privateKeyPem) : keys.privateKey;
  const names = alternativeNames(request);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [request.subject] }],
    issuer: issuer ? issuer.subjectName.toJSON() : [{ CN: [request.subject] }],
    notBefore: new Date(request.notBeforeUnixMs),
    notAfter: new Date(request.notAfterUnixMs),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(request.isCa ?? false, undefined, true),
      new x509.KeyUsagesExtension(
        request.isCa ? x509.KeyUsageFlags.keyCertSign : x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(issuer ? [await x509.AuthorityKeyIdentifierExtension.create(issuer)] : []),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return {
    certificateDer: new Uint8Array(certificate.rawData),
    certificatePem: certificate.toString("pem") + "\n",
    privateKeyPem: await exportPrivateKey(keys.privateKey),
  };
}

/** `@peculiar/x509` finds its parts through a reflection polyfill, which has to be there first. */
async function loadLibrary() {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

function alternativeNames({ peerId, hosts = [] }: CertificateRequest) {
  const names: { type: "url" | "dns" | "ip"; value: string }[] = [];
  if (peerId !== undefined) names.push({ type: "url", value: `urn:uuid:${peerId}` });
  for (const host of hosts) names.push({ type: /^[0-9.]+$|:/.test(host) ? "ip" : "dns", value: host });
  return names;
}

/** 16 random bytes as hex, the first without its top bit so that the number is positive. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] & 0x7f) | 0x40;
  return bytes.toHex();
}

async function importPrivateKey(pem: string): Promise<CryptoKey> {
  const der = Uint8Array.fromBase64(pem.replace(/-----[A-Z ]+-----|\s/g, ""));
  return await crypto.subtle.importKey("pkcs8", der, EC_P256, false, ["sign"]);
}

async function exportPrivateKey(key: CryptoKey): Promise<string> {
  const text = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)).toBase64();
  return `-----BEGIN PRIVATE KEY-----\n${text.match(/.{1,64}/g)?.join("\n")}\n-----END PRIVATE KEY-----\n`;
}
