import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { isIssuedBy, parseCertificate, parseTrustAnchors } from "../crypto/certificate.ts";
import { type IdentityClaim, judgeIdentity, parsePrivateKeyPem, signIdentity } from "../crypto/identity.ts";
import { keyPairFromPrivate } from "../crypto/ecdh.ts";
import { unwrap } from "../base/parsed.ts";
import { createCertificate } from "./certificate_create.ts";

const FROM_MS = Date.UTC(2026, 0, 1);
const UNTIL_MS = Date.UTC(2036, 0, 1);
const IN_2030 = Date.UTC(2030, 0, 1);
const PEER_ID = "550e8400-e29b-41d4-a716-446655440000";
const validity = { notBeforeUnixMs: FROM_MS, notAfterUnixMs: UNTIL_MS };

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

Deno.test("certificates: self-signed, as asked for, and no CA", async () => {
  const made = await createCertificate({
    subject: "studio, left",
    hosts: ["localhost", "127.0.0.1", "::1"],
    ...validity,
  });
  const certificate = unwrap(parseCertificate(made.certificateDer));
  assert.deepEqual([certificate.notBeforeUnixMs, certificate.notAfterUnixMs], [FROM_MS, UNTIL_MS]);
  assert.equal(unwrap(parsePrivateKeyPem(made.privateKeyPem)).publicKey.join(), certificate.publicKey.join());
  const x509 = new X509Certificate(made.certificatePem);
  assert.deepEqual(new Uint8Array(x509.raw), made.certificateDer);
  assert.equal(x509.ca, false);
  assert.ok(x509.verify(x509.publicKey));
  assert.equal(x509.subjectAltName, "DNS:localhost, IP Address:127.0.0.1, IP Address:::1");
  assert.equal(x509.subject, "CN=studio, left");
});

Deno.test("ARC-KEY-identity-ca: what our CA issues to a peer passes our policy, and another CA's does not", async () => {
  const ca = await createCertificate({ subject: "our CA", isCa: true, ...validity });
  const otherCa = await createCertificate({ subject: "our CA", isCa: true, ...validity });
  const issued = await createCertificate({ subject: "peer", peerId: PEER_ID, issuer: ca, ...validity });
  const certificate = unwrap(parseCertificate(issued.certificateDer));
  const anchors = unwrap(parseTrustAnchors(ca.certificatePem));
  assert.ok(isIssuedBy(certificate, anchors, IN_2030));
  assert.ok(!isIssuedBy(certificate, unwrap(parseTrustAnchors(otherCa.certificatePem)), IN_2030));

  const claim: IdentityClaim = {
    sessionId: PEER_ID,
    peerId: PEER_ID,
    role: "callee",
    publicKey: unwrap(keyPairFromPrivate(new Uint8Array(32).fill(1))).publicKey,
  };
  const signature = signIdentity(unwrap(parsePrivateKeyPem(issued.privateKeyPem)).privateKey, claim);
  const identity = { certificate: base64(issued.certificateDer), signature };
  assert.ok(judgeIdentity({ kind: "issued", anchors }, identity, claim, IN_2030).ok);
});

Deno.test("certificates: no two have the same serial number or key", async () => {
  const a = await createCertificate({ subject: "a", ...validity });
  const b = await createCertificate({ subject: "a", ...validity });
  assert.notEqual(
    new X509Certificate(a.certificatePem).serialNumber,
    new X509Certificate(b.certificatePem).serialNumber,
  );
  assert.notEqual(a.privateKeyPem, b.privateKeyPem);
});
