/** SPEC clauses 3.5 and 3.8 as signaling shows them: the identity that a peer shows, and those that it accepts. */
import { p256 } from "@noble/curves/nist.js";
import { concatBytes, parseBase64Url, toBase64Url, toHex, utf8 } from "../../../lib/base/bytes.ts";
import type { Rng } from "../../../lib/base/rng.ts";
import type { Case, Check, Expectation } from "../../case.ts";
import type { Voice } from "../../drive/world.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { CALLEE, CALLER } from "../../vectors/party.ts";
import { type CertificateWish, type MadeCertificate, makeCertificate } from "../certificate_maker.ts";
import { CALLEE_KEY, CALLER_KEY, connectAck } from "../messages.ts";
import { ANNA, annasConnect, at, BEN, calleeWith, caller, type Due, due, messagesOf, T } from "../signaling/script.ts";
import { connected, refusedWith, sends, signalingRun, SuiteCaller } from "../signaling/suite_caller.ts";

const DAY_MS = 24 * 3_600_000;
/** Around the time of the runs, which begin at T. */
const VALID = { notBeforeUnixMs: T - DAY_MS, notAfterUnixMs: T + DAY_MS };

export const CASES: readonly Case[] = [
  {
    id: "key/identity-shown",
    requirements: ["ARC-KEY-identity-signature", "ARC-KEY-identity-certificate"],
    title: "A peer with an identity shows it in CONNECT and in CONNECT_ACK, signed over its key, id, role and session",
    needs: "ops",
    checks: ({ rng }) => {
      const own = makeCertificate(rng, { name: "the testee", ...VALID });
      const config = { identity: { certificate: own.base64, private_key: toHex(own.key.privateKey) } };
      return [
        caller("of a caller", config, [], shows(own, "CONNECT", ANNA, "caller")),
        calleeWith("of a callee", config, [at(0, annasConnect())], shows(own, "CONNECT_ACK", BEN, "callee")),
      ];
    },
  },
  {
    id: "key/identity-required",
    requirements: ["ARC-KEY-identity-required"],
    title: "Who requires an identity, by itself or by a pin or a CA, refuses to go without one",
    needs: "ops",
    checks: ({ rng }) => {
      const { ca, good } = someOf(rng);
      return [
        ...[{ required: true }, { pin: good.fingerprint }, { ca: [ca.base64] }].flatMap((policy) =>
          bothRoles(Object.keys(policy)[0], policy, undefined, REFUSED)
        ),
        ...bothRoles("required, and there", { required: true }, good, ACCEPTED),
        ...bothRoles("not required", {}, undefined, ACCEPTED),
      ];
    },
  },
  {
    id: "key/identity-resumption",
    requirements: ["ARC-KEY-identity-required", "ARC-KEY-identity-pin", "ARC-KEY-transcript-items"],
    title: "A resumption needs the identity that the session's begin needed, over the new key",
    needs: "ops",
    checks: ({ rng }) => {
      const { good, selfSigned } = someOf(rng);
      const suite = new SuiteCaller(rng, undefined, selfSigned.der);
      const shown = (one: MadeCertificate, key: unknown) => identityOf(one, ANNA, "caller", String(key));
      const config = { identity: { pin: selfSigned.fingerprint } };
      return connected(suite, (said) => {
        const resumption = suite.resume(1, 2000);
        const { public_key: key } = resumption.encryption as Json;
        const resumed = (name: string, more: Json, expectation: Expectation): Check => ({
          name,
          request: signalingRun([...said, { at_ms: 2000, message: { ...resumption, ...more } }], { config }),
          ...expectation,
        });
        return [
          resumed("with it", shown(selfSigned, key), sends("CONNECT_ACK", 2)),
          resumed("without one", {}, refusedWith("bad_identity")),
          resumed("with one over the first key", shown(selfSigned, suite.publicKey), refusedWith("bad_identity")),
          resumed("with another certificate", shown(good, key), refusedWith("bad_identity")),
        ];
      }, { more: shown(selfSigned, suite.publicKey), config });
    },
  },
  {
    id: "key/identity-pin",
    requirements: ["ARC-KEY-identity-pin"],
    title: "A pinned certificate is accepted, any other one is refused, be it of the same key or the same CA",
    needs: "ops",
    checks: ({ rng }) => {
      const { ca, good, selfSigned } = someOf(rng);
      const renewed = makeCertificate(rng, { name: selfSigned.name, key: selfSigned.key, ...VALID });
      const pin = { pin: selfSigned.fingerprint };
      return [
        ...bothRoles("a self-signed one", pin, selfSigned, ACCEPTED),
        ...bothRoles("an issued one", { pin: good.fingerprint }, good, ACCEPTED),
        ...bothRoles("another one", pin, good, REFUSED),
        ...bothRoles("another one of the same key and name", pin, renewed, REFUSED),
        ...bothRoles("one of the CA whose certificate is pinned", { pin: ca.fingerprint }, good, REFUSED),
      ];
    },
  },
  {
    id: "key/identity-ca",
    requirements: ["ARC-KEY-identity-ca"],
    title: "A certificate is accepted that the CA has issued, that is valid now, and that names the peer",
    needs: "ops",
    checks: ({ rng }) => {
      const { ca, good, selfSigned } = someOf(rng);
      const policy = { ca: [ca.base64] };
      const otherCa = makeCertificate(rng, { name: ca.name, isCa: true, ...VALID });
      const make = (changes: Partial<CertificateWish>) =>
        makeCertificate(rng, { name: "a peer", issuer: ca, uris: BOTH_NAMES, ...VALID, ...changes });
      const bad = (name: string, changes: Partial<CertificateWish>) => bothRoles(name, policy, make(changes), REFUSED);
      const fine = (name: string, changes: Partial<CertificateWish>) =>
        bothRoles(name, policy, make(changes), ACCEPTED);
      return [
        ...bothRoles("issued, valid and named", policy, good, ACCEPTED),
        ...bothRoles("of the second of two CAs", { ca: [otherCa.base64, ca.base64] }, good, ACCEPTED),
        ...fine("valid for a second more", { notAfterUnixMs: T + 1000 }),
        ...fine("a name among others", { uris: ["https://peer.example/", ...BOTH_NAMES], dnsNames: ["peer.example"] }),
        ...bothRoles("self-signed, with the name", policy, selfSigned, REFUSED),
        ...bad("of another CA", { issuer: makeCertificate(rng, { name: "other CA", isCa: true, ...VALID }) }),
        ...bad("of another CA of the same name", { issuer: otherCa }),
        ...bad("of a peer that the CA knows", { issuer: good }),
        ...bad("expired", { notAfterUnixMs: T - 1000 }),
        ...bad("not yet valid", { notBeforeUnixMs: T + 3_600_000 }),
        ...bad("without a name", { uris: [] }),
        ...bad("with the name of another peer", { uris: [`urn:uuid:${STRANGER}`] }),
        ...bad("named as a host", { uris: [], dnsNames: BOTH_NAMES }),
        ...bad("with the name of a longer text", { uris: BOTH_NAMES.map((name) => `${name}0`) }),
        ...bad("named in its subject alone", { uris: [], name: BOTH_NAMES[0] }),
      ];
    },
  },
  {
    id: "key/identity-absent-told",
    requirements: ["ARC-KEY-identity-absent-told"],
    title: "A session says whether the identity of the other peer was verified, so that nobody else need be trusted",
    needs: "ops",
    checks: ({ rng }) => {
      const { ca, good, selfSigned } = someOf(rng);
      return [
        ...bothRoles("without an identity", {}, undefined, verified(false)),
        // Whoever runs the signaling server can sign for itself, too.
        ...bothRoles("an identity that nobody vouches for", {}, selfSigned, verified(false)),
        ...bothRoles("a required one that nobody vouches for", { required: true }, selfSigned, verified(false)),
        ...bothRoles("a pinned one", { pin: selfSigned.fingerprint }, selfSigned, verified(true)),
        ...bothRoles("one of a CA", { ca: [ca.base64] }, good, verified(true)),
      ];
    },
  },
];

