/** DISCONNECT, ACK and ERROR: how things end and how requests are answered (SPEC §5.2.8). */
import * as v from "valibot";
import { peerId, sessionId, streamId, timestamp, unixMs } from "./fields.ts";
import { type DeepReadonly, oneOf, struct, text } from "./schema.ts";

/** Longest text of an ERROR, in UTF-16 code units. */
export const MAX_ERROR_TEXT = 1024;
/** Longest type that an ACK or ERROR repeats. */
export const MAX_REPEATED_TYPE = 32;

export const DisconnectSchema = v.pipe(
  struct({
    type: v.literal("DISCONNECT"),
    session_id: sessionId,
    peer_id: peerId,
    reason: oneOf(["user_request", "error", "timeout", "shutdown"], "Why the session ends"),
    timestamp,
  }),
  v.description("Ends the session at both peers."),
);

export type Disconnect = DeepReadonly<v.InferOutput<typeof DisconnectSchema>>;

const requestType = text(0, MAX_REPEATED_TYPE, "Type of the request");
const requestTimestamp = unixMs("Timestamp of the request");

export const AckSchema = v.pipe(
  struct({
    type: v.literal("ACK"),
    session_id: sessionId,
    in_reply_to: v.pipe(
      struct({ type: requestType, timestamp: requestTimestamp, stream_id: v.optional(streamId) }),
      v.description("What tells the request from others"),
    ),
    timestamp,
  }),
  v.description("The receiver of a request has acted on it."),
);

export type Ack = DeepReadonly<v.InferOutput<typeof AckSchema>>;

export const ErrorSchema = v.pipe(
  struct({
    type: v.literal("ERROR"),
    code: text(1, 32, "One of the error codes; an unknown one counts as internal"),
    message: text(0, MAX_ERROR_TEXT, "For people; of a bad_message it names the JSON path"),
    session_id: v.optional(sessionId),
    in_reply_to: v.optional(v.pipe(
      struct({
        type: v.optional(requestType),
        timestamp: v.optional(requestTimestamp),
        stream_id: v.optional(streamId),
      }),
      v.description("The faulty message, as far as it had these"),
    )),
    timestamp,
  }),
  v.description("A message was not acted on. Never answered."),
);

export type ErrorMessage = DeepReadonly<v.InferOutput<typeof ErrorSchema>>;
