/** SPEC clauses 5.2.4 and 5.2.5: STREAM_START, STREAM_STOP and QUALITY_ADAPT. */
import type { Case } from "../../case.ts";
import { vectorCase } from "../../vector_case.ts";
import { boundsCase, writtenCase } from "./message_cases.ts";

const OP = "signaling.parse";
const U32 = 4_294_967_295;
const SSRC = 12_345_678;

export const CASES: readonly Case[] = [
  vectorCase(
    "signaling/stream-start-fields",
    "ARC-SIG-stream-start-fields",
    OP,
    "STREAM_START is read as its table says",
  ),
  writtenCase("signaling/stream-start-written", "ARC-SIG-stream-start-fields", "STREAM_START"),
  boundsCase(
    "signaling/stream-start-bounds",
    "ARC-SIG-stream-start-fields",
    "Each bound of STREAM_START holds on both sides",
    "STREAM_START",
    [
      { field: "stream_type", good: ["both"], bad: ["Audio", "screen", "", undefined] },
      { field: "codec.audio.bitrate", good: [1, U32], bad: [0, U32 + 1, 1.5, undefined] },
      { field: "codec.audio.sample_rate", good: [1, U32], bad: [0, U32 + 1, undefined] },
      { field: "codec.audio.channels", good: [1, 255], bad: [0, 256, undefined] },
      { field: "codec.audio.payload_type", good: [0, 63, 96, 127, undefined], bad: [64, 95, 128, -1] },
      { field: "codec.audio.clock_rate", good: [1, U32, undefined], bad: [0, U32 + 1] },
      { field: "codec.video.width", good: [1, 65_535], bad: [0, 65_536, undefined] },
      { field: "codec.video.height", good: [1, 65_535], bad: [0, 65_536, undefined] },
      { field: "codec.video.fps", good: [1, 1000], bad: [0, 1001, 29.97, undefined] },
      { field: "encryption.key_id", good: ["k", "k".repeat(128)], bad: ["", "k".repeat(129), undefined] },
      { field: "encryption.algorithm", good: ["aes-256-gcm"], bad: ["none", undefined] },
      { field: "reduced_header", good: [[], undefined], bad: [{}, Array(9).fill(context(0)), [{}]] },
      { field: "reduced_header.0.context_id", good: [0, 7], bad: [-1, 8] },
      { field: "reduced_header.0.payload_type", good: [0, 63, 96, 127], bad: [64, 95, 128] },
      { field: "reduced_header.0.quality", good: [0, 3], bad: [-1, 4, 1.5] },
      {
        field: "roc",
        good: [[], undefined],
        bad: [{}, [{ ssrc: 1 }], [{ ssrc: 1, roc: U32 + 1 }], [{ ssrc: -1, roc: 0 }]],
      },
      { field: "rtcp_ssrc", good: [0, U32, undefined], bad: [-1, U32 + 1] },
      { field: "rtx.0.payload_type", good: [0, 127, undefined], bad: [64, 128] },
      { field: "rtx.0.ssrc", good: [], bad: [-1, U32 + 1, undefined] },
      { field: "fec.0.payload_type", good: [63, 96, undefined], bad: [95, "115"] },
    ],
  ),
  vectorCase("signaling/stream-start-codec-blocks", "ARC-SIG-stream-start-codec-blocks", OP, "A block for each medium"),
  vectorCase("signaling/stream-start-both-ssrc", "ARC-SIG-stream-start-both-ssrc", OP, "Video of both has ssrc plus 1"),
  vectorCase(
    "signaling/stream-start-opaque-codec",
    "ARC-SIG-stream-start-opaque-codec",
    OP,
    "A codec outside of the table brings payload type and clock rate",
  ),
  vectorCase("signaling/stream-start-ladder", "ARC-SIG-stream-start-ladder", OP, "One to four rungs, best first"),
  boundsCase(
    "signaling/stream-start-ladders",
    "ARC-SIG-stream-start-ladder",
    "Of the ladders of different levels those that go down are taken",
    "STREAM_START",
    [{
      field: "quality_ladder",
      good: [["very_low"], ["ultra", "high", "medium", "low"], ["high", "very_low"], undefined],
      bad: [[], ["low", "high"], ["high", "high"], ["best"], ["ultra", "high", "medium", "low", "very_low"], "high"],
    }],
  ),
  vectorCase("signaling/stream-start-context-ssrc", "ARC-SIG-stream-start-context-ssrc", OP, "Contexts name own SSRCs"),
  vectorCase(
    "signaling/stream-start-repair-lists",
    "ARC-SIG-stream-start-repair-lists",
    OP,
    "Repair protects own SSRCs",
  ),

  vectorCase("signaling/stream-stop-fields", "ARC-SIG-stream-stop-fields", OP, "STREAM_STOP is read as its table says"),
  writtenCase("signaling/stream-stop-written", "ARC-SIG-stream-stop-fields", "STREAM_STOP"),
  boundsCase(
    "signaling/stream-stop-bounds",
    "ARC-SIG-stream-stop-fields",
    "A stop has one of three reasons",
    "STREAM_STOP",
    [
      { field: "reason", good: ["user_request", "error", "timeout"], bad: ["shutdown", "", "Error", undefined] },
      { field: "stream_id", good: [], bad: ["", "x", undefined, 1] },
    ],
  ),
  vectorCase(
    "signaling/quality-adapt-fields",
    "ARC-SIG-quality-adapt-fields",
    OP,
    "QUALITY_ADAPT is read as its table",
  ),
  writtenCase("signaling/quality-adapt-written", "ARC-SIG-quality-adapt-fields", "QUALITY_ADAPT"),
  boundsCase(
    "signaling/quality-adapt-bounds",
    "ARC-SIG-quality-adapt-fields",
    "Each bound of QUALITY_ADAPT holds on both sides",
    "QUALITY_ADAPT",
    [
      { field: "quality.bitrate", good: [1, U32], bad: [0, U32 + 1, 1.5, undefined] },
      {
        field: "quality.resolution",
        good: ["1p", "99999p", undefined],
        bad: ["0p", "100000p", "720P", "720", "p", "+1p"],
      },
      { field: "quality.fps", good: [1, 1000, undefined], bad: [0, 1001, 29.97] },
      { field: "reason", good: ["bandwidth", "cpu", "network"], bad: ["battery", undefined] },
    ],
  ),
];

function context(context_id: number) {
  return { context_id, ssrc: SSRC, payload_type: 111, quality: 0 };
}