/** The names of both peers, so that a certificate serves whichever of them shows it. */
const BOTH_NAMES = [`urn:uuid:${CALLER}`, `urn:uuid:${CALLEE}`];
const STRANGER = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";

function someOf(rng: Rng) {
  const ca = makeCertificate(rng, { name: "a CA", isCa: true, ...VALID });
  return {
    ca,
    good: makeCertificate(rng, { name: "a peer", issuer: ca, uris: BOTH_NAMES, ...VALID }),
    selfSigned: makeCertificate(rng, { name: "a peer", uris: BOTH_NAMES, ...VALID }),
  };
}

const ACCEPTED = due("the session is connected", (run) => run.state === "connected" ? undefined : `it is ${run.state}`);

const REFUSED = due("a refusal with bad_identity, and no session", (run) => {
  if (run.state === "connected") return "it is connected";
  const said = [
    ...messagesOf(run, "CONNECT_ACK").map(({ message }) => message.reason),
    ...messagesOf(run, "ERROR").map(({ message }) => message.code),
  ];
  return said.join() === "bad_identity" ? undefined : `the refusals are [${said}]`;
});

function verified(isVerified: boolean): Due {
  return due(`identity_verified is ${isVerified}`, (run) => {
    if (run.state !== "connected") return `the session is ${run.state}`;
    return run.identity_verified === isVerified ? undefined : `it is ${run.identity_verified}`;
  });
}

