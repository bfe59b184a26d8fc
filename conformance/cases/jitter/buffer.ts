/** SPEC clause 10.4: the jitter buffer on a clock of the suite. */
import { below } from "../../../lib/base/rng.ts";
import type { Case } from "../../case.ts";
import { answers, answersWith } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";

export const CASES: readonly Case[] = [
  {
    id: "jitter/initial",
    requirements: ["ARC-JITTER-initial"],
    title: "The first packets are played 10 ms after they came",
    needs: "ops",
    checks: () => [{
      name: "three packets in time",
      request: run([packet(0), packet(1), packet(2)]),
      ...answers({ playout: played([1010, 0], [1030, 1], [1050, 2]), dropped: [], target_ms: [10, 10, 10] }),
    }],
  },
  {
    id: "jitter/adaptive-range",
    requirements: ["ARC-JITTER-adaptive"],
    title: "However much or little packets vary, the target stays within 5 and 30 ms",
    needs: "ops",
    checks: ({ rng }) =>
      [0, 1, 10, 19, 80].map((variationMs) => ({
        name: `a variation of ${variationMs} ms`,
        request: run(inOrder(Array.from({ length: 400 }, (_, i) => packet(i, below(rng, variationMs + 1))))),
        ...answersWith("targets in 5..30", ({ target_ms }) => {
          const outside = numbers(target_ms).find((target) => target < 5 || target > 30);
          return outside === undefined ? undefined : `a target is ${outside} ms`;
        }),
      })),
  },
  {
    id: "jitter/adaptive-settles",
    requirements: ["ARC-JITTER-adaptive"],
    title: "A steady stream ends at 5 ms, one that varies by 19 ms above 15 ms, one that varies by 80 ms at 30 ms",
    needs: "ops",
    checks: ({ rng }) =>
      ([[0, 5, 5], [19, 15, 19], [80, 30, 30]] as const).map(([variationMs, least, most]) => ({
        name: `a variation of ${variationMs} ms`,
        request: run(inOrder(Array.from({ length: 1500 }, (_, i) => packet(i, below(rng, variationMs + 1))))),
        ...answersWith(`a last target of ${least} to ${most} ms`, ({ target_ms }) => {
          const last = numbers(target_ms).at(-1) ?? NaN;
          return last >= least && last <= most ? undefined : `the last target is ${last} ms`;
        }),
      })),
  },
  {
    id: "jitter/maximum",
    requirements: ["ARC-JITTER-maximum"],
    title: "No packet stays longer than 50 ms, whatever is missing and however late the rest comes",
    needs: "ops",
    checks: ({ rng }) => {
      const packets = inOrder(
        Array.from({ length: 500 }, (_, i) => packet(i, below(rng, 100))).filter((_, i) => i % 7 !== 3),
      );
      const arrivals = new Map(packets.map(({ arrival_ms, sequence_number }) => [sequence_number, arrival_ms]));
      return [{
        name: "500 packets, each seventh missing, up to 99 ms late",
        request: run(packets),
        ...answersWith("at most 50 ms in the buffer", ({ playout }) => {
          const stayed = entries(playout).map(({ at_ms, sequence_number }) =>
            Number(at_ms) - (arrivals.get(Number(sequence_number)) ?? NaN)
          );
          const longest = Math.max(...stayed);
          return longest <= 50 ? undefined : `a packet stayed ${longest} ms`;
        }),
      }];
    },
  },
  {
    id: "jitter/order",
    requirements: ["ARC-JITTER-order"],
    title: "What comes out of order goes out in order",
    needs: "ops",
    checks: ({ rng }) => [
      {
        name: "one packet overtakes another",
        request: run([packet(0), packet(2), packet(1, 21)]),
        ...answers({ playout: played([1010, 0], [1041, 1], [1050, 2]), dropped: [], target_ms: [10, 10, 10] }),
      },
      {
        name: "300 packets, up to 60 ms late, across the end of the numbers",
        request: run(inOrder(Array.from({ length: 300 }, (_, i) => packet(65_400 + i, below(rng, 60))))),
        ...answersWith("rising sequence numbers", ({ playout }) => {
          const sequences = entries(playout).map(({ sequence_number }) => Number(sequence_number));
          const back = sequences.findIndex((sequence, i) => i > 0 && ((sequence - sequences[i - 1]) & 0xffff) > 0x8000);
          return back < 0 ? undefined : `${sequences[back]} comes behind ${sequences[back - 1]}`;
        }),
      },
    ],
  },
  {
    id: "jitter/late-duplicate",
    requirements: ["ARC-JITTER-late-duplicate"],
    title: "Late and duplicate packets are dropped, each with its own reason",
    needs: "ops",
    checks: () => [
      {
        name: "a duplicate in the buffer, and a packet that is too late",
        request: run([packet(0), packet(2), packet(2, 1), packet(1, 31), packet(3)]),
        ...answersWith("duplicate of 2, late 1, the rest played", ({ playout, dropped }) => {
          const out = JSON.stringify(entries(playout).map(({ sequence_number }) => sequence_number));
          const left = JSON.stringify(entries(dropped).map(({ sequence_number, reason }) => [sequence_number, reason]));
          if (left !== '[[2,"duplicate"],[1,"late"]]') return `dropped are ${left}`;
          return out === "[0,2,3]" ? undefined : `played are ${out}`;
        }),
      },
      {
        name: "every packet three times",
        request: run([0, 1, 2, 3].flatMap((i) => [packet(i), packet(i), packet(i)])),
        ...answersWith("each played once", ({ playout, dropped }) => {
          if (entries(playout).length !== 4) return `${entries(playout).length} packets are played`;
          return entries(dropped).length === 8 ? undefined : `${entries(dropped).length} packets are dropped`;
        }),
      },
    ],
  },
];

interface Arrival {
  readonly arrival_ms: number;
  readonly sequence_number: number;
}

/** Packet `seq` of a 20 ms stream, arriving `lateMs` after it should. */
function packet(seq: number, lateMs = 0): Arrival {
  const fields = { timestamp: (seq * 960) % 2 ** 32, clock_rate: 48_000 };
  return { arrival_ms: 1000 + 20 * seq + lateMs, sequence_number: seq & 0xffff, ...fields };
}

function inOrder(packets: readonly Arrival[]): readonly Arrival[] {
  return packets.toSorted((a, b) => a.arrival_ms - b.arrival_ms);
}

function run(packets: readonly Arrival[]) {
  return { op: "jitter.run", packets };
}

function played(...pairs: readonly (readonly [number, number])[]) {
  return pairs.map(([at_ms, sequence_number]) => ({ at_ms, sequence_number }));
}

function numbers(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

function entries(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
