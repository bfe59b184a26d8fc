/** HEARTBEAT and its answer: keep a path alive, validate an address, measure (SPEC §5.2.6). */
import * as v from "valibot";
import { endpoint, ip, natType, peerId, port, sessionIdOrNil, timestamp, unixMs } from "./fields.ts";
import { type DeepReadonly, integer, pattern, struct, text } from "./schema.ts";

const MAX = Number.MAX_SAFE_INTEGER;

const sequence = integer(0, MAX, "Counts the sender's heartbeats");

const challenge = pattern(/^[0-9a-f]{16}$/, "16 lower-case hexadecimal digits", "Random, new in each heartbeat");

export const HeartbeatSchema = v.pipe(
  struct({
    type: v.literal("HEARTBEAT"),
    session_id: sessionIdOrNil,
    sequence,
    challenge: v.optional(challenge),
    peer_id: v.optional(peerId),
    token: v.optional(text(0, 4096, "The JWT for the server, where this heartbeat joins")),
    network_info: v.optional(v.pipe(
      struct({ public_ip: ip, public_port: port, nat_type: natType }),
      v.metadata({ description: "Where the sender can be reached, learned since CONNECT" }),
    )),
    pad: v.optional(text(0, 1024, "Makes the heartbeat as long as the answer may be")),
    timestamp,
  }),
  v.description("Keeps a connection or path alive and measures it. Answered at once, never repeated."),
);

export type Heartbeat = DeepReadonly<v.InferOutput<typeof HeartbeatSchema>>;

export const HeartbeatAckSchema = v.pipe(
  struct({
    type: v.literal("HEARTBEAT_ACK"),
    session_id: sessionIdOrNil,
    sequence,
    challenge: v.optional(challenge),
    original_timestamp: unixMs("The heartbeat's timestamp"),
    response_timestamp: unixMs("When the answer was made"),
    latency_ms: integer(-MAX, MAX, "response_timestamp less original_timestamp: delay plus clock offset"),
    observed: v.optional(endpoint),
  }),
  v.description("Answers a heartbeat, echoing sequence, challenge and timestamp."),
);

export type HeartbeatAck = DeepReadonly<v.InferOutput<typeof HeartbeatAckSchema>>;
