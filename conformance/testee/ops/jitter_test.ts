import { type Row, testRows } from "../testing.ts";

/** Packet `seq` of a 20 ms stream, arriving `lateMs` after it should. */
const packet = (seq: number, lateMs = 0) => ({
  arrival_ms: 1000 + 20 * seq + lateMs,
  sequence_number: seq & 0xffff,
  timestamp: (seq & 0xffff) * 960,
  clock_rate: 48000,
});
const run = (packets: readonly object[], config?: object) => ({ op: "jitter.run", config, packets });
const played = (...pairs: readonly (readonly [number, number])[]) =>
  pairs.map(([at_ms, sequence_number]) => ({ at_ms, sequence_number }));

const ROWS: readonly Row[] = [
  {
    name: "ARC-JITTER-initial: ten milliseconds at first",
    request: run([packet(0), packet(1)]),
    answer: { ok: { playout: played([1010, 0], [1030, 1]), dropped: [], target_ms: [10, 10] } },
  },
  {
    name: "ARC-JITTER-order: what overtakes waits for what it overtook",
    request: run([packet(0), packet(2), packet(1, 21)]),
    answer: {
      ok: { playout: played([1010, 0], [1041, 1], [1050, 2]), dropped: [], target_ms: [10, 10, 10] },
    },
  },
  {
    name: "ARC-JITTER-late-duplicate: late and duplicate are told apart",
    request: run([packet(0), packet(2), packet(2, 1), packet(1, 31), packet(3)]),
    answer: {
      ok: {
        playout: played([1010, 0], [1050, 2], [1070, 3]),
        dropped: [{ sequence_number: 2, reason: "duplicate" }, { sequence_number: 1, reason: "late" }],
        target_ms: [10, 10, 10, 10, 10],
      },
    },
  },
  {
    name: "across the end of the sequence numbers, beginning with the second packet",
    request: run([{ ...packet(0), arrival_ms: 0 }, { ...packet(65535), arrival_ms: 1, timestamp: 2 ** 32 - 960 }]),
    answer: {
      ok: {
        playout: played([1, 65535], [10, 0]),
        dropped: [],
        target_ms: [10, 10],
      },
    },
  },
  {
    name: "a configured delay",
    request: run([packet(0)], { initial_ms: 25 }),
    answer: { ok: { playout: played([1025, 0]), dropped: [], target_ms: [25] } },
  },
  {
    name: "time that goes back",
    request: run([packet(1), packet(0)]),
    answer: { error: "$.packets[1].arrival_ms must not go back" },
  },
  {
    name: "no clock",
    request: run([{ ...packet(0), clock_rate: 0 }]),
    answer: { error: "$.packets[0].clock_rate must be an integer in 1..4294967295" },
  },
];

testRows("jitter.run", ROWS);

testRows("jitter.interarrival", [
  {
    name: "ARC-JITTER-interarrival: a sixteenth of what each packet is off by, at 8 kHz",
    request: {
      op: "jitter.interarrival",
      clock_rate: 8000,
      packets: [[1000, 0], [1020, 160], [1060, 320]].map(([arrival_ms, timestamp]) => ({ arrival_ms, timestamp })),
    },
    answer: { ok: { jitter_ticks: [0, 0, 10], jitter_ms: [0, 0, 1.25] } },
  },
  {
    name: "no clock",
    request: { op: "jitter.interarrival", packets: [] },
    answer: { error: "$.clock_rate must be a number" },
  },
]);
