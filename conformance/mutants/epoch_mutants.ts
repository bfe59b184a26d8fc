/** Testees that let the wrong one make an epoch, or use the keys of the wrong epoch. */
import { toHex, utf8 } from "../../lib/base/bytes.ts";
import { hkdfSha256 } from "../../lib/crypto/hkdf.ts";
import { parsePublicKey } from "../../lib/crypto/ecdh.ts";
import { isJson, type Json } from "../testee/answer.ts";
import { opOk } from "../testee/testee.ts";
import { answered, asking, type Mutant, opsMutant } from "./mutant.ts";
import { asking as askingOp, hearing, hearingMessages, running, saying } from "./signaling_mutant.ts";

const AUTH_KEY_BYTES = 32;
const UNIX_START_MS = 1_700_000_000_000;
const ANY_PROOF = "A".repeat(22);

/** The first message of a type among the inputs. */
function firstOf(inputs: readonly Json[], type: string): Json | undefined {
  return inputs.map(({ message }) => message).filter(isJson).find((message) => message.type === type);
}

const KEYS: readonly Mutant[] = [
  opsMutant(
    {
      id: "key/one-label-for-two",
      broken: "derives the authentication key under the label of the salt",
      breaks: ["ARC-KEY-schedule-stream-keys"],
    },
    "keys.derive",
    (op) => (request, context) =>
      answered(op(request, context), ({ master_key }) => {
        const master = asking(request, { master_key }).hex("master_key");
        const key = hkdfSha256(master, utf8("arcrtc-salt"), utf8(request.text("stream_id")), AUTH_KEY_BYTES);
        return { auth_key: toHex(key) };
      }),
  ),
  opsMutant(
    {
      id: "key/transcript-joins-with-nothing",
      broken: "joins the offers without anything between them",
      breaks: ["ARC-KEY-transcript-items", "ARC-KEY-transcript-offers-verbatim"],
    },
    "keys.transcript",
    (op) => (request, context) =>
      op(asking(request, { offered_encryption: [request.texts("offered_encryption").join("")] }), context),
  ),
  opsMutant(
    {
      id: "key/takes-own-key",
      broken: "agrees on a secret with its own key, and with the negation of that",
      breaks: ["ARC-KEY-ecdh-own-key"],
    },
    "ecdh.agree",
    (op) => (request, context) => {
      const result = op(request, context);
      const isPoint = parsePublicKey(request.text("public_key")).ok;
      return result.kind === "fault" && isPoint
        ? opOk({ shared_secret: "00".repeat(32), public_key: request.text("public_key") })
        : result;
    },
  ),
  opsMutant(
    {
      id: "key/any-base-of-sixty-four",
      broken: "takes public keys in base64 with padding and with plus and slash",
      breaks: ["ARC-KEY-ecdh-public-key-form"],
    },
    "ecdh.agree",
    (op) => (request, context) => {
      const text = request.text("public_key").replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
      return op(asking(request, { public_key: text }), context);
    },
  ),
];

const PROOFS: readonly Mutant[] = [
  opsMutant(
    {
      id: "key/believes-any-proof",
      broken: "takes any proof for right",
      breaks: ["ARC-KEY-epoch-wrong-proof"],
    },
    "keys.check_proof",
    () => () => opOk({}),
  ),
  opsMutant(
    {
      id: "key/proof-of-any-type",
      broken: "takes a proof of another message's type for right",
      breaks: ["ARC-KEY-epoch-proof"],
    },
    "keys.check_proof",
    (op) => (request, context) => {
      const results = ["KEY_ROTATE", "KEY_ROTATE_ACK", "CONNECT", "CONNECT_ACK"].map((type) =>
        op(asking(request, { type }), context)
      );
      return results.find(({ kind }) => kind === "ok") ?? op(request, context);
    },
  ),
  opsMutant(
    {
      id: "key/identity-unverified",
      broken: "reads certificates and verifies nothing",
      breaks: ["ARC-KEY-identity-wrong-signature"],
    },
    "identity.verify",
    (op) => (request, context) => {
      const result = op(request, context);
      return result.kind === "fault" ? opOk({ fingerprint: "" }) : result;
    },
  ),
  opsMutant(
    {
      id: "key/identity-of-any-role",
      broken: "takes a caller's signature from a callee",
      breaks: ["ARC-KEY-identity-signature"],
    },
    "identity.verify",
    (op) => (request, context) => {
      const results = ["caller", "callee"].map((role) => op(asking(request, { role }), context));
      return results.find(({ kind }) => kind === "ok") ?? op(request, context);
    },
  ),
];

const RECEIVING: readonly Mutant[] = [
  opsMutant(
    {
      id: "key/newest-epoch-alone",
      broken: "forgets the epoch before as soon as there is another",
      breaks: ["ARC-KEY-epoch-phase-lookup", "ARC-KEY-epoch-trial"],
    },
    "rotation.receive",
    (op) => (request, context) =>
      op(asking(request, { epochs: request.objects("epochs").map(({ raw }) => raw).slice(0, 1) }), context),
  ),
  opsMutant(
    {
      id: "key/tries-no-other-epoch",
      broken: "tries sealed units and RTCP with the current epoch alone",
      breaks: ["ARC-KEY-epoch-trial"],
    },
    "rotation.receive",
    (op) => (request, context) => {
      const [current] = request.objects("epochs");
      return answered(op(request, context), ({ results }) => ({
        results: (results as readonly Json[]).map((one) =>
          one.kind !== undefined && one.kind !== "arcrtp" && one.epoch !== current.u32("epoch")
            ? { fault: { reason: "auth" } }
            : one
        ),
      }));
    },
  ),
];

