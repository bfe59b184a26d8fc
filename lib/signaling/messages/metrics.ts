/** METRICS: what a peer measured, reported to its server (SPEC §5.2.10). */
import * as v from "valibot";
import { natType, peerId, resolution, sessionId, timestamp } from "./fields.ts";
import { type DeepReadonly, integer, number, struct, text } from "./schema.ts";

const finite = (description: string) => v.optional(number(-Infinity, Infinity, description));

const share = (description: string) => v.optional(number(0, 1, description));

const latency = v.pipe(
  struct({
    e2e: v.optional(v.pipe(
      struct({ p50: finite("Median, ms"), p95: finite("95th percentile, ms"), p99: finite("99th percentile, ms") }),
      v.description("Capture to playout"),
    )),
    one_way: finite("One-way delay, ms"),
    jitter: finite("Interarrival jitter, ms"),
  }),
  v.description("Delays"),
);

const quality = v.pipe(
  struct({
    loss: share("Share of packets lost"),
    bitrate: finite("Bits per second of media payload"),
    resolution: v.optional(resolution),
    fps: finite("Frames per second"),
    rung: v.optional(integer(0, 3, "The stream's Q")),
    codec_efficiency: finite("Payload bits per pixel; for audio per sample"),
  }),
  v.description("What reaches the receiver"),
);

const performance = v.pipe(
  struct({
    pps: finite("Packets per second"),
    bps: finite("Bytes per second"),
    cpu: share("Share of the processor time that the peer can have"),
    rss: finite("Bytes of memory"),
  }),
  v.description("What the peer's machine does"),
);

const network = v.pipe(
  struct({
    rtt: finite("Round-trip time, ms"),
    bandwidth: finite("Estimated bits per second"),
    path: v.optional(text(0, 16, "direct, relay, tcp or tcp_relay")),
    nat_type: v.optional(natType),
    score: v.optional(integer(0, 100, "Connection quality, 100 the best")),
  }),
  v.description("The path in use"),
);

export const MetricsSchema = v.pipe(
  struct({
    type: v.literal("METRICS"),
    session_id: sessionId,
    peer_id: peerId,
    latency,
    quality,
    performance,
    network,
    timestamp,
  }),
  v.description("Figures of the last 5 seconds; what was not measured is absent. Never answered, never repeated."),
);

export type Metrics = DeepReadonly<v.InferOutput<typeof MetricsSchema>>;
