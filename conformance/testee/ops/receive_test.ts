import { type Row, testRows } from "../testing.ts";

const SESSION = "11111111-1111-4111-8111-111111111111";
const STREAM = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";
const start = {
  type: "STREAM_START",
  session_id: SESSION,
  stream_id: STREAM,
  stream_type: "audio",
  codec: { audio: { name: "opus", bitrate: 64_000, sample_rate: 48_000, channels: 2 } },
  ssrc: 1,
  rtx: [{ ssrc: 2, protects: 1 }],
  encryption: { key_id: STREAM, algorithm: "aes-128-gcm" },
  timestamp: 1,
};
/** Packet `sequence` of 5 ms. */
const packet = (sequence: number) =>
  `806f000${sequence}0000${(240 * sequence).toString(16).padStart(4, "0")}0000000100000000fc0${sequence}`;

const ROWS: readonly Row[] = [
  {
    name: "ARC-JITTER-order ARC-LOSS-rtx-format: frames in order, with what came by RTX",
    request: {
      op: "receive.run",
      start,
      packets: [
        { at_ms: 0, hex: packet(0) },
        { at_ms: 1, hex: packet(2) },
        { at_ms: 2, hex: `80610007000000f00000000200000000` + `0001fc01` },
        { at_ms: 3, hex: `806f0003000000000000000900000000fc` },
      ],
    },
    answer: {
      ok: {
        // Packet 2 was sent 9 ms early, as the first two would have been to be as long on their way.
        frames: [6, 6, 11].map((at_ms, i) => ({ at_ms, sequence_number: i, data: `fc0${i}` })),
        dropped: [{ packet: 3, reason: "unknown_ssrc" }],
      },
    },
  },
  {
    name: "a start that is none",
    request: { op: "receive.run", start: { ...start, ssrc: -1 }, packets: [] },
    answer: { fault: { reason: "bad_value", path: "$.start" } },
  },
  {
    name: "time that goes back",
    request: { op: "receive.run", start, packets: [{ at_ms: 1, hex: packet(0) }, { at_ms: 0, hex: packet(1) }] },
    answer: { error: "$.packets[1].at_ms must not go back" },
  },
];

testRows("receive.run", ROWS);
