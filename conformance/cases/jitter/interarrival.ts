/** SPEC clause 10.4: interarrival jitter, computed a second time by the formula of RFC 3550. */
import { below, type Rng } from "../../../lib/base/rng.ts";
import type { Case, Check } from "../../case.ts";
import { answersWith, brief } from "../../expect.ts";

/** Clocks on which a whole ms is whole ticks, with the ticks of a packet. */
const CLOCKS = [
  { clock_rate: 48_000, ticks: 960 },
  { clock_rate: 90_000, ticks: 3000 },
  { clock_rate: 8000, ticks: 160 },
];
/** Appendix A.8 keeps whole sixteenths of a tick, where others keep fractions. */
const TOLERANCE_TICKS = 1;

export const CASES: readonly Case[] = [
  {
    id: "jitter/interarrival",
    requirements: ["ARC-JITTER-interarrival"],
    title: "Interarrival jitter grows by a sixteenth of what each packet is off by, and is told in ms",
    needs: "ops",
    checks: ({ rng }) =>
      CLOCKS.flatMap(({ clock_rate, ticks }) => {
        const late = (lateMs: (i: number) => number, first = 1000) => arrivals(clock_rate, ticks, lateMs, first);
        return [
          measured(`${clock_rate} Hz, in time`, clock_rate, late(() => 0)),
          measured(`${clock_rate} Hz, one late`, clock_rate, late((i) => i === 3 ? 16 : 0)),
          measured(`${clock_rate} Hz, late and early`, clock_rate, late((i) => i % 2 === 0 ? 0 : 30)),
          measured(`${clock_rate} Hz, at random`, clock_rate, late(() => below(rng, 100))),
          measured(`${clock_rate} Hz, across the end`, clock_rate, late(() => below(rng, 20), 2 ** 32 - 4 * ticks)),
          measured(`${clock_rate} Hz, out of order`, clock_rate, shuffled(rng, late(() => below(rng, 60)))),
        ];
      }),
  },
];

interface Arrival {
  readonly arrival_ms: number;
  readonly timestamp: number;
}

/** 60 packets, the first one with the timestamp `first`. */
function arrivals(clockRate: number, ticks: number, lateMs: (i: number) => number, first: number): readonly Arrival[] {
  const intervalMs = Math.round(1000 * ticks / clockRate);
  return Array.from({ length: 60 }, (_, i) => ({
    arrival_ms: 5000 + i * intervalMs + lateMs(i),
    timestamp: (first + i * ticks) % 2 ** 32,
  })).toSorted((a, b) => a.arrival_ms - b.arrival_ms);
}

/** Each packet gets the timestamp of another one near it. */
function shuffled(rng: Rng, packets: readonly Arrival[]): readonly Arrival[] {
  const timestamps = packets.map(({ timestamp }) => timestamp);
  for (let i = 0; i + 1 < timestamps.length; i += 2) {
    if (below(rng, 2) === 0) [timestamps[i], timestamps[i + 1]] = [timestamps[i + 1], timestamps[i]];
  }
  return packets.map(({ arrival_ms }, i) => ({ arrival_ms, timestamp: timestamps[i] }));
}

function measured(name: string, clock_rate: number, packets: readonly Arrival[]): Check {
  const due = jitterOf(clock_rate, packets);
  return {
    name,
    request: { op: "jitter.interarrival", clock_rate, packets },
    ...answersWith(
      `the jitter of RFC 3550 after each of ${packets.length} packets`,
      ({ jitter_ticks, jitter_ms }) =>
        differs("jitter_ticks", jitter_ticks, due, TOLERANCE_TICKS) ??
          differs(
            "jitter_ms",
            jitter_ms,
            due.map((ticks) => ticks * 1000 / clock_rate),
            TOLERANCE_TICKS * 1000 / clock_rate,
          ),
    ),
  };
}

/** Section 6.4.1: D(i-1, i) in ticks of the RTP clock, and J(i) = J(i-1) + (|D| - J(i-1)) / 16. */
function jitterOf(clockRate: number, packets: readonly Arrival[]): readonly number[] {
  let jitter = 0;
  return packets.map(({ arrival_ms, timestamp }, i) => {
    if (i > 0) {
      const before = packets[i - 1];
      const apart = (timestamp - before.timestamp) | 0;
      const transit = (arrival_ms - before.arrival_ms) * clockRate / 1000 - apart;
      jitter += (Math.abs(transit) - jitter) / 16;
    }
    return jitter;
  });
}

function differs(name: string, got: unknown, due: readonly number[], tolerance: number): string | undefined {
  if (!Array.isArray(got) || got.length !== due.length) return `${name} is ${brief(got)}`;
  const wrong = due.findIndex((value, i) => !(Math.abs(Number(got[i]) - value) <= tolerance + 1e-6));
  return wrong < 0 ? undefined : `${name}[${wrong}] is ${got[wrong]}, not ${due[wrong]}`;
}