const ROTATING: readonly Mutant[] = [
  hearingMessages(
    {
      id: "key/any-epoch-number",
      broken: "takes every rotation for one to the next epoch, whatever number it has",
      breaks: ["ARC-KEY-epoch-numbers"],
    },
    "KEY_ROTATE",
    (message) => ({ ...message, epoch: 1 }),
  ),
  saying(
    {
      id: "key/proves-with-anything",
      broken: "answers a rotation with a proof of nothing",
      breaks: ["ARC-KEY-epoch-proof"],
    },
    "KEY_ROTATE_ACK",
    (message) => ({ ...message, proof: ANY_PROOF }),
  ),
  askingOp(
    {
      id: "key/one-pair-for-all",
      broken: "has one key pair for all its epochs",
      breaks: ["ARC-KEY-ecdh-fresh-pair"],
    },
    "signaling.run",
    (request) => ({ ...request, config: { ...request.config as Json, private_keys: Array(5).fill("02".repeat(32)) } }),
  ),
  running(
    {
      id: "key/takes-reused-key",
      broken: "rotates to a public key that was used before",
      breaks: ["ARC-KEY-ecdh-reused-key"],
    },
    ({ outputs }) => ({
      outputs: outputs.map((sent) =>
        sent.message.code === "bad_key" ? { ...sent, message: { type: "KEY_ROTATE_ACK", epoch: 1 } } : sent
      ),
    }),
  ),
  askingOp(
    {
      id: "key/rotates-daily-whatever",
      broken: "rotates every 24 hours, whatever its knob says",
      breaks: ["ARC-KEY-rotation-interval", "ARC-METRICS-knobs"],
    },
    "signaling.run",
    (request) => ({ ...request, config: { ...request.config as Json, rotation_ms: 24 * 3_600_000 } }),
  ),
  saying(
    {
      id: "key/always-interval",
      broken: "names the reason interval for each of its rotations",
      breaks: ["ARC-KEY-rotation-manual"],
    },
    "KEY_ROTATE",
    (message) => ({ ...message, reason: "interval" }),
  ),
  hearing(
    {
      id: "key/always-gives-way",
      broken: "gives way to each rotation that crosses its own",
      breaks: ["ARC-KEY-rotation-crossing"],
    },
    (input, all) => input.command === "rotate" && firstOf(all, "KEY_ROTATE") !== undefined ? undefined : input,
  ),
  hearing(
    {
      id: "key/rotation-before-resumption",
      broken: "drops a resumption that crosses its rotation",
      breaks: ["ARC-KEY-rotation-resume-first"],
    },
    (input, all) =>
      isJson(input.message) && input.message.resume === true && all.some(({ command }) => command === "rotate")
        ? undefined
        : input,
  ),
  hearingMessages(
    {
      id: "key/earlier-request-counts",
      broken: "lets an earlier rotation replace the one that overtook it",
      breaks: ["ARC-KEY-rotation-overtaken"],
    },
    "KEY_ROTATE",
    (message, { at_ms }) => ({ ...message, timestamp: UNIX_START_MS + Number(at_ms) }),
  ),
  running(
    {
      id: "key/answers-overtaking-with-first-key",
      broken: "answers a later request for an epoch with the key and proof that it gave for the first",
      breaks: ["ARC-KEY-rotation-previous-master"],
    },
    ({ outputs }) => {
      const first = outputs.find(({ message }) => message.type === "KEY_ROTATE_ACK")?.message;
      return {
        outputs: outputs.map((sent) =>
          sent.message.type === "KEY_ROTATE_ACK" && sent.message.epoch === first?.epoch
            ? { ...sent, message: { ...first, timestamp: sent.message.timestamp } }
            : sent
        ),
      };
    },
  ),
  hearingMessages(
    {
      id: "key/first-request-stays",
      broken: "answers a later request for an epoch, and stays with the first one's keys all the same",
      breaks: ["ARC-KEY-rotation-previous-master"],
    },
    "KEY_ROTATE",
    (message, _input, all) => message.epoch === 2 && isTwice(all, 1) ? { ...message, proof: ANY_PROOF } : message,
  ),
  hearingMessages(
    {
      id: "key/transcript-of-first-offers",
      broken: "makes all epochs of a session with the offers of its first CONNECT",
      breaks: ["ARC-KEY-transcript-rotation-values"],
    },
    "CONNECT",
    (message, _input, all) => {
      const offers = (firstOf(all, "CONNECT")?.capabilities as Json | undefined)?.encryption;
      return { ...message, capabilities: { ...message.capabilities as Json, encryption: offers } };
    },
  ),
];

/** Two requests for the epoch were said. */
function isTwice(inputs: readonly Json[], epoch: number): boolean {
  return inputs.filter(({ message }) => isJson(message) && message.type === "KEY_ROTATE" && message.epoch === epoch)
    .length > 1;
}

export const EPOCH_MUTANTS: readonly Mutant[] = [...KEYS, ...PROOFS, ...RECEIVING, ...ROTATING];
