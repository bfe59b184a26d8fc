import assert from "node:assert/strict";
import { createPrivateKey, sign as nodeSign, verify as nodeVerify, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { concatBytes, parseBase64Url, toBase64Url, toHex, utf8 } from "../base/bytes.ts";
import { unwrap } from "../base/parsed.ts";
import { parseCertificate, parseTrustAnchors } from "./certificate.ts";
import { keyPairFromPrivate } from "./ecdh.ts";
import {
  identityBytes,
  type IdentityClaim,
  type IdentityField,
  type IdentityPolicy,
  judgeIdentity,
  parsePrivateKeyPem,
  signIdentity,
} from "./identity.ts";
import * as certificates from "./testing/certificates.ts";
import { pemBase64, pemBytes } from "./testing/pem.ts";
import { CALLEE_PRIVATE, CALLER_PRIVATE, SESSION_ID } from "./testing/reference_session.ts";

const { PEER_ID, SELF_SIGNED, ISSUED, CA } = certificates;
const IN_2030 = Date.UTC(2030, 0, 1);

const CLAIM: IdentityClaim = {
  sessionId: SESSION_ID,
  peerId: PEER_ID,
  role: "caller",
  publicKey: unwrap(keyPairFromPrivate(CALLER_PRIVATE)).publicKey,
};
const OPTIONAL: IdentityPolicy = { kind: "optional" };
const REQUIRED: IdentityPolicy = { kind: "required" };
const ISSUED_BY_CA: IdentityPolicy = { kind: "issued", anchors: unwrap(parseTrustAnchors(CA.certificatePem)) };
const pinned = (of: certificates.TestCertificate): IdentityPolicy => ({
  kind: "pinned",
  fingerprint: unwrap(parseCertificate(pemBytes(of.certificatePem))).fingerprint,
});

function identityOf(of: certificates.TestCertificate, claim = CLAIM): IdentityField {
  const { privateKey } = unwrap(parsePrivateKeyPem(of.privateKeyPem));
  return { certificate: pemBase64(of.certificatePem), signature: signIdentity(privateKey, claim) };
}

function assertBad(verdict: ReturnType<typeof judgeIdentity>, message?: RegExp): void {
  assert.ok(!verdict.ok, "expected a refusal");
  assert.equal(verdict.code, "bad_identity");
  if (message) assert.match(verdict.message, message);
}

Deno.test("ARC-KEY-identity-signature: over the bytes of the clause", () => {
  assert.equal(
    toHex(identityBytes(CLAIM)),
    toHex(concatBytes(
      utf8("arcrtc-identity"),
      Uint8Array.of(0),
      utf8(SESSION_ID),
      Uint8Array.of(0),
      utf8(PEER_ID),
      Uint8Array.of(0),
      utf8("caller"),
      Uint8Array.of(0),
      CLAIM.publicKey,
    )),
  );
});

Deno.test("ARC-KEY-identity-signature: r || s of 64 bytes that node:crypto verifies with the certificate", () => {
  const { signature } = identityOf(SELF_SIGNED);
  const bytes = unwrap(parseBase64Url(signature));
  assert.equal(bytes.length, 64);
  const key = new X509Certificate(SELF_SIGNED.certificatePem).publicKey;
  assert.ok(nodeVerify("sha256", identityBytes(CLAIM), { key, dsaEncoding: "ieee-p1363" }, bytes));
});

Deno.test("ARC-KEY-identity-signature: what node:crypto signs is accepted, with high and low s", () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const key = createPrivateKey(SELF_SIGNED.privateKeyPem);
  const made = nodeSign("sha256", identityBytes(CLAIM), { key, dsaEncoding: "ieee-p1363" });
  const otherS = order - BigInt("0x" + made.subarray(32).toString("hex"));
  const other = made.subarray(0, 32).toString("hex") + otherS.toString(16).padStart(64, "0");
  const certificate = pemBase64(SELF_SIGNED.certificatePem);
  for (const signature of [made.toString("base64url"), Buffer.from(other, "hex").toString("base64url")]) {
    assert.ok(judgeIdentity(REQUIRED, { certificate, signature }, CLAIM, IN_2030).ok);
  }
});

Deno.test("ARC-KEY-identity-wrong-signature: another session, peer, role, key or certificate", () => {
  const identity = identityOf(SELF_SIGNED);
  const otherKey = unwrap(keyPairFromPrivate(CALLEE_PRIVATE)).publicKey;
  const claims: Partial<IdentityClaim>[] = [
    { sessionId: PEER_ID },
    { peerId: SESSION_ID },
    { role: "callee" },
    { publicKey: otherKey },
  ];
  for (const policy of [OPTIONAL, REQUIRED, pinned(SELF_SIGNED)]) {
    for (const change of claims) {
      assertBad(judgeIdentity(policy, identity, { ...CLAIM, ...change }, IN_2030), /signature/);
    }
    assertBad(
      judgeIdentity(policy, { ...identity, certificate: pemBase64(ISSUED.certificatePem) }, CLAIM, IN_2030),
      /signature/,
    );
  }
});

Deno.test("ARC-KEY-identity-wrong-signature: every prefix, bit flip and other spelling of the signature", () => {
  const identity = identityOf(SELF_SIGNED);
  const judge = (signature: string) => judgeIdentity(OPTIONAL, { ...identity, signature }, CLAIM, IN_2030);
  const bytes = unwrap(parseBase64Url(identity.signature));
  for (let n = 0; n < identity.signature.length; n++) assertBad(judge(identity.signature.slice(0, n)));
  for (let bit = 0; bit < 512; bit += 11) {
    const flipped = bytes.slice();
    flipped[bit >> 3] ^= 0x80 >> (bit & 7);
    assertBad(judge(toBase64Url(flipped)));
  }
  const der = nodeSign("sha256", identityBytes(CLAIM), createPrivateKey(SELF_SIGNED.privateKeyPem));
  for (
    const text of ["", identity.signature + "==", der.toString("base64url"), toBase64Url(new Uint8Array(64)), "\u0000"]
  ) assertBad(judge(text));
});

