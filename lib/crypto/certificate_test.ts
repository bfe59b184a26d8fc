import assert from "node:assert/strict";
import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { toHex } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import {
  isIssuedBy,
  isValidAt,
  parseCertificate,
  parseCertificateBase64,
  parseFingerprint,
  parseTrustAnchors,
  writeFingerprint,
} from "./certificate.ts";
import { parseDerElement } from "./der.ts";
import * as certificates from "./testing/certificates.ts";
import { pemBase64, pemBytes } from "./testing/pem.ts";

const IN_2030 = Date.UTC(2030, 0, 1);
const { CA, SELF_SIGNED, ISSUED } = certificates;

const parsedOf = ({ certificatePem }: certificates.TestCertificate) => parseCertificate(pemBytes(certificatePem));
const certificateOf = (of: certificates.TestCertificate) => unwrap(parsedOf(of));
const anchorsOf = (...of: certificates.TestCertificate[]) =>
  unwrap(parseTrustAnchors(of.map(({ certificatePem }) => certificatePem).join("")));

Deno.test("ARC-KEY-identity-certificate: a P-256 certificate, self-signed or issued, with its facts", () => {
  for (const made of [SELF_SIGNED, ISSUED]) {
    const der = pemBytes(made.certificatePem);
    const certificate = unwrap(parseCertificate(der));
    assert.equal(toHex(certificate.fingerprint), createHash("sha256").update(der).digest("hex"));
    assert.equal(writeFingerprint(certificate.fingerprint), new X509Certificate(der).fingerprint256);
    const spki = createPublicKey(made.privateKeyPem).export({ type: "spki", format: "der" });
    assert.equal(toHex(certificate.publicKey), spki.subarray(-65).toString("hex"));
    assert.equal(certificate.subject, "CN=arcrtc test peer");
    assert.equal(certificate.notBeforeUnixMs, Date.UTC(2026, 0, 1));
    assert.equal(certificate.notAfterUnixMs, Date.UTC(2126, 0, 1));
  }
});

Deno.test("ARC-KEY-identity-certificate: keys other than P-256 are bad_key", () => {
  for (const made of [certificates.P384, certificates.RSA]) {
    const parsed = parsedOf(made);
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_key", parsed.ok ? "accepted" : parsed.fault.message);
  }
});

Deno.test("ARC-KEY-identity-certificate: base64 of the DER, padded, and nothing else", () => {
  const text = pemBase64(ISSUED.certificatePem);
  assert.deepEqual(unwrap(parseCertificateBase64(text)).der, pemBytes(ISSUED.certificatePem));
  const respelled = text.replaceAll("+", "-").replaceAll("/", "_");
  assert.notEqual(respelled, text, "the sample has characters that differ");
  for (
    const wrong of [
      "",
      ISSUED.certificatePem,
      respelled,
      text.slice(0, -1),
      text + "=",
      ` ${text}`,
      text + "AAAA",
      "\u00e9",
    ]
  ) {
    const parsed = parseCertificateBase64(wrong);
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_value");
  }
});

Deno.test("certificate: PEM, trailing bytes and every strict prefix are refused", () => {
  const der = pemBytes(SELF_SIGNED.certificatePem);
  const inputs = [new TextEncoder().encode(SELF_SIGNED.certificatePem), Uint8Array.of(...der, 0)];
  for (let n = 0; n < der.length; n++) inputs.push(der.subarray(0, n));
  for (const input of inputs) {
    const parsed = parseCertificate(input);
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_value");
  }
  const huge = parseCertificate(new Uint8Array(16_385));
  assert.ok(!huge.ok && huge.fault.reason === "too_large");
});

