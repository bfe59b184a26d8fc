/** What peers and relays say to one another (SPEC §5.2.9). */
import * as v from "valibot";
import { endpoint, epoch, expires, peerId, proof, sessionId, streamId, timestamp, u32 } from "./fields.ts";
import {
  base64Url,
  bothOrNeither,
  bothOrNeitherInJsonSchema,
  type DeepReadonly,
  integer,
  struct,
  text,
} from "./schema.ts";
import { reducedHeader } from "./stream_start.ts";

const NONCE = "The relay's nonce as it was received";

/** RELAY_BIND and RELAY_UNBIND differ in their type alone. */
function binding<const T extends "RELAY_BIND" | "RELAY_UNBIND">(type: T, description: string) {
  return v.pipe(
    struct({
      type: v.literal(type),
      session_id: sessionId,
      peer_id: peerId,
      expires,
      nonce: v.optional(text(0, 64, NONCE)),
      proof: v.optional(proof),
      timestamp,
    }, bothOrNeither("nonce", "proof")),
    v.metadata({ description, ...bothOrNeitherInJsonSchema("nonce", "proof") }),
  );
}

export const RelayBindSchema = binding(
  "RELAY_BIND",
  "Binds the sender's address to its place in a session: first without nonce and proof, then with both.",
);

export type RelayBind = DeepReadonly<v.InferOutput<typeof RelayBindSchema>>;

export const RelayUnbindSchema = binding("RELAY_UNBIND", "Ends a binding, in the same two steps.");

export type RelayUnbind = DeepReadonly<v.InferOutput<typeof RelayUnbindSchema>>;

export const RelayChallengeSchema = v.pipe(
  struct({
    type: v.literal("RELAY_CHALLENGE"),
    nonce: text(1, 64, "Made of the source address, its port and the minute"),
  }),
  v.description("The relay asks for a proof over this nonce. Never larger than what it answers."),
);

export type RelayChallenge = DeepReadonly<v.InferOutput<typeof RelayChallengeSchema>>;

export const RelayBoundSchema = v.pipe(
  struct({
    type: v.literal("RELAY_BOUND"),
    relay_id: text(0, 64, "The relay's name"),
    session_id: sessionId,
    peer_id: peerId,
    observed: endpoint,
    lifetime_s: integer(1, 86_400, "Seconds of silence that end the binding"),
  }),
  v.description("The binding holds; observed is the peer's address as the relay sees it."),
);

export type RelayBound = DeepReadonly<v.InferOutput<typeof RelayBoundSchema>>;

export const RelayKeysSchema = v.pipe(
  struct({
    type: v.literal("RELAY_KEYS"),
    session_id: sessionId,
    stream_id: streamId,
    ssrc: u32("The SSRC whose packets the relay may check"),
    auth_key: base64Url(32, "The stream's auth_key"),
    rtcp_auth_key: base64Url(32, "The peer's auth_key for RTCP"),
    epoch,
    roc: u32("Rollover counter of the SSRC"),
    reduced_header: v.optional(reducedHeader),
    timestamp,
  }),
  v.description("Lets a relay refuse forged and replayed packets of one SSRC. Over TLS or DTLS only."),
);

export type RelayKeys = DeepReadonly<v.InferOutput<typeof RelayKeysSchema>>;
