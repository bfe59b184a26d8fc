/** Testees that trust whom they should not, or say so where they should not. */
import { X509Certificate } from "node:crypto";
import { parseBase64Url, parseHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { keyPairFromPrivate } from "../../lib/crypto/ecdh.ts";
import { signIdentity } from "../../lib/crypto/identity.ts";
import { isJson, type Json } from "../testee/answer.ts";
import type { Mutant, MutantHead } from "./mutant.ts";
import { asking, running } from "./signaling_mutant.ts";

export const IDENTITY_MUTANTS: readonly Mutant[] = [
  policy(
    {
      id: "key/goes-without-identity",
      broken: "goes on where an identity is required and none came",
      breaks: ["ARC-KEY-identity-required"],
    },
    (wish, shown) => shown === undefined ? {} : wish,
  ),
  running(
    {
      id: "key/looks-once",
      broken: "looks at the identity as a session begins, and at none as it is resumed",
      breaks: ["ARC-KEY-identity-required"],
    },
    ({ outputs }) => {
      const accepted = outputs.find(({ message }) => message.type === "CONNECT_ACK" && message.accepted === true);
      return {
        outputs: outputs.map((sent) =>
          accepted !== undefined && sent.message.reason === "bad_identity"
            ? { ...sent, message: accepted.message }
            : sent
        ),
      };
    },
  ),
  policy(
    {
      id: "key/takes-any-pin",
      broken: "takes any certificate where one is pinned",
      breaks: ["ARC-KEY-identity-pin"],
    },
    (wish) => "pin" in wish ? { required: true } : wish,
  ),
  policy(
    {
      id: "key/takes-any-issuer",
      broken: "takes any certificate where a CA is given",
      breaks: ["ARC-KEY-identity-ca"],
    },
    (wish) => "ca" in wish ? { required: true } : wish,
  ),
  policy(
    {
      id: "key/issuer-by-name",
      broken: "takes a certificate for one of the CA that has its name as issuer",
      breaks: ["ARC-KEY-identity-ca"],
    },
    acceptsWhere((shown, ca) => shown.issuer === ca.subject && shown.subjectAltName?.includes("urn:uuid:") === true),
  ),
  policy(
    {
      id: "key/issuer-alone",
      broken: "asks whether the CA has signed a certificate, not for how long and for whom",
      breaks: ["ARC-KEY-identity-ca"],
    },
    acceptsWhere((shown, ca) => shown.verify(ca.publicKey)),
  ),
  running(
    {
      id: "key/trusts-what-it-sees",
      broken: "takes a certificate that nobody vouches for as a verified identity",
      breaks: ["ARC-KEY-identity-absent-told"],
    },
    (run, request) => run.state === "connected" ? { identity_verified: shownTo(request) !== undefined } : {},
  ),
  running(
    {
      id: "key/signs-as-caller",
      broken: "signs its identity as a caller, whatever it is",
      breaks: ["ARC-KEY-identity-signature"],
    },
    ({ outputs }, { config }) => ({
      outputs: outputs.map((sent) => ({ ...sent, message: signedAsCaller(sent.message, (config as Json).identity) })),
    }),
  ),
];

/** A testee that asks for something else than it is told; `shown` is the certificate that it gets. */
function policy(head: MutantHead, change: (wish: Json, shown: X509Certificate | undefined) => Json): Mutant {
  return asking(head, "signaling.run", (request) => {
    const config = request.config as Json | undefined;
    if (!isJson(config?.identity)) return request;
    return { ...request, config: { ...config, identity: change(config.identity, shownTo(request)) } };
  });
}

/** Where a CA is given: exactly the certificate that is shown, or another one than that. */
function acceptsWhere(judge: (shown: X509Certificate, ca: X509Certificate) => boolean) {
  return (wish: Json, shown: X509Certificate | undefined): Json => {
    if (!Array.isArray(wish.ca) || shown === undefined) return wish;
    const isGood = wish.ca.some((ca) => judge(shown, certificateOf(String(ca))));
    return { pin: isGood ? shown.fingerprint256.replaceAll(":", "") : "00".repeat(32) };
  };
}

/** The certificate of the first message that carries one. */
function shownTo({ inputs }: Json): X509Certificate | undefined {
  for (const input of inputs as readonly Json[]) {
    if (isJson(input.message) && isJson(input.message.identity)) {
      return certificateOf(String(input.message.identity.certificate));
    }
  }
}

function certificateOf(base64: string): X509Certificate {
  return new X509Certificate(Uint8Array.fromBase64(base64));
}

function signedAsCaller(message: Json, own: unknown): Json {
  if (!isJson(message.identity) || !isJson(message.encryption) || !isJson(own)) return message;
  const key = unwrap(keyPairFromPrivate(unwrap(parseHex(String(own.private_key)))));
  const signature = signIdentity(key.privateKey, {
    sessionId: String(message.session_id),
    peerId: String(message.peer_id),
    role: "caller",
    publicKey: unwrap(parseBase64Url(String(message.encryption.public_key))),
  });
  return { ...message, identity: { ...message.identity, signature } };
}
