import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createCertificate } from "./certificate_create.ts";
import { makeIdentity, testIdentity } from "./testing/signaling_rig.ts";
import { readTlsIdentity } from "./tls_identity.ts";

Deno.test("a TLS identity is checked before anybody connects; what is wrong is named, the key is not", async () => {
  const [identity, other] = [await testIdentity(), await makeIdentity()];
  const x509 = new X509Certificate(identity.certificatePem);
  assert.equal(identity.fingerprintSha256, x509.fingerprint256.replaceAll(":", "").toLowerCase());
  assert.equal(identity.notAfterUnixMs, Date.parse(x509.validTo));
  const cases: [string, string, RegExp][] = [
    ["", identity.privateKeyPem, /certificate is not X\.509/],
    [identity.privateKeyPem, identity.privateKeyPem, /certificate is not X\.509/],
    [identity.certificatePem, "", /key is not a private key/],
    [identity.certificatePem, identity.certificatePem, /key is not a private key/],
    [identity.certificatePem, identity.privateKeyPem.slice(0, -80), /key is not a private key/],
    [identity.certificatePem, other.privateKeyPem, /does not belong/],
  ];
  for (const [certificate, key, message] of cases) {
    assert.throws(() => readTlsIdentity(certificate, key), (error) => {
      return error instanceof Error && message.test(error.message) && !error.message.includes("PRIVATE KEY");
    });
  }
});

Deno.test("a chain is kept whole, and the server's own certificate is the one that is pinned", async () => {
  const validity = { notBeforeUnixMs: Date.now() - 1000, notAfterUnixMs: Date.now() + 1e6 };
  const ca = await createCertificate({ subject: "CA", isCa: true, ...validity });
  const leaf = await createCertificate({ subject: "leaf", hosts: ["localhost"], issuer: ca, ...validity });
  const identity = readTlsIdentity(leaf.certificatePem + ca.certificatePem, leaf.privateKeyPem);
  const own = new X509Certificate(leaf.certificatePem).fingerprint256.replaceAll(":", "").toLowerCase();
  assert.equal(identity.fingerprintSha256, own);
  assert.ok(identity.certificatePem.includes(ca.certificatePem));
});
