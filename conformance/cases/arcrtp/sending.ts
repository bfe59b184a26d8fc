/** SPEC clause 2.4: what a sender of ArcRTP may do with a stream under way. */
import type { Case, Check } from "../../case.ts";
import { answersWith } from "../../expect.ts";

const FULL_BYTES = 16;
const REDUCED_BYTES = 4;
/** Enough that reduced headers are in use. */
const RUN_PACKETS = 6;

export const CASES: readonly Case[] = [
  {
    id: "arcrtp/quality-switch",
    requirements: ["ARC-RTP-quality-switch"],
    title: "Another Q holds from the packet on that carries it, whose header is full, with a context for it or without",
    needs: "ops",
    checks: () => [
      switching("down and back, a context for each", [0, 1, 0], [0, 1]),
      switching("down and back, a context for the first", [0, 1, 0], [0]),
      switching("through all of them", [3, 2, 1, 0, 3], [0, 1, 2, 3]),
    ],
  },
];

/** Runs of packets of these qualities, one after another. */
function switching(name: string, qualities: readonly number[], contexts: readonly number[]): Check {
  const packets = qualities.flatMap((quality) => Array<number>(RUN_PACKETS).fill(quality)).map((quality, i) => ({
    at_ms: 10 * i,
    hex: packet(1 + i, quality),
  }));
  return {
    name,
    request: {
      op: "reduced.run",
      contexts: contexts.map((quality, i) => ({ context_id: i, ssrc: 1, payload_type: 96, quality })),
      packets,
    },
    ...answersWith("the first packet of each Q full, some of the others reduced, each one restored", (value) => {
      const [wire, expanded] = [value.wire, value.expanded].map((list) => Array.isArray(list) ? list.map(String) : []);
      const wrong = packets.findIndex(({ hex }, i) => expanded[i] !== hex);
      if (wrong >= 0) return `packet ${wrong} is ${expanded[wrong]}, not ${packets[wrong].hex}`;
      const reduced = qualities.findIndex((_, run) => wire[run * RUN_PACKETS].length !== 2 * FULL_BYTES);
      if (reduced >= 0) return `the switch to Q ${qualities[reduced]} is ${wire[reduced * RUN_PACKETS]}`;
      return wire.some((unit) => unit.length === 2 * REDUCED_BYTES) ? undefined : "no packet was reduced";
    }),
  };
}

/** Payload type 96, SSRC 1, no payload. */
function packet(sequence: number, quality: number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  return `8060${hex(sequence, 4)}${hex(960 * sequence, 8)}00000001${hex(quality << 6, 2)}000000`;
}