Deno.test("ARC-KEY-identity-ca: a byte changed anywhere never throws, and in the signed part breaks the chain", () => {
  const der = pemBytes(ISSUED.certificatePem);
  const anchors = anchorsOf(CA);
  const fingerprint = toHex(certificateOf(ISSUED).fingerprint);
  const signed = unwrap(parseDerElement(der, 4, der.length));
  for (let i = 0; i < der.length; i++) {
    const changed = der.slice();
    changed[i] ^= 0x01;
    const parsed = parseCertificate(changed);
    if (!parsed.ok) continue;
    assert.notEqual(toHex(parsed.value.fingerprint), fingerprint);
    const issued = isIssuedBy(parsed.value, anchors, IN_2030);
    if (i < signed.end) assert.equal(issued, false, `byte ${i}`);
  }
});

Deno.test("certificate: any bytes give a certificate or a fault", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, text) => {
      assert.ok(!parseCertificate(bytes).ok);
      assert.ok(!parseCertificateBase64(text).ok);
    }),
    { seed: 14, numRuns: 300 },
  );
});

Deno.test("ARC-KEY-identity-ca: issued by the CA's key, not by its name", () => {
  const issued = certificateOf(ISSUED);
  assert.equal(isIssuedBy(issued, anchorsOf(CA), IN_2030), true);
  assert.equal(isIssuedBy(issued, anchorsOf(certificates.OTHER_CA_OF_SAME_NAME), IN_2030), false);
  assert.equal(isIssuedBy(issued, anchorsOf(certificates.OTHER_CA_OF_SAME_NAME, CA), IN_2030), true);
  assert.equal(isIssuedBy(certificateOf(SELF_SIGNED), anchorsOf(CA), IN_2030), false);
  assert.equal(isIssuedBy(certificateOf(certificates.ISSUED_BY_PEER), anchorsOf(CA), IN_2030), false);
});

Deno.test("ARC-KEY-identity-ca: an anchor outside of its validity issues nothing", () => {
  const anchors = anchorsOf(CA);
  assert.equal(isIssuedBy(certificateOf(ISSUED), anchors, Date.UTC(2025, 11, 31)), false);
  assert.equal(isIssuedBy(certificateOf(ISSUED), anchors, Date.UTC(2126, 0, 2)), false);
});

Deno.test("certificate: validity includes both of its ends", () => {
  const certificate = certificateOf(SELF_SIGNED);
  const at = (ms: number) => isValidAt(certificate, ms);
  assert.deepEqual([at(Date.UTC(2026, 0, 1) - 1), at(Date.UTC(2026, 0, 1))], [false, true]);
  assert.deepEqual([at(Date.UTC(2126, 0, 1)), at(Date.UTC(2126, 0, 1) + 1)], [true, false]);
});

Deno.test("trust anchors: only CA certificates, at least one, text between them ignored", () => {
  assert.equal(anchorsOf(CA, certificates.EXPIRED_CA).certificates.length, 2);
  assert.equal(unwrap(parseTrustAnchors(`# our CA\n${CA.certificatePem}\n\nend`)).certificates.length, 1);
  const broken = CA.certificatePem.replace(/MII/, "MIJ");
  for (const text of ["", "hello", SELF_SIGNED.certificatePem, CA.certificatePem + ISSUED.certificatePem, broken]) {
    const parsed = parseTrustAnchors(text);
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_value");
  }
  const many = parseTrustAnchors(CA.certificatePem.repeat(1025));
  assert.ok(!many.ok && many.fault.reason === "too_large");
});

Deno.test("ARC-KEY-identity-pin: a fingerprint is read with and without colons, in either case", () => {
  const { fingerprint } = certificateOf(SELF_SIGNED);
  const colons = writeFingerprint(fingerprint);
  for (const text of [colons, colons.toLowerCase(), colons.replaceAll(":", ""), toHex(fingerprint)]) {
    assert.deepEqual(unwrap(parseFingerprint(text)), fingerprint);
  }
  for (const text of ["", colons.slice(3), colons + ":00", colons.replace(":", ""), "g".repeat(64), "0".repeat(63)]) {
    assert.ok(!parseFingerprint(text).ok, text);
  }
});
