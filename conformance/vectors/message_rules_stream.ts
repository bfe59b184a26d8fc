/** What SPEC clause 5.2.4 says beside types and bounds. */
import type { CaseFault, Group, Json } from "./case.ts";
import { valueAt, without, withValue } from "./edit.ts";
import { badValue, editor, example, missing, wrongType } from "./message_cases.ts";
import { U32 } from "./message_kinds.ts";

/** STREAM_START: codec blocks, ladder, contexts, repair lists. */
export function streamStartRules(group: Group): void {
  const { good, bad } = editor(group, "STREAM_START");
  const audio = example("STREAM_START").minimal;
  const videoBlock = { name: "vp9", bitrate: 2000000, width: 1920, height: 1080, fps: 30 };
  const video = { ...audio, stream_type: "video", codec: { video: videoBlock } };
  const bothMinimal = { ...audio, stream_type: "both", codec: { ...(audio.codec as Json), video: videoBlock } };
  const BLOCKS = "ARC-SIG-stream-start-codec-blocks";
  good("video", "A stream of video.", BLOCKS, video);
  good("both", "A stream of both.", BLOCKS, bothMinimal);
  bad(
    "video-without-block",
    "A stream of video with an audio block alone.",
    BLOCKS,
    withValue(video, "codec", audio.codec),
    missing("$.codec.video"),
  );
  bad(
    "both-without-audio",
    "A stream of both without the audio block.",
    BLOCKS,
    withValue(bothMinimal, "codec", video.codec),
    missing("$.codec.audio"),
  );
  bad(
    "both-without-video",
    "A stream of both without the video block.",
    BLOCKS,
    withValue(bothMinimal, "codec", audio.codec),
    missing("$.codec.video"),
  );
  good(
    "audio-with-video-block",
    "One block too many is ignored, even a malformed one.",
    BLOCKS,
    withValue(audio, "codec", { ...(audio.codec as Json), video: 7 }),
    audio,
  );
  const inVideo = (id: string, comment: string, path: string, bound: unknown, fault: CaseFault) =>
    bad(
      id,
      comment,
      "ARC-SIG-stream-start-fields ARC-SIG-message-tables",
      withValue(video, `codec.video.${path}`, bound),
      fault,
    );
  for (const field of ["name", "bitrate", "width", "height", "fps"]) {
    bad(
      `video-${field}-missing`,
      `codec.video.${field} is required.`,
      "ARC-SIG-json-missing-field ARC-SIG-stream-start-fields",
      without(video, `codec.video.${field}`),
      missing(`$.codec.video.${field}`),
    );
  }
  inVideo("video-width-0", "A picture without width.", "width", 0, badValue("$.codec.video.width"));
  inVideo("video-width-65536", "A width beyond 16 bits.", "width", 65536, badValue("$.codec.video.width"));
  inVideo("video-height-0", "A picture without height.", "height", 0, badValue("$.codec.video.height"));
  inVideo("video-height-65536", "A height beyond 16 bits.", "height", 65536, badValue("$.codec.video.height"));
  inVideo("video-fps-0", "No frames.", "fps", 0, badValue("$.codec.video.fps"));
  inVideo("video-fps-1001", "More than 1000 frames a second.", "fps", 1001, badValue("$.codec.video.fps"));
  inVideo("video-fps-fraction", "A frame rate is an integer here.", "fps", 29.97, wrongType("$.codec.video.fps"));
  inVideo("video-name-audio", "An audio codec in the video block.", "name", "opus", badValue("$.codec.video.name"));
  inVideo(
    "video-payload-type-77",
    "A payload type of the excluded range.",
    "payload_type",
    77,
    badValue("$.codec.video.payload_type"),
  );
  bad(
    "audio-name-video",
    "A video codec in the audio block.",
    "ARC-SIG-stream-start-fields",
    withValue(audio, "codec.audio.name", "h264"),
    badValue("$.codec.audio.name"),
  );

  const OPAQUE = "ARC-SIG-stream-start-opaque-codec ARC-SIG-connect-opaque-codec";
  const opaque = withValue(audio, "codec.audio", {
    ...valueAt(audio, "codec.audio") as Json,
    name: "x-lidar",
    payload_type: 120,
    clock_rate: 1000,
  });
  good("opaque", "An opaque codec with payload type and clock rate.", OPAQUE, opaque);
  bad(
    "opaque-without-payload-type",
    "An opaque codec has no default payload type.",
    OPAQUE,
    without(opaque, "codec.audio.payload_type"),
    missing("$.codec.audio.payload_type"),
  );
  bad(
    "opaque-without-clock-rate",
    "Nor a default clock rate.",
    OPAQUE,
    without(opaque, "codec.audio.clock_rate"),
    missing("$.codec.audio.clock_rate"),
  );

  const LADDER = "ARC-SIG-stream-start-ladder";
  const ladder = (levels: readonly string[]) => ({ ...audio, quality_ladder: levels });
  good("ladder-one", "One rung.", LADDER, ladder(["very_low"]));
  good("ladder-four", "Four rungs with a gap.", LADDER, ladder(["ultra", "medium", "low", "very_low"]));
  bad(
    "ladder-five",
    "Five rungs: two bits name four.",
    LADDER,
    ladder(["ultra", "high", "medium", "low", "very_low"]),
    badValue("$.quality_ladder"),
  );
  bad("ladder-repeated", "A rung twice.", LADDER, ladder(["high", "high"]), badValue("$.quality_ladder"));
  bad("ladder-worst-first", "The worst rung first.", LADDER, ladder(["low", "high"]), badValue("$.quality_ladder"));
  bad(
    "ladder-disorder",
    "Two of four in the wrong order.",
    LADDER,
    ladder(["ultra", "medium", "high", "low"]),
    badValue("$.quality_ladder"),
  );

  const CONTEXT = "ARC-SIG-stream-start-context-ssrc";
  const ssrc = audio.ssrc as number;
  const context = (changes: Json = {}) => ({ context_id: 0, ssrc, payload_type: 111, quality: 0, ...changes });
  good(
    "context-second-ssrc",
    "In a stream of both the video has the next SSRC.",
    `${CONTEXT} ARC-SIG-stream-start-both-ssrc`,
    { ...bothMinimal, reduced_header: [context({ ssrc: ssrc + 1 })] },
  );
  good("context-second-ssrc-wraps", "Behind the last SSRC comes 0.", "ARC-SIG-stream-start-both-ssrc", {
    ...bothMinimal,
    ssrc: U32,
    reduced_header: [context({ ssrc: 0 })],
  });
  good("context-repair-ssrc", "A repair stream's SSRC belongs to the stream too.", CONTEXT, {
    ...audio,
    reduced_header: [context({ ssrc: 99 })],
    rtx: [{ ssrc: 99, protects: ssrc }],
  });
  good("context-eight", "Eight contexts of one SSRC.", "ARC-SIG-stream-start-fields", {
    ...audio,
    reduced_header: Array.from({ length: 8 }, (_, i) => context({ context_id: i, quality: i & 3 })),
  });
  bad("context-nine", "Nine contexts.", "ARC-SIG-stream-start-fields", {
    ...audio,
    reduced_header: Array.from({ length: 9 }, (_, i) => context({ context_id: i % 8 })),
  }, badValue("$.reduced_header"));
  bad("context-foreign-ssrc", "A context for an SSRC of another stream.", CONTEXT, {
    ...audio,
    reduced_header: [context({ ssrc: 5 })],
  }, badValue("$.reduced_header[0].ssrc"));
  bad(
    "context-video-ssrc-of-audio",
    "A stream of audio has no second SSRC.",
    `${CONTEXT} ARC-SIG-stream-start-both-ssrc`,
    { ...audio, reduced_header: [context(), context({ context_id: 1, ssrc: ssrc + 1 })] },
    badValue("$.reduced_header[1].ssrc"),
  );
  bad(
    "context-id-twice",
    "A context id twice: one definition would replace the other.",
    "ARC-RTP-reduced-context-unique",
    { ...audio, reduced_header: [context(), context({ quality: 1 })] },
    { reason: "bad_state", path: "$.reduced_header[1].context_id" },
  );

  const REPAIR = "ARC-SIG-stream-start-repair-lists";
  good("repair-both", "RTX and FEC for both media.", REPAIR, {
    ...bothMinimal,
    rtx: [{ ssrc: 1, protects: ssrc }, { ssrc: 2, protects: ssrc + 1 }],
    fec: [{ ssrc: 3, protects: ssrc }, { ssrc: 4, protects: ssrc + 1 }],
  });
  bad(
    "rtx-foreign",
    "RTX for an SSRC of another stream.",
    REPAIR,
    { ...audio, rtx: [{ ssrc: 1, protects: 5 }] },
    badValue("$.rtx[0].protects"),
  );
  bad(
    "rtx-protects-itself",
    "RTX that protects itself.",
    REPAIR,
    { ...audio, rtx: [{ ssrc: 1, protects: 1 }] },
    badValue("$.rtx[0].protects"),
  );
  bad("fec-protects-rtx", "FEC protects media, not repair.", REPAIR, {
    ...audio,
    rtx: [{ ssrc: 1, protects: ssrc }],
    fec: [{ ssrc: 2, protects: 1 }],
  }, badValue("$.fec[0].protects"));
  const ONCE = "ARC-KEY-ssrc-once";
  bad("rtx-on-media-ssrc", "RTX on the SSRC of its media would repeat nonces.", ONCE, {
    ...audio,
    rtx: [{ ssrc, protects: ssrc }],
  }, { reason: "bad_state", path: "$.rtx[0].ssrc" });
  bad("fec-on-rtx-ssrc", "FEC on the SSRC of RTX.", ONCE, {
    ...audio,
    rtx: [{ ssrc: 1, protects: ssrc }],
    fec: [{ ssrc: 1, protects: ssrc }],
  }, { reason: "bad_state", path: "$.fec[0].ssrc" });
  bad("rtx-on-second-media-ssrc", "RTX on the SSRC that the video has.", ONCE, {
    ...bothMinimal,
    rtx: [{ ssrc: ssrc + 1, protects: ssrc }],
  }, { reason: "bad_state", path: "$.rtx[0].ssrc" });
  good(
    "key-id-name",
    "The name of a stored key.",
    "ARC-SIG-stream-start-fields",
    withValue(audio, "encryption.key_id", "studio key 7"),
  );
}
