/** SPEC clause 12.3: what is dropped is counted, and limits have knobs. */
import type { Case, Check } from "../../case.ts";
import { answersWith, refuses } from "../../expect.ts";
import { annasConnect, at, calleeWith, caller, sent, sentAt, T } from "../signaling/script.ts";
import type { Json } from "../../testee/answer.ts";

const HEADER = "806000010000000100000001";
const MASTER = "11".repeat(32);
const PEER = "33333333-3333-4333-8333-333333333333";

/** A unit that is dropped for each reason that a single request can bring about, and what counts it. */
const DROPPED: readonly { readonly reason: string; readonly request: Json & { readonly op: string } }[] = [
  { reason: "truncated", request: { op: "rtp.parse", hex: "80" } },
  { reason: "bad_version", request: { op: "rtp.parse", hex: `40${HEADER.slice(2)}00000000` } },
  { reason: "bad_padding", request: { op: "rtp.parse", hex: `a0${HEADER.slice(2)}0000000000` } },
];

export const CASES: readonly Case[] = [
  {
    id: "metrics/drop-counters",
    requirements: ["ARC-METRICS-drop-counters"],
    title: "A unit that is dropped is counted once, under its reason and under no other of the table",
    needs: "ops",
    checks: () =>
      DROPPED.map(({ reason, request }) =>
        counted(reason, { [reason]: 1 }, { name: `${reason}, dropped`, request, ...refuses() })
      ),
  },
  {
    id: "metrics/drop-counters-receiver",
    requirements: ["ARC-METRICS-drop-counters"],
    title: "A receiver of sealed units counts a replay and two wrong tags by their reasons",
    needs: "ops",
    checks: () => [{
      name: "a sealed unit",
      request: { op: "seal.protect", master_key: MASTER, peer_id: PEER, counter: 5, json: '{"type":"ACK"}' },
      ...answersWith("a unit", () => undefined),
      then: ({ hex }) => {
        const unit = String(hex);
        const wrong = unit.slice(0, -2) + (unit.endsWith("00") ? "01" : "00");
        const other = unit.slice(0, -2) + (unit.endsWith("02") ? "03" : "02");
        return [counted("replay and auth", { replay: 1, auth: 2 }, {
          name: "twice, then with two wrong tags",
          request: {
            op: "seal.receive",
            master_key: MASTER,
            peer_id: PEER,
            units: [unit, unit, later(wrong), later(other)],
          },
          ...answersWith("results", () => undefined),
        })];
      },
    }],
  },
  {
    id: "metrics/knobs",
    requirements: ["ARC-METRICS-knobs"],
    title: "Rotation interval, source of time and first counters can be set",
    needs: "ops",
    checks: () => [
      calleeWith(
        "a rotation interval of a minute",
        { rotation_ms: 60_000, until_ms: 61_000 },
        [at(0, annasConnect())],
        sent("KEY_ROTATE", { reason: "interval", epoch: 1 }),
        sentAt("KEY_ROTATE", 60_000),
      ),
      calleeWith(
        "the interval of a day",
        { until_ms: 24 * 3_600_000 },
        [at(0, annasConnect())],
        sentAt("KEY_ROTATE", 24 * 3_600_000),
      ),
      caller("the source of time", { unix_start_ms: T + 5000 }, [], sent("CONNECT", { timestamp: T + 5000 })),
      ...[0, 1, 2 ** 32, 2 ** 48 - 1].map((counter) => ({
        name: `a first sealing counter of ${counter}`,
        request: { op: "seal.protect", master_key: MASTER, peer_id: PEER, counter, json: "{}" },
        ...answersWith("a unit with the counter", ({ hex }) => {
          const written = String(hex).slice(-44, -32);
          return written === counter.toString(16).padStart(12, "0") ? undefined : `it is ${written}`;
        }),
      })),
    ],
  },
];

/** The counters before, the check, and what they have grown by. */
function counted(name: string, growth: Readonly<Record<string, number>>, check: Check): Check {
  return {
    name: `${name}, before`,
    request: { op: "stats" },
    ...answersWith("counters by reason", () => undefined),
    then: (before) => [check, {
      name: `${name}, after`,
      request: { op: "stats" },
      ...answersWith(`grown by ${JSON.stringify(growth)}`, (after) => {
        const names = new Set([...Object.keys(after), ...Object.keys(growth)]);
        for (const reason of names) {
          const grown = Number(after[reason] ?? 0) - Number(before[reason] ?? 0);
          if (grown !== (growth[reason] ?? 0)) return `${reason} has grown by ${grown}`;
        }
      }),
    }],
  };
}

/** With a counter of 9, which no unit had: its tag is judged. */
function later(unit: string): string {
  return `${unit.slice(0, -44)}000000000009${unit.slice(-32)}`;
}
