import { type Row, testRows } from "../testing.ts";

const GOOD = { packet_loss: 0, rtt: 20, cpu: 0.1 };
const BAD = { packet_loss: 0.2, rtt: 20, cpu: 0.1 };

const decide = (packet_loss: number, rtt: number, cpu: number) => ({ op: "quality.decide", packet_loss, rtt, cpu });
const run = (samples: readonly object[], more: object = {}) => ({ op: "quality.run", samples, ...more });
const every = (seconds: readonly number[], sample: object) => seconds.map((s) => ({ at_ms: 1000 * s, ...sample }));
const rungs = (...pairs: readonly (readonly [number, number])[]) => ({
  ok: { rungs: pairs.map(([at_ms, rung]) => ({ at_ms, rung })) },
});

const ROWS: readonly Row[] = [
  ...([
    [0.05, 100, 0.9, "current"],
    [0.0501, 0, 0, "lower"],
    [0, 100.5, 0, "lower"],
    [0.0099, 49.9, 0.49, "higher"],
    [0.01, 49, 0.4, "current"],
    [0, 50, 0.4, "current"],
    [0, 49, 0.5, "current"],
  ] as const).map(([loss, rtt, cpu, level]): Row => ({
    name: `decide: loss ${loss}, rtt ${rtt}, cpu ${cpu} is ${level}`,
    request: decide(loss, rtt, cpu),
    answer: { ok: { level } },
  })),
  {
    name: "decide: no rtt",
    request: { op: "quality.decide", packet_loss: 0, cpu: 0 },
    answer: { error: "$.rtt must be a number" },
  },
  {
    name: "run: down at once, one rung a second, and no further than the last",
    request: run(every([0, 1, 2, 3], BAD), { ladder: ["high", "medium", "low"] }),
    answer: rungs([0, 1], [1000, 2], [2000, 2], [3000, 2]),
  },
  {
    name: "run: up only after five seconds on the rung",
    request: run(every([0, 1, 2, 3, 4, 5, 6], GOOD), { start_rung: 2 }),
    answer: rungs([0, 2], [1000, 2], [2000, 2], [3000, 2], [4000, 2], [5000, 1], [6000, 1]),
  },
  {
    name: "run: an estimate below the rung's bit rate moves down",
    request: run([{ at_ms: 0, ...GOOD, bandwidth_bps: 4_999_999 }]),
    answer: rungs([0, 1]),
  },
  {
    name: "run: a decision that fell due between two samples is taken",
    request: run([{ at_ms: 0, ...BAD }, { at_ms: 1900, ...BAD }]),
    answer: rungs([0, 1], [1900, 2]),
  },
  {
    name: "run: QUALITY_ADAPT caps at once",
    request: run([{ at_ms: 5, quality_adapt: { bitrate: 2_000_000, resolution: "720p" } }]),
    answer: rungs([5, 2]),
  },
  {
    name: "run: a ladder upside down",
    request: run([], { ladder: ["low", "high"] }),
    answer: { fault: { reason: "bad_value", path: "$.ladder" } },
  },
  {
    name: "run: time that goes back",
    request: run([{ at_ms: 5, ...GOOD }, { at_ms: 4, ...GOOD }]),
    answer: { error: "$.samples[1].at_ms must not go back" },
  },
  { name: "run: a jump of years ends", request: run(every([0, 1e12], GOOD)), answer: rungs([0, 0], [1e15, 0]) },
];

testRows("quality", ROWS);
