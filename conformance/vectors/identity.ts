/** Identities: certificate and signature. SPEC clause 3.5. */
import { p256 } from "@noble/curves/nist.js";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { concatBytes, toBase64Url, toHex, utf8 } from "../../lib/base/bytes.ts";
import { identityBytes, type IdentityClaim, signIdentity } from "../../lib/crypto/identity.ts";
import { unwrapBase64Url, unwrapHex } from "./bytes.ts";
import { Group, type Json, type VectorFile, vectorFile } from "./case.ts";
import { EXPIRED, OTHER, P384_CERTIFICATE, PEER, RSA_CERTIFICATE, type VectorCertificate } from "./certificates.ts";
import { CALLEE, CALLER, epochs, keyText, OTHER_STREAM, SESSION } from "./party.ts";
import { be, flip } from "./wire.ts";

export function identityVectors(): VectorFile {
  return vectorFile(
    "identity",
    "The identity of CONNECT and CONNECT_ACK, judged without a policy: the certificate can be read, holds a P-256 key, and that key has signed session, peer, role and ephemeral key. `at_ms` is the time of the judgement.",
    {
      "WrongClaim": {
        meaning: "A good signature of the same key over something else than the message says.",
        requirements: ["ARC-KEY-identity-signature", "ARC-KEY-identity-wrong-signature"],
      },
      "BadCertificate": {
        meaning: "The certificate cannot be read, or its key cannot have signed.",
        requirements: ["ARC-KEY-identity-certificate"],
      },
      "Validity": {
        meaning: "The specification asks for the time of validity where a CA is given, and leaves it open elsewhere.",
        requirements: ["ARC-KEY-identity-certificate"],
      },
    },
    [verify()],
  );
}

const SIGNATURE = "ARC-KEY-identity-signature";
const WRONG = "ARC-KEY-identity-wrong-signature ARC-KEY-identity-signature";
const CERTIFICATE = "ARC-KEY-identity-certificate ARC-KEY-identity-wrong-signature";
const IN_2030_MS = 1_893_456_000_000;

