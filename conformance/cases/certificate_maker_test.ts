import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { SeededRng } from "../../lib/base/rng.ts";
import { makeCertificate } from "./certificate_maker.ts";

const YEAR_2023 = { notBeforeUnixMs: Date.UTC(2023, 0, 1, 2, 3, 4), notAfterUnixMs: Date.UTC(2024, 0, 1) };
const URI = "urn:uuid:550e8400-e29b-41d4-a716-446655440000";

function made(seed = 1) {
  const rng = new SeededRng(seed);
  const ca = makeCertificate(rng, { name: "a CA", isCa: true, ...YEAR_2023 });
  const issued = makeCertificate(rng, {
    name: "a peer",
    uris: [URI],
    dnsNames: ["peer.example"],
    issuer: ca,
    ...YEAR_2023,
  });
  return { ca, issued };
}

Deno.test("two other readers find in a made certificate what was wished for", async () => {
  const { ca, issued } = made();
  const node = new X509Certificate(issued.der);
  const nodeCa = new X509Certificate(ca.der);
  assert.ok(node.checkIssued(nodeCa) && node.verify(nodeCa.publicKey) && nodeCa.verify(nodeCa.publicKey));
  assert.ok(nodeCa.ca && !node.ca);
  assert.equal(node.subjectAltName, `URI:${URI}, DNS:peer.example`);
  assert.equal(node.fingerprint256.replaceAll(":", "").toLowerCase(), issued.fingerprint);

  const other = new x509.X509Certificate(issued.base64);
  assert.deepEqual([other.subject, other.issuer], ["CN=a peer", "CN=a CA"]);
  assert.equal(other.notBefore.getTime(), YEAR_2023.notBeforeUnixMs);
  assert.equal(other.notAfter.getTime(), YEAR_2023.notAfterUnixMs);
  assert.ok(await other.verify({ publicKey: new x509.X509Certificate(ca.base64), signatureOnly: true }));
  assert.deepEqual(other.getExtension(x509.KeyUsagesExtension)?.usages, x509.KeyUsageFlags.digitalSignature);
});

Deno.test("a seed makes the same certificates again, another one others", () => {
  assert.equal(made(7).issued.base64, made(7).issued.base64);
  assert.notEqual(made(7).issued.base64, made(8).issued.base64);
});
