/** SPEC clause 9.3: how a sender moves on its ladder. */
import type { Case, Check } from "../../case.ts";
import { answers } from "../../expect.ts";
import { qualityAdapt } from "../messages.ts";
import { ANNA, T } from "../signaling/script.ts";
import { afterConnect, refusedWith, signalingRun, start } from "../signaling/suite_caller.ts";

const GOOD = { packet_loss: 0, rtt: 20, cpu: 0.1 };
const FAIR = { packet_loss: 0.02, rtt: 20, cpu: 0.1 };
const BAD = { packet_loss: 0.2, rtt: 20, cpu: 0.1 };

export const CASES: readonly Case[] = [
  {
    id: "quality/window",
    requirements: ["ARC-QUALITY-window"],
    title: "A decision each second looks at the last two seconds",
    needs: "ops",
    checks: () => [
      // The bad sample is in the windows of two decisions after its own, and in no more.
      run("one bad sample among good ones", [at(0, BAD), at(1000, FAIR), at(2000, FAIR), at(3000, FAIR)], [1, 2, 2, 2]),
      run("nothing is decided between the seconds", [at(0, GOOD), at(100, BAD), at(500, BAD), at(999, BAD)], [
        0,
        0,
        0,
        0,
      ]),
      run("and at the second it is", [at(0, GOOD), at(500, BAD), at(1000, BAD)], [0, 0, 1]),
    ],
  },
  {
    id: "quality/one-rung",
    requirements: ["ARC-QUALITY-one-rung"],
    title: "The worst metrics move down one rung a second, at once, and stop at the last",
    needs: "ops",
    checks: () => {
      const worst = { packet_loss: 1, rtt: 5000, cpu: 1 };
      return [run("worst metrics", [0, 1, 2, 3, 4].map((s) => at(1000 * s, worst)), [1, 2, 3, 3, 3])];
    },
  },
  {
    id: "quality/hold-up",
    requirements: ["ARC-QUALITY-hold-up"],
    title: "A move up comes after five seconds on the rung, and the next after five more",
    needs: "ops",
    checks: () => [
      run("from the third rung", Array.from({ length: 12 }, (_, s) => at(1000 * s, GOOD)), [
        ...[2, 2, 2, 2, 2],
        ...[1, 1, 1, 1, 1],
        ...[0, 0],
      ], { start_rung: 2 }),
    ],
  },
  {
    id: "quality/bandwidth-down",
    requirements: ["ARC-QUALITY-bandwidth-down"],
    title: "An estimate below the rung's bit rate moves down, one of the bit rate itself does not",
    needs: "ops",
    checks: () => [
      run("one bit per second less", [at(0, { ...GOOD, bandwidth_bps: 4_999_999 })], [1]),
      run("exactly", [at(0, { ...GOOD, bandwidth_bps: 5_000_000 })], [0]),
      run("on the second rung", [at(0, { ...GOOD, bandwidth_bps: 2_999_999 })], [2], { start_rung: 1 }),
    ],
  },
  {
    id: "quality/bandwidth-up",
    requirements: ["ARC-QUALITY-bandwidth-up"],
    title: "A move up needs 1.2 times the next rung's bit rate, where there is an estimate",
    needs: "ops",
    checks: () =>
      ([["one bit per second less", 3_599_999, 2], ["exactly", 3_600_000, 1]] as const).map(([name, bps, rung]) =>
        run(
          name,
          [0, 1, 2, 3, 4, 5].map((s) => at(1000 * s, { ...GOOD, bandwidth_bps: bps })),
          [2, 2, 2, 2, 2, rung],
          { start_rung: 2 },
        )
      ),
  },
  {
    id: "quality/adapt-cap",
    requirements: ["ARC-QUALITY-adapt-cap"],
    title: "QUALITY_ADAPT caps at once and until the next one",
    needs: "ops",
    checks: () => {
      const good = (from: number) => Array.from({ length: 7 }, (_, s) => at(from + 1000 * s, GOOD));
      const cap = (atMs: number, bitrate: number) => ({ at_ms: atMs, quality_adapt: { bitrate } });
      return [
        run("capped two rungs down", [cap(0, 1_500_000), ...good(1000)], [2, ...Array(7).fill(2)]),
        run("to the last where none fits", [cap(0, 1)], [3]),
        run(
          "freed by the next",
          [cap(0, 1_500_000), ...good(1000), cap(7500, 5_000_000), at(8000, GOOD)],
          [2, ...Array(7).fill(2), 2, 1],
        ),
      ];
    },
  },
  {
    id: "quality/adapt-direction",
    requirements: ["ARC-QUALITY-adapt-direction"],
    title: "QUALITY_ADAPT from the sender of the stream is answered with bad_state",
    needs: "ops",
    checks: ({ rng }) =>
      afterConnect(rng, (said) => [
        {
          name: "the suite's own stream",
          request: signalingRun([...said, start(10), {
            at_ms: 20,
            message: qualityAdapt(ANNA, T + 20),
          }]),
          ...refusedWith("bad_state"),
        },
      ]),
  },
];

function at(at_ms: number, sample: object) {
  return { at_ms, ...sample };
}

function run(name: string, samples: readonly { readonly at_ms: number }[], rungs: readonly number[], more = {}): Check {
  return {
    name,
    request: { op: "quality.run", samples, ...more },
    ...answers({ rungs: rungs.map((rung, i) => ({ at_ms: samples[i].at_ms, rung })) }),
  };
}
