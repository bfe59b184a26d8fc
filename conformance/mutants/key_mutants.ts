/** Testees that agree on the wrong keys: by a wrong derivation, a transcript with a hole, or a proof of too little. */
import { toHex, utf8 } from "../../lib/base/bytes.ts";
import { hkdfSha256 } from "../../lib/crypto/hkdf.ts";
import { opOk } from "../testee/testee.ts";
import { asking, type Mutant, opsMutant } from "./mutant.ts";

const ZEROS = new Uint8Array(32);

export const KEY_MUTANTS: readonly Mutant[] = [
  opsMutant(
    {
      id: "key/hkdf-swapped",
      broken: "takes the session for the salt of HKDF and the label for its info",
      breaks: ["ARC-KEY-schedule-master"],
    },
    "keys.derive",
    (op) => (request, context) => {
      const result = op(request, context);
      if (result.kind !== "ok") return result;
      const session = utf8(request.text("session_id"));
      const master = hkdfSha256(request.hex("shared_secret"), session, utf8("arcrtc-media-key"), 32);
      return opOk({ ...result.value, master_key: toHex(master) });
    },
  ),
  opsMutant(
    {
      id: "key/secret-without-transcript",
      broken: "derives from the x coordinate alone",
      breaks: ["ARC-KEY-schedule-shared-secret", "ARC-KEY-schedule-master"],
    },
    "keys.derive",
    (op) => (request, context) => {
      const x = request.hex("shared_secret").subarray(0, 32);
      return op(asking(request, { shared_secret: toHex(x) + toHex(ZEROS) }), context);
    },
  ),
  opsMutant(
    {
      id: "key/salt-of-fourteen",
      broken: "makes salts of fourteen bytes, as AES-CM has them",
      breaks: ["ARC-KEY-schedule-lengths"],
    },
    "keys.derive",
    (op) => (request, context) => {
      const result = op(request, context);
      return result.kind === "ok" && "salt" in result.value
        ? opOk({ ...result.value, salt: `${result.value.salt}0000` })
        : result;
    },
  ),
  opsMutant(
    {
      id: "key/short-key-for-all",
      broken: "gives every suite a key of sixteen bytes",
      breaks: ["ARC-KEY-schedule-lengths", "ARC-KEY-schedule-stream-keys"],
    },
    "keys.derive",
    (op) => (request, context) => op(asking(request, { suite: "aes-128-gcm" }), context),
  ),
  opsMutant(
    {
      id: "key/ids-in-capitals",
      broken: "puts ids into HKDF in capitals",
      breaks: ["ARC-KEY-schedule-text-inputs", "ARC-KEY-schedule-stream-keys"],
    },
    "keys.derive",
    (op) => (request, context) => op(asking(request, { stream_id: request.text("stream_id").toUpperCase() }), context),
  ),
  opsMutant(
    {
      id: "key/rtcp-of-nobody",
      broken: "derives the keys of RTCP without the peer whose they are",
      breaks: ["ARC-KEY-schedule-rtcp-keys"],
    },
    "keys.rtcp",
    (op) => (request, context) => op(asking(request, { peer_id: "" }), context),
  ),
  opsMutant(
    {
      id: "key/transcript-without-certificates",
      broken: "leaves certificates out of the transcript",
      breaks: ["ARC-KEY-transcript-items"],
    },
    "keys.transcript",
    (op) => (request, context) => op(asking(request, { caller_certificate: "", callee_certificate: "" }), context),
  ),
  opsMutant(
    {
      id: "key/transcript-sorts-offers",
      broken: "sorts the offers before they enter the transcript",
      breaks: ["ARC-KEY-transcript-offers-verbatim"],
    },
    "keys.transcript",
    (op) => (request, context) =>
      op(asking(request, { offered_encryption: request.texts("offered_encryption").sort() }), context),
  ),
  opsMutant(
    {
      id: "key/transcript-without-chain",
      broken: "begins every epoch's transcript anew",
      breaks: ["ARC-KEY-transcript-chain"],
    },
    "keys.transcript",
    (op) => (request, context) => op(asking(request, { previous_master_key: "" }), context),
  ),
  opsMutant(
    {
      id: "key/transcript-by-order-of-ids",
      broken: "puts the lower peer id first, whoever is the caller",
      breaks: ["ARC-KEY-transcript-roles", "ARC-KEY-transcript-items"],
    },
    "keys.transcript",
    (op) => (request, context) => {
      const [low, high] = [request.text("caller_peer_id"), request.text("callee_peer_id")].sort();
      return op(asking(request, { caller_peer_id: low, callee_peer_id: high }), context);
    },
  ),
  opsMutant(
    {
      id: "key/transcript-forgets-suite",
      broken: "leaves the chosen suite out of the transcript",
      breaks: ["ARC-KEY-transcript-items"],
    },
    "keys.transcript",
    (op) => (request, context) => op(asking(request, { suite: "" }), context),
  ),
  opsMutant(
    {
      id: "key/proof-of-any-epoch",
      broken: "leaves the epoch out of proofs",
      breaks: ["ARC-KEY-epoch-proof"],
    },
    "keys.proof",
    (op) => (request, context) => op(asking(request, { epoch: 0 }), context),
  ),
  opsMutant(
    {
      id: "key/proof-of-any-key",
      broken: "proves with a key of the session, but not the public key",
      breaks: ["ARC-KEY-epoch-proof"],
    },
    "keys.proof",
    (op) => (request, context) => op(asking(request, { public_key: "" }), context),
  ),
  opsMutant(
    {
      id: "key/takes-any-point",
      broken: "agrees on a secret with a point off the curve",
      breaks: ["ARC-KEY-ecdh-invalid-point"],
    },
    "ecdh.agree",
    (op) => (request, context) => {
      const result = op(request, context);
      return result.kind === "fault" ? opOk({ shared_secret: toHex(ZEROS), public_key: "" }) : result;
    },
  ),
];
