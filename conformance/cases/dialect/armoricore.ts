/** SPEC clause 12.2: what the public engine writes and reads. */
import type { Case } from "../../case.ts";
import { answersWith, refuses } from "../../expect.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { vectorCase } from "../../vector_case.ts";

const dialect = "armoricore";
const ONLY = { dialects: [dialect] } as const;
const HEADER = "806000010000000100000001";
const MASTER = { master_key: "00112233445566778899aabbccddeeff", master_salt: "0102030405060708090a0b0c0d0e" };

export const CASES: readonly Case[] = [
  vectorCase(
    "dialect/arc-block",
    "ARC-DIALECT-armoricore-arc-block",
    "rtp.parse",
    "The engine's Arc block is read",
    ONLY,
  ),
  {
    id: "dialect/arc-block-key-phase",
    requirements: ["ARC-DIALECT-armoricore-arc-block"],
    title: "Each value of the key phase bits is read as 0, and fewer than five bytes behind the header are refused",
    needs: "ops",
    ...ONLY,
    checks: () => [
      ...["00", "04", "08", "0c"].map((first) => ({
        name: `first byte ${first}`,
        request: { op: "rtp.parse", dialect, hex: `${HEADER}${first}000000aa` },
        ...answersWith("a key phase of 0", ({ arc }) => keyPhaseOf(arc)),
      })),
      ...[0, 1, 2, 3, 4].map((bytes) => ({
        name: `${bytes} bytes`,
        request: { op: "rtp.parse", dialect, hex: `${HEADER}${"00".repeat(bytes)}` },
        ...refuses(),
      })),
    ],
  },
  vectorCase("dialect/padding", "ARC-DIALECT-armoricore-padding", "rtp.parse", "Padding stays in the payload", ONLY),
  {
    id: "dialect/padding-any-count",
    requirements: ["ARC-DIALECT-armoricore-padding"],
    title: "With the P bit every last byte is payload, also 0 and more than there is",
    needs: "ops",
    ...ONLY,
    checks: () =>
      ["00", "01", "03", "ff"].map((count) => ({
        name: `a last byte of ${count}`,
        request: { op: "rtp.parse", dialect, hex: `a0${HEADER.slice(2)}00000000aabb${count}` },
        ...answersWith(`the payload aabb${count}`, ({ payload }) =>
          payload === `aabb${count}` ? undefined : `it is ${payload}`),
      })),
  },
  vectorCase("dialect/srtp-protect", "ARC-DIALECT-armoricore-srtp", "srtp.protect", "Packets are the engine's", ONLY),
  vectorCase("dialect/srtp-receive", "ARC-DIALECT-armoricore-srtp", "srtp.receive", "Its packets are read", ONLY),
  {
    id: "dialect/srtp-again",
    requirements: ["ARC-DIALECT-armoricore-srtp"],
    title: "The same packet is taken as often as it comes, and one with another header too: neither is protected",
    needs: "ops",
    ...ONLY,
    checks: () => [{
      name: "protected",
      request: { op: "srtp.protect", dialect, ...MASTER, ssrc: 1, roc: 0, hex: `${HEADER}00000000aabbcc` },
      ...answersWith("a packet", () => undefined),
      then: ({ hex }) => [{
        name: "three times, then with a marker",
        request: {
          op: "srtp.receive",
          dialect,
          ...MASTER,
          ssrc: 1,
          roc: 0,
          packets: [hex, hex, hex, `80e0${String(hex).slice(4)}`],
        },
        ...answersWith("four packets", ({ results }) => allTaken(results, 4)),
      }],
    }],
  },
  vectorCase("dialect/messages", "ARC-DIALECT-armoricore-messages", "signaling.parse", "Its messages are read", ONLY),
  {
    id: "dialect/messages-other",
    requirements: ["ARC-DIALECT-armoricore-messages", "ARC-DIALECT-no-mixing"],
    title: "The types that arcrtc-1.0 has and the engine has not are refused",
    needs: "ops",
    ...ONLY,
    checks: () =>
      ["STREAM_START", "STREAM_STOP", "QUALITY_ADAPT", "HEARTBEAT", "KEY_ROTATE", "METRICS"].map((type) => ({
        name: type,
        request: {
          op: "signaling.parse",
          dialect,
          json: JSON.stringify({ type, session_id: "550e8400-e29b-41d4-a716-446655440000", timestamp: 1 }),
        },
        ...refuses(),
      })),
  },
];

function keyPhaseOf(arc: unknown): string | undefined {
  if (!isJson(arc)) return "there is no Arc block";
  return arc.key_phase === 0 ? undefined : `it is ${arc.key_phase}`;
}

function allTaken(results: Json[string], count: number): string | undefined {
  const isTaken = Array.isArray(results) && results.length === count &&
    results.every((one) => isJson(one) && "hex" in one);
  return isTaken ? undefined : `they are ${JSON.stringify(results)}`;
}
