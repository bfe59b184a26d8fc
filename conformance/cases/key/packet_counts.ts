/** SPEC clauses 3.4 and 3.7: how many packets the keys of an epoch may protect, and what happens at the end. */
import type { Case } from "../../case.ts";
import { answersWith, brief } from "../../expect.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { OTHER_STREAM, STREAM } from "../../vectors/party.ts";
import type { Input } from "../signaling/script.ts";
import { connected, refusalsOf, signalingRun, SuiteCaller } from "../signaling/suite_caller.ts";

const LIMIT = 64;
const WITH_LIMIT = { config: { rotation_packets: LIMIT } };
/** What an epoch may protect where no knob says otherwise, and a testee that has come near to it. */
const PROTOCOL_LIMIT = 2 ** 31;
const LEFT = 500;
const NEAR_ITS_END = { config: { start_index: PROTOCOL_LIMIT - LEFT } };
/** A peer that has answered a rotation sends with the new epoch after this time at the latest. */
const SWITCHED_MS = 1500;

export const CASES: readonly Case[] = [
  {
    id: "key/packet-count-scope",
    requirements: ["ARC-KEY-packet-count-scope"],
    title: "Packets of all SSRCs, of one stream or several, count together towards the limit of an epoch",
    needs: "ops",
    checks: ({ rng }) =>
      connected(new SuiteCaller(rng), (said) => [
        {
          name: "two SSRCs of one stream",
          request: signalingRun([...said, packets(10, 1, 50), packets(20, 2, 50)], WITH_LIMIT),
          ...protects([10, 0, 50], [20, 0, LIMIT - 50]),
        },
        {
          name: "two streams",
          request: signalingRun([...said, packets(10, 1, 50), packets(20, 2, 50, OTHER_STREAM)], WITH_LIMIT),
          ...protects([10, 0, 50], [20, 0, LIMIT - 50]),
        },
        {
          name: "64 SSRCs, and one more",
          request: signalingRun(
            [...said, ...Array.from({ length: LIMIT + 1 }, (_, i) => packets(10 + i, 1 + i, 1))],
            WITH_LIMIT,
          ),
          ...protects(...Array.from({ length: LIMIT + 1 }, (_, i) => [10 + i, 0, i < LIMIT ? 1 : 0] as const)),
        },
      ]),
  },
  {
    id: "key/rotation-packet-limit",
    requirements: ["ARC-KEY-rotation-packet-limit", "ARC-METRICS-knobs"],
    title: "A rotation with the reason packet_limit begins before the last packet that an epoch may protect",
    needs: "ops",
    checks: ({ rng }) =>
      connected(new SuiteCaller(rng), (said) => [
        ...[2, LIMIT, 1000].map((limit) => ({
          name: `a limit of ${limit}`,
          request: signalingRun([...said, packets(100, 1, limit - 1), packets(200, 1, 1)], {
            config: { rotation_packets: limit },
          }),
          ...asksForOne(200),
        })),
        {
          name: "packets of two SSRCs",
          request: signalingRun([...said, packets(100, 1, 40), packets(200, 2, 24)], WITH_LIMIT),
          ...asksForOne(200),
        },
        {
          name: "the limit of the protocol",
          request: signalingRun([...said, packets(100, 1, LEFT - 1), packets(200, 1, 1)], NEAR_ITS_END),
          ...asksForOne(200),
        },
        {
          name: "the first 1000 packets under the limit of the protocol",
          request: signalingRun([...said, packets(100, 1, 1000)]),
          ...answersWith("no KEY_ROTATE", (value) => rotationsOf(value).length === 0 ? undefined : "there is one"),
        },
      ]),
  },
  {
    id: "key/rotation-stop",
    requirements: ["ARC-KEY-rotation-stop"],
    title: "At the limit of an epoch nothing more is protected, until a rotation has been finished",
    needs: "ops",
    checks: ({ rng }) => {
      const caller = new SuiteCaller(rng);
      return connected(caller, (said) => {
        const spent = [...said, packets(10, 1, LIMIT + 36), packets(20, 1, 1), packets(60_000, 1, 1)];
        return [
          {
            name: "at the limit of the protocol",
            request: signalingRun([...said, packets(10, 1, LEFT - 1), packets(20, 2, 2)], NEAR_ITS_END),
            ...protects([10, 0, LEFT - 1], [20, 0, 1]),
          },
          {
            name: "without an answer",
            request: signalingRun(spent, WITH_LIMIT),
            ...protects([10, 0, LIMIT], [20, 0, 0], [60_000, 0, 0]),
          },
          {
            name: "after a rotation of the suite",
            request: signalingRun([
              ...said,
              packets(10, 1, LIMIT + 36),
              { at_ms: 20, message: caller.rotate(1, 20) },
              packets(20 + SWITCHED_MS, 1, 10),
              packets(30 + SWITCHED_MS, 2, LIMIT),
            ], WITH_LIMIT),
            ...protects([10, 0, LIMIT], [20 + SWITCHED_MS, 1, 10], [30 + SWITCHED_MS, 1, LIMIT - 10]),
          },
        ];
      });
    },
  },
];

function packets(at_ms: number, ssrc: number, packets: number, stream_id = STREAM): Input {
  return { at_ms, command: "protect", stream_id, ssrc, packets };
}

/** Each "protect" in turn: its time, its epoch, and how many packets were protected. */
function protects(...runs: readonly (readonly [atMs: number, epoch: number, packets: number])[]) {
  return answersWith(`packets protected: ${runs.map(([, epoch, count]) => `${count} of epoch ${epoch}`).join(", ")}`, (
    value,
  ) => {
    if (refusalsOf(value).length > 0) return `the refusals are [${refusalsOf(value)}]`;
    const { protected: list } = value;
    const got = Array.isArray(list) ? list.filter(isJson).map((run) => [run.at_ms, run.epoch, run.packets]) : [];
    return JSON.stringify(got) === JSON.stringify(runs) ? undefined : `protected are ${brief(list)}`;
  });
}

/** A KEY_ROTATE for the packet limit, and no other, at this time at the latest. */
function asksForOne(untilMs: number) {
  return answersWith(`a KEY_ROTATE with the reason packet_limit until ${untilMs} ms`, (value) => {
    const [rotate, ...more] = rotationsOf(value, untilMs);
    if (rotate === undefined) return "there is none";
    if (more.length > 0) return `there are ${more.length} more`;
    const { reason } = rotate.message;
    return reason === "packet_limit" ? undefined : `the reason is ${reason}`;
  });
}

function rotationsOf(
  { outputs }: Json,
  untilMs = Infinity,
): readonly { readonly at_ms: number; readonly message: Json }[] {
  const all: readonly unknown[] = Array.isArray(outputs) ? outputs : [];
  return (all as readonly { readonly at_ms: number; readonly message: Json }[])
    .filter(({ at_ms, message }) => message.type === "KEY_ROTATE" && at_ms <= untilMs);
}