/** The testee with a policy, as callee and as caller, meets the suite with a certificate. */
function bothRoles(name: string, identity: Json, shown: MadeCertificate | undefined, ...dues: readonly Due[]): Check[] {
  const field = (of: Voice, role: string, key: string): Json =>
    shown === undefined ? {} : identityOf(shown, of, role, key);
  return [
    calleeWith(`${name}: a caller's`, { identity }, [at(0, annasConnect(field(ANNA, "caller", CALLER_KEY)))], ...dues),
    caller(`${name}: a callee's`, { identity }, [
      at(10, connectAck(BEN, T + 10, field(BEN, "callee", CALLEE_KEY))),
    ], ...dues),
  ];
}

/** The bytes of clause 3.5. */
function signedBytes({ sessionId, peerId }: Voice, role: string, publicKey: string): Uint8Array {
  const key = parseBase64Url(publicKey);
  return concatBytes(utf8(`arcrtc-identity\0${sessionId}\0${peerId}\0${role}\0`), key.ok ? key.value : utf8(publicKey));
}

/** The field of CONNECT and CONNECT_ACK. */
function identityOf({ base64, key }: MadeCertificate, of: Voice, role: string, publicKey: string): Json {
  const signature = p256.sign(signedBytes(of, role, publicKey), key.privateKey, { prehash: true, lowS: false });
  return { identity: { certificate: base64, signature: toBase64Url(signature) } };
}

/** The first message of the type carries this certificate, and a signature that its key has made. */
function shows({ base64, key }: MadeCertificate, type: string, of: Voice, role: string): Due {
  return due(`${type} with the identity`, (run) => {
    const [said] = messagesOf(run, type);
    const { identity, encryption } = said?.message ?? {};
    if (!isJson(identity) || !isJson(encryption)) return "there is none";
    if (identity.certificate !== base64) return "the certificate is another one";
    const signature = parseBase64Url(String(identity.signature));
    if (!signature.ok || signature.value.length !== 64) return "the signature is no 64 bytes of base64url";
    const bytes = signedBytes(of, role, String(encryption.public_key));
    const isRight = p256.verify(signature.value, bytes, key.publicKey, { prehash: true, lowS: false });
    return isRight ? undefined : "the signature does not verify";
  });
}