Deno.test("ARC-KEY-identity-wrong-signature: a certificate that cannot be read, or is not P-256, even where optional", () => {
  const { signature } = identityOf(SELF_SIGNED);
  for (const certificate of ["", "AAAA", "not base64", pemBase64(certificates.P384.certificatePem)]) {
    assertBad(judgeIdentity(OPTIONAL, { certificate, signature }, CLAIM, IN_2030), /certificate/);
  }
});

Deno.test("ARC-KEY-identity-required: absent is refused by every policy but the optional one", () => {
  assert.deepEqual(judgeIdentity(OPTIONAL, undefined, CLAIM, IN_2030), { ok: true, certificate: null });
  for (const policy of [REQUIRED, pinned(SELF_SIGNED), ISSUED_BY_CA]) {
    assertBad(judgeIdentity(policy, undefined, CLAIM, IN_2030), /required/);
  }
});

Deno.test("ARC-KEY-identity-required: a self-signed certificate serves, within its validity", () => {
  const verdict = judgeIdentity(REQUIRED, identityOf(SELF_SIGNED), CLAIM, IN_2030);
  assert.ok(verdict.ok);
  assert.deepEqual(verdict.certificate?.der, pemBytes(SELF_SIGNED.certificatePem));
  for (const policy of [OPTIONAL, REQUIRED]) {
    assertBad(judgeIdentity(policy, identityOf(certificates.EXPIRED), CLAIM, IN_2030), /validity/);
    assertBad(judgeIdentity(policy, identityOf(SELF_SIGNED), CLAIM, Date.UTC(2025, 0, 1)), /validity/);
  }
});

Deno.test("ARC-KEY-identity-pin: this certificate and no other, however well signed", () => {
  assert.ok(judgeIdentity(pinned(SELF_SIGNED), identityOf(SELF_SIGNED), CLAIM, IN_2030).ok);
  assert.ok(judgeIdentity(pinned(certificates.EXPIRED), identityOf(certificates.EXPIRED), CLAIM, IN_2030).ok);
  assertBad(judgeIdentity(pinned(SELF_SIGNED), identityOf(ISSUED), CLAIM, IN_2030), /pinned/);
});

Deno.test("ARC-KEY-identity-ca: issued by the CA, valid, and named after the peer", () => {
  const verdict = judgeIdentity(ISSUED_BY_CA, identityOf(ISSUED), CLAIM, IN_2030);
  assert.ok(verdict.ok, verdict.ok ? "" : verdict.message);
  const refused: readonly (readonly [certificates.TestCertificate, RegExp])[] = [
    [SELF_SIGNED, /no trusted CA/],
    [certificates.SELF_SIGNED_NAMED, /no trusted CA/],
    [certificates.ISSUED_BY_PEER, /no trusted CA/],
    [certificates.ISSUED_TO_OTHER, /does not name peer/],
    [certificates.ISSUED_UNNAMED, /does not name peer/],
    [certificates.ISSUED_SMUGGLING_NAME, /does not name peer/],
    [certificates.ISSUED_EXPIRED, /validity/],
    [certificates.ISSUED_TWO_NAMES, /two subject alternative names/],
    [certificates.ISSUED_UNKNOWN_CRITICAL, /unknown critical extension/],
  ];
  for (const [of, message] of refused) {
    assertBad(judgeIdentity(ISSUED_BY_CA, identityOf(of), CLAIM, IN_2030), message);
  }
});

Deno.test("identity: any fields are accepted or refused, never thrown at", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (certificate, signature) => {
      assertBad(judgeIdentity(OPTIONAL, { certificate, signature }, CLAIM, IN_2030));
    }),
    { seed: 15, numRuns: 200 },
  );
});

const SEC1_KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIGHeVboziK7E/fbs/G7vhG+w8bE+KMyDgScMJ/+jE67loAoGCCqGSM49
AwEHoUQDQgAEY6ZcYi41ddJzFJnpeZCSKY1ZXQSWfXwDpMIl4f64oBAIaaB+6xAI
3jVa4AAOg7Yxr/oiI85+c8txT9jbXd+khQ==
-----END EC PRIVATE KEY-----
`;

Deno.test("identity: private keys in PKCS #8 and SEC1", () => {
  const pair = unwrap(parsePrivateKeyPem(SELF_SIGNED.privateKeyPem));
  assert.deepEqual(pair.publicKey, unwrap(parseCertificate(pemBytes(SELF_SIGNED.certificatePem))).publicKey);
  assert.deepEqual(unwrap(parsePrivateKeyPem(SEC1_KEY)).privateKey, Uint8Array.from(CALLER_PRIVATE));
});

Deno.test("identity: other private keys are bad_key, and the message holds nothing of them", () => {
  const { P384, RSA } = certificates;
  const texts = ["", "hello", P384.privateKeyPem, RSA.privateKeyPem, SELF_SIGNED.certificatePem, SEC1_KEY.slice(0, 99)];
  for (const text of texts) {
    const parsed = parsePrivateKeyPem(text);
    assert.ok(!parsed.ok && parsed.fault.reason === "bad_key");
    assert.equal(parsed.fault.message, "Cannot parse private key: need a PEM file with an unencrypted P-256 key");
  }
});
