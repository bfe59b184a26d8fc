/** STREAM_STOP from the sender of a stream, QUALITY_ADAPT from its receiver (SPEC §5.2.5). */
import * as v from "valibot";
import { bitrate, fps, resolution, sessionId, streamId, timestamp } from "./fields.ts";
import { type DeepReadonly, oneOf, struct } from "./schema.ts";

export const StreamStopSchema = v.pipe(
  struct({
    type: v.literal("STREAM_STOP"),
    session_id: sessionId,
    stream_id: streamId,
    reason: oneOf(["user_request", "error", "timeout"], "Why the stream ends"),
    timestamp,
  }),
  v.description("Ends a stream. Its stream_id and SSRCs stay used up."),
);

export type StreamStop = DeepReadonly<v.InferOutput<typeof StreamStopSchema>>;

export const QualityAdaptSchema = v.pipe(
  struct({
    type: v.literal("QUALITY_ADAPT"),
    session_id: sessionId,
    stream_id: streamId,
    quality: v.pipe(
      struct({ bitrate, resolution: v.optional(resolution), fps: v.optional(fps) }),
      v.description("The most that the receiver wants"),
    ),
    reason: oneOf(["bandwidth", "cpu", "network"], "What the receiver lacks"),
    timestamp,
  }),
  v.description("Caps the quality of a stream at the best rung within these values."),
);

export type QualityAdapt = DeepReadonly<v.InferOutput<typeof QualityAdaptSchema>>;