function verify(): Group {
  const [first, second] = epochs();
  const claim: IdentityClaim = {
    sessionId: SESSION,
    peerId: CALLER,
    role: "caller",
    publicKey: first.caller.publicKey,
  };
  const publicKey = keyText(first.caller);
  const group = new Group("identity.verify", {
    session_id: SESSION,
    peer_id: CALLER,
    role: "caller",
    public_key: publicKey,
    at_ms: IN_2030_MS,
  });
  const keyOf = (of: VectorCertificate) => unwrapHex(of.privateKey);
  const signed = (of: VectorCertificate, changes: Partial<IdentityClaim> = {}) =>
    signIdentity(keyOf(of), { ...claim, ...changes });
  const fingerprint = (of: VectorCertificate) =>
    toHex(sha256(Uint8Array.from(atob(of.certificate), (c) => c.charCodeAt(0))));
  const good = (
    id: string,
    comment: string,
    of: VectorCertificate,
    signature: string,
    changes: Json = {},
    covered = claim,
  ) =>
    group.valid(
      id,
      comment,
      `${SIGNATURE} ARC-KEY-identity-certificate`,
      {
        identity: { certificate: of.certificate, signature },
        ...changes,
      },
      { fingerprint: fingerprint(of) },
      { trace: { signed: toHex(identityBytes(covered)) } },
    );
  const bad = { fault: { reason: "bad_key" } };
  const wrong = (
    id: string,
    comment: string,
    requirements: string,
    identity: Json,
    changes: Json = {},
    flags: readonly string[] = [],
  ) =>
    group.invalid(
      id,
      comment,
      requirements,
      { identity: { certificate: PEER.certificate, ...identity }, ...changes },
      bad,
      { flags },
    );

  const right = signed(PEER);
  const raw = unwrapBase64Url(right);
  good("caller", "The caller's identity.", PEER, right);
  good(
    "callee",
    "The callee's: role and key are its own.",
    PEER,
    signed(PEER, { peerId: CALLEE, role: "callee", publicKey: first.callee.publicKey }),
    {
      peer_id: CALLEE,
      role: "callee",
      public_key: keyText(first.callee),
    },
    { ...claim, peerId: CALLEE, role: "callee", publicKey: first.callee.publicKey },
  );
  good("issued", "A certificate that a CA has issued.", OTHER, signed(OTHER));
  good("high-and-low-s", "Both s and its negation are signatures: nobody normalises them here.", PEER, negated(right));

  const over = (id: string, comment: string, changes: Partial<IdentityClaim>) =>
    wrong(id, comment, WRONG, { signature: signed(PEER, changes) }, {}, ["WrongClaim"]);
  over("other-session", "Signed for another session: a recorded identity.", { sessionId: OTHER_STREAM });
  over("other-peer", "Signed for another peer_id.", { peerId: CALLEE });
  over("other-role", "Signed as callee, shown by the caller: a reflected identity.", { role: "callee" });
  over("other-key", "Signed over the key of the next epoch.", { publicKey: second.caller.publicKey });
  const key = keyOf(PEER);
  const sign = (message: Uint8Array) => toBase64Url(p256.sign(message, key, { prehash: true, lowS: false }));
  const bytes = identityBytes(claim);
  const differently = (id: string, comment: string, signature: string) =>
    wrong(id, comment, WRONG, { signature }, {}, ["WrongClaim"]);
  differently(
    "key-as-text",
    "Signed over the key's base64url text instead of its 65 bytes.",
    sign(concatBytes(utf8(`arcrtc-identity\0${SESSION}\0${CALLER}\0caller\0`), utf8(publicKey))),
  );
  differently(
    "without-separators",
    "Signed without the zero bytes between the parts.",
    sign(concatBytes(utf8(`arcrtc-identity${SESSION}${CALLER}caller`), first.caller.publicKey)),
  );
  differently(
    "without-last-separator",
    "The zero byte before the key is missing.",
    sign(concatBytes(utf8(`arcrtc-identity\0${SESSION}\0${CALLER}\0caller`), first.caller.publicKey)),
  );
  differently("without-label", "Signed without the label in front.", sign(bytes.subarray(16)));
  differently("hashed-twice", "The hash was hashed again.", sign(sha256(bytes)));
  differently(
    "sha-384",
    "Signed over SHA-384.",
    toBase64Url(p256.sign(sha384(bytes), key, { prehash: false, lowS: false })),
  );

  const form = (id: string, comment: string, signature: string) => wrong(id, comment, WRONG, { signature });
  form("signature-empty", "No signature.", "");
  form("signature-63-bytes", "One byte is missing.", toBase64Url(raw.subarray(0, 63)));
  form("signature-65-bytes", "One byte more.", toBase64Url(concatBytes(raw, Uint8Array.of(0))));
  form("signature-der", "r and s in the DER form of X9.62.", toBase64Url(der(toHex(raw))));
  form("signature-r-0", "r is 0.", toBase64Url(concatBytes(new Uint8Array(32), raw.subarray(32))));
  form("signature-s-0", "s is 0.", toBase64Url(concatBytes(raw.subarray(0, 32), new Uint8Array(32))));
  form("signature-zero", "64 zero bytes.", toBase64Url(new Uint8Array(64)));
  form(
    "signature-r-is-n",
    "r is the order of the group.",
    toBase64Url(concatBytes(unwrapHex(be(N, 32)), raw.subarray(32))),
  );
  form("signature-swapped", "r and s change places.", toBase64Url(concatBytes(raw.subarray(32), raw.subarray(0, 32))));
  form("signature-r-flipped", "A bit of r.", toBase64Url(unwrapHex(flip(toHex(raw), 31))));
  form("signature-s-flipped", "A bit of s.", toBase64Url(unwrapHex(flip(toHex(raw), 63))));
  form("signature-padded", "With the padding of plain base64.", `${right}==`);
  form("signature-hex", "In hex.", toHex(raw));

  const certificate = (id: string, comment: string, text: string, flags = ["BadCertificate"]) =>
    wrong(id, comment, CERTIFICATE, { certificate: text, signature: right }, {}, flags);
  const derBytes = atob(PEER.certificate);
  certificate("certificate-other", "The certificate of another key.", OTHER.certificate);
  certificate("certificate-empty", "No certificate.", "");
  certificate("certificate-not-base64", "A text that is no base64.", "*** certificate ***!");
  certificate(
    "certificate-base64url",
    "In the alphabet of base64url.",
    PEER.certificate.replaceAll("+", "-").replaceAll("/", "_"),
  );
  certificate(
    "certificate-pem",
    "With the lines of PEM.",
    `-----BEGIN CERTIFICATE-----\n${PEER.certificate}\n-----END CERTIFICATE-----\n`,
  );
  certificate("certificate-not-der", "base64 of something that is not DER.", btoa("not a certificate"));
  certificate("certificate-empty-sequence", "A DER sequence with nothing in it.", btoa("\x30\x00"));
  certificate("certificate-cut", "The last byte is missing.", btoa(derBytes.slice(0, -1)));
  certificate(
    "certificate-one-byte-more",
    "A byte behind the certificate: another fingerprint for the same key.",
    btoa(`${derBytes}\0`),
  );
  certificate("certificate-twice", "Two certificates in a row.", btoa(derBytes + derBytes));
  certificate("certificate-p384", "A key on P-384.", P384_CERTIFICATE);
  certificate("certificate-rsa", "An RSA key.", RSA_CERTIFICATE);
  const expired = { identity: { certificate: EXPIRED.certificate, signature: signed(EXPIRED) } };
  group.acceptable(
    "certificate-expired",
    "A certificate whose time is over: the library refuses it under every policy but a pin.",
    "ARC-KEY-identity-certificate",
    expired,
    bad,
    { flags: ["Validity"] },
  );
  group.valid(
    "certificate-before-expiry",
    "The same certificate within its time.",
    `${SIGNATURE} ARC-KEY-identity-certificate`,
    { ...expired, at_ms: 1_768_000_000_000 },
    {
      fingerprint: fingerprint(EXPIRED),
    },
  );
  return group;
}

const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The other signature of the same message: s negated. */
function negated(signature: string): string {
  const hex = toHex(unwrapBase64Url(signature));
  return toBase64Url(unwrapHex(hex.slice(0, 64) + be(N - BigInt(`0x${hex.slice(64)}`), 32)));
}

/** SEQUENCE { INTEGER r, INTEGER s }. */
function der(hex: string): Uint8Array {
  const integer = (value: string) => {
    const trimmed = value.replace(/^(00)+/, "");
    const signed = parseInt(trimmed.slice(0, 2), 16) >= 0x80 ? `00${trimmed}` : trimmed;
    return `02${be(signed.length / 2, 1)}${signed}`;
  };
  const content = integer(hex.slice(0, 64)) + integer(hex.slice(64));
  return unwrapHex(`30${be(content.length / 2, 1)}${content}`);
}
