/** CONNECT_ACK: the callee's answer, an acceptance with its choices or a refusal with a reason (SPEC §5.2.2). */
import * as v from "valibot";
import { AUTHENTICATIONS, SUITE_NAMES } from "../../crypto/suites.ts";
import { ERROR_CODE_NAMES } from "../error_codes.ts";
import { capabilityFlags } from "./connect.ts";
import {
  codecFor,
  epoch,
  identity,
  keyExchange,
  natType,
  networkInfo,
  peerId,
  proof,
  publicKey,
  sessionId,
  timestamp,
  version,
} from "./fields.ts";
import { choice, type DeepReadonly, oneOf, struct } from "./schema.ts";

const head = {
  type: v.literal("CONNECT_ACK"),
  version,
  session_id: sessionId,
  peer_id: peerId,
};

const ACCEPTED_WORDS = "true or false";

const selectedCodecs = v.pipe(
  struct({ audio: v.optional(codecFor("audio")), video: v.optional(codecFor("video")) }),
  v.check((codecs) => codecs.audio !== undefined || codecs.video !== undefined, "audio, video or both"),
  v.metadata({
    description: "The codecs that the callee chose, at least one",
    anyOf: [{ required: ["audio"] }, { required: ["video"] }],
  }),
);

const chosenEncryption = v.pipe(
  struct({
    algorithm: oneOf(SUITE_NAMES, "The suite that the callee chose"),
    authentication: v.optional(
      oneOf(AUTHENTICATIONS, "The packet authentication that the callee chose; hmac-sha256-80 where absent"),
    ),
    key_exchange: keyExchange,
    public_key: publicKey,
  }),
  v.description("The callee's choices and its half of the key agreement"),
);

const Acceptance = struct({
  ...head,
  accepted: v.literal(true, ACCEPTED_WORDS),
  selected_codecs: selectedCodecs,
  capabilities: v.optional(v.pipe(struct(capabilityFlags), v.description("What the callee can do"))),
  network_info: networkInfo(v.optional(natType)),
  encryption: chosenEncryption,
  identity: v.optional(identity),
  epoch: v.optional(epoch),
  proof: v.optional(proof),
  timestamp,
}, { keys: ["epoch"], when: (input) => "proof" in input });

const Refusal = struct({
  ...head,
  accepted: v.literal(false, ACCEPTED_WORDS),
  reason: oneOf(ERROR_CODE_NAMES, "Why the callee refuses"),
  timestamp,
});

export const ConnectAckSchema = v.pipe(
  choice("accepted", [Acceptance, Refusal]),
  v.description("Accepts or refuses a session. In answer to a resumption an acceptance carries epoch and proof."),
);

export type ConnectAck = DeepReadonly<v.InferOutput<typeof ConnectAckSchema>>;
