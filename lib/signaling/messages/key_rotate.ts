/** KEY_ROTATE and KEY_ROTATE_ACK: a new epoch of keys in a running session (SPEC §5.2.7). */
import * as v from "valibot";
import { epoch, keyOffer, peerId, proof, sessionId, timestamp } from "./fields.ts";
import { type DeepReadonly, oneOf, struct } from "./schema.ts";

export const ROTATION_REASONS = ["interval", "packet_limit", "security_event", "manual"] as const;

export type RotationReason = (typeof ROTATION_REASONS)[number];

export const KeyRotateSchema = v.pipe(
  struct({
    type: v.literal("KEY_ROTATE"),
    session_id: sessionId,
    peer_id: peerId,
    epoch,
    encryption: keyOffer,
    reason: oneOf(ROTATION_REASONS, "What calls for new keys"),
    proof,
    timestamp,
  }),
  v.description("Asks for the next epoch with a fresh key."),
);

export type KeyRotate = DeepReadonly<v.InferOutput<typeof KeyRotateSchema>>;

export const KeyRotateAckSchema = v.pipe(
  struct({
    type: v.literal("KEY_ROTATE_ACK"),
    session_id: sessionId,
    peer_id: peerId,
    epoch,
    encryption: keyOffer,
    proof,
    timestamp,
  }),
  v.description("Agrees to the next epoch with a fresh key."),
);

export type KeyRotateAck = DeepReadonly<v.InferOutput<typeof KeyRotateAckSchema>>;
