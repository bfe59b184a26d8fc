/** STREAM_START: the sender of a stream announces it (SPEC §5.2.4). */
import * as v from "valibot";
import type { Fault } from "../../base/parsed.ts";
import { SUITE_NAMES } from "../../crypto/suites.ts";
import { CODECS, isCodecName } from "../../media/codec.ts";
import { formatPath, type PathSegment } from "../json_path.ts";
import { bitrate, codecFor, fps, payloadType, sessionId, streamId, timestamp, u32, U32_MAX } from "./fields.ts";
import { choice, type DeepReadonly, integer, list, oneOf, struct, text } from "./schema.ts";

/** Best first. */
export const QUALITY_LEVELS = ["ultra", "high", "medium", "low", "very_low"] as const;

export type QualityLevelName = (typeof QUALITY_LEVELS)[number];

const pixels = (what: string) => integer(1, 65_535, `${what} in pixels`);

/** SPEC ARC-SIG-stream-start-opaque-codec: a codec outside of the table has no defaults. */
const opaqueNeedsFormat = {
  keys: ["payload_type", "clock_rate"] as const,
  when: (block: Readonly<Record<string, unknown>>) => typeof block.name === "string" && !isCodecName(block.name),
};

const opaqueNeedsFormatInJsonSchema = {
  if: { properties: { name: { enum: CODECS.map((codec) => codec.name) } } },
  else: { required: opaqueNeedsFormat.keys },
};

const rtpFormat = {
  payload_type: v.optional(payloadType),
  clock_rate: v.optional(integer(1, U32_MAX, "RTP clock in Hz")),
};

const audio = v.pipe(
  struct({
    name: codecFor("audio"),
    bitrate,
    sample_rate: integer(1, U32_MAX, "Samples per second"),
    channels: integer(1, 255, "Channels"),
    ...rtpFormat,
  }, opaqueNeedsFormat),
  v.metadata({ description: "The audio of the stream", ...opaqueNeedsFormatInJsonSchema }),
);

const video = v.pipe(
  struct({
    name: codecFor("video"),
    bitrate,
    width: pixels("Width"),
    height: pixels("Height"),
    fps,
    ...rtpFormat,
  }, opaqueNeedsFormat),
  v.metadata({ description: "The video of the stream", ...opaqueNeedsFormatInJsonSchema }),
);

/** SPEC ARC-RTP-reduced-context. */
export const reducedHeader = list(
  struct({
    context_id: integer(0, 7, "Context id"),
    ssrc: u32("SSRC of the context"),
    payload_type: payloadType,
    quality: integer(0, 3, "Q of the context"),
  }),
  "Contexts of the reduced header",
  0,
  8,
);

const rank = (level: QualityLevelName) => QUALITY_LEVELS.indexOf(level);

/** SPEC ARC-SIG-stream-start-ladder. */
const qualityLadder = v.pipe(
  list(oneOf(QUALITY_LEVELS, "Quality level"), "Rungs that Q points at, best first", 1, 4),
  v.check(
    (rungs) => rungs.every((level, i) => i === 0 || rank(level) > rank(rungs[i - 1])),
    "different levels, best first",
  ),
  v.metadata({ uniqueItems: true }),
);

function repair(what: string) {
  return list(
    struct({
      ssrc: u32("SSRC of the repair packets"),
      payload_type: v.optional(payloadType),
      protects: u32("Media SSRC of this stream that they repair"),
    }),
    what,
  );
}

function stream<const T extends string, const C extends v.ObjectEntries>(type: T, codec: C) {
  return struct({
    type: v.literal("STREAM_START"),
    session_id: sessionId,
    stream_id: streamId,
    stream_type: v.literal(type, "one of audio, video, both"),
    codec: v.pipe(struct(codec), v.description("One block for each medium")),
    ssrc: u32("SSRC of the media; in a stream of both, video has the next one"),
    encryption: v.pipe(
      struct({
        key_id: text(1, 128, "The stream_id, or the name of a stored key"),
        algorithm: oneOf(SUITE_NAMES, "The session's suite"),
      }),
      v.description("How the stream is protected"),
    ),
    reduced_header: v.optional(reducedHeader),
    quality_ladder: v.optional(qualityLadder),
    roc: v.optional(
      list(struct({ ssrc: u32("SSRC"), roc: u32("Its rollover counter") }), "Rollover counters other than 0"),
    ),
    rtcp_ssrc: v.optional(u32("SSRC of the sender's RTCP")),
    rtx: v.optional(repair("Retransmission")),
    fec: v.optional(repair("Forward error correction")),
    timestamp,
  });
}

export const StreamStartSchema = v.pipe(
  choice("stream_type", [stream("audio", { audio }), stream("video", { video }), stream("both", { audio, video })]),
  v.description(
    "Announces a stream. The contexts of reduced_header name SSRCs of this stream, protects in rtx and fec its media " +
      "SSRCs; context ids and SSRCs occur once.",
  ),
);

export type AudioBlock = DeepReadonly<v.InferOutput<typeof audio>>;
export type VideoBlock = DeepReadonly<v.InferOutput<typeof video>>;

/** `stream_type` tells which blocks are there; either can be asked for without asking for the type first. */
export type StreamStart = DeepReadonly<v.InferOutput<typeof StreamStartSchema>> & {
  readonly codec: { readonly audio?: AudioBlock; readonly video?: VideoBlock };
};

/** The SSRCs of a stream's media, audio first (SPEC ARC-SIG-stream-start-both-ssrc). */
export function mediaSsrcs(start: Pick<StreamStart, "stream_type" | "ssrc">): readonly number[] {
  return start.stream_type === "both" ? [start.ssrc, (start.ssrc + 1) % (U32_MAX + 1)] : [start.ssrc];
}

/** What the fields of a STREAM_START owe one another; `undefined` when nothing is wrong. */
export function checkStreamStart(start: StreamStart): Fault | undefined {
  const media = mediaSsrcs(start);
  const repairs = (["rtx", "fec"] as const).flatMap((field) =>
    (start[field] ?? []).map((entry, i) => ({ path: [field, i], entry }))
  );
  const own = new Set([...media, ...repairs.map(({ entry }) => entry.ssrc)]);
  for (const [i, context] of (start.reduced_header ?? []).entries()) {
    if (!own.has(context.ssrc)) return breach("bad_value", ["reduced_header", i, "ssrc"], "an SSRC of the stream");
  }
  for (const { path, entry } of repairs) {
    if (!media.includes(entry.protects)) {
      return breach("bad_value", [...path, "protects"], "a media SSRC of the stream");
    }
  }
  const contexts = new Set<number>();
  for (const [i, { context_id }] of (start.reduced_header ?? []).entries()) {
    if (contexts.has(context_id)) return breach("bad_state", ["reduced_header", i, "context_id"], "a new context id");
    contexts.add(context_id);
  }
  const used = new Set(media);
  for (const { path, entry } of repairs) {
    if (used.has(entry.ssrc)) return breach("bad_state", [...path, "ssrc"], "a new SSRC");
    used.add(entry.ssrc);
  }
  return undefined;
}

function breach(reason: "bad_value" | "bad_state", segments: readonly PathSegment[], expected: string): Fault {
  const path = formatPath(segments);
  return { reason, path, message: `Cannot accept STREAM_START: ${path}: expected ${expected}` };
}
