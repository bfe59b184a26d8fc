/** SPEC clause 7.2: the clock of the other peer, as HEARTBEATs tell it. */
import { below } from "../../../lib/base/rng.ts";
import type { Case, Check } from "../../case.ts";
import { answers } from "../../expect.ts";

/** One HEARTBEAT and its answer: there and back, and how much the other clock is ahead. */
interface Exchange {
  readonly thereMs: number;
  readonly backMs: number;
}

const START_MS = 1_700_000_000_000;
const GAP_MS = 1000;

export const CASES: readonly Case[] = [
  {
    id: "path/clock-offset",
    requirements: ["ARC-PATH-clock-offset"],
    title: "The clock offset is response_timestamp less the mean of sending and receiving",
    needs: "ops",
    checks: ({ rng }) => {
      const wayMs = 1 + below(rng, 100);
      const aheadMs = 1 + below(rng, 1_000_000);
      return [
        offset("ahead", aheadMs, [{ thereMs: wayMs, backMs: wayMs }], aheadMs),
        offset("behind", -aheadMs, [{ thereMs: wayMs, backMs: wayMs }], -aheadMs),
        // Nobody can tell which of both ways takes longer.
        offset("by unequal ways", aheadMs, [{ thereMs: wayMs + 40, backMs: wayMs }], aheadMs + 20),
      ];
    },
  },
  {
    id: "path/clock-offset-least-delay",
    requirements: ["ARC-PATH-clock-offset"],
    title: "Of several HEARTBEATs the one with the least round-trip time gives the clock offset",
    needs: "ops",
    checks: ({ rng }) => {
      const aheadMs = 1 + below(rng, 1_000_000);
      const least = { thereMs: 5, backMs: 5 };
      const others = [40, 80, 200].map((more): Exchange => ({
        thereMs: 5 + more,
        backMs: 13 + 2 * below(rng, 25),
      }));
      return [0, 1, 2, 3].map((place) =>
        offset(`at place ${place}`, aheadMs, [...others.slice(0, place), least, ...others.slice(place)], aheadMs)
      );
    },
  },
];

/** HEARTBEATs a second apart to a clock that is so much ahead. */
function offset(name: string, aheadMs: number, exchanges: readonly Exchange[], dueMs: number): Check {
  const told = exchanges.map(({ thereMs, backMs }, i) => {
    const sent_ms = START_MS + i * GAP_MS;
    return {
      sent_ms,
      received_ms: sent_ms + thereMs + backMs,
      response_timestamp: sent_ms + thereMs + aheadMs,
    };
  });
  return { name, request: { op: "path.clock_offset", exchanges: told }, ...answers({ offset_ms: dueMs }) };
}
