import assert from "node:assert/strict";
import { ask, freshTestee, type Row, testRows } from "../testing.ts";

const CONTEXT = { context_id: 2, ssrc: 3, payload_type: 111, quality: 1 };

/** Opus of SSRC 3: quality 1, priority 0, one packet in 20 ms. */
function packet(seq: number, more: { keyPhase?: number; payload?: string } = {}): string {
  const { keyPhase = 0, payload = "aa" } = more;
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  return `806f${hex(seq, 4)}${hex(seq * 960, 8)}00000003${hex(0x40 | (keyPhase << 2), 2)}000000${payload}`;
}

function run(packets: readonly string[], more: object = {}) {
  const timed = packets.map((hex, i) => ({ hex, at_ms: 20 * i }));
  return { op: "reduced.run", contexts: [CONTEXT], packets: timed, lost: [], ...more };
}

/** What the reduced form of `packet(seq)` is: 11, M 0, PR 0, context 2, then the low bits. */
function reduced(seq: number): string {
  const low = (value: number, digits: number) => (value % 16 ** digits).toString(16).padStart(digits, "0");
  return `c2${low(seq, 2)}${low(seq * 960, 4)}aa`;
}

const FIVE = [1, 2, 3, 4, 5].map((seq) => packet(seq));

const ROWS: readonly Row[] = [
  {
    name: "ARC-RTP-reduced-first-three ARC-RTP-reduced-layout ARC-RTP-reduced-lossless: three full, then reduced",
    request: run(FIVE),
    answer: { ok: { wire: [...FIVE.slice(0, 3), reduced(4), reduced(5)], expanded: FIVE } },
  },
  {
    name: "a lost packet is null, the rest is restored",
    request: run(FIVE, { lost: [2, 3] }),
    answer: {
      ok: {
        wire: [...FIVE.slice(0, 3), reduced(4), reduced(5)],
        expanded: [FIVE[0], FIVE[1], null, null, FIVE[4]],
      },
    },
  },
  {
    name: "ARC-RTP-reduced-no-context: nothing is restored before a full packet has come",
    request: run(FIVE, { lost: [0, 1, 2] }),
    answer: {
      ok: { wire: [...FIVE.slice(0, 3), reduced(4), reduced(5)], expanded: [null, null, null, null, null] },
    },
  },
  {
    name: "without a context everything stays full",
    request: run(FIVE, { contexts: [] }),
    answer: { ok: { wire: FIVE, expanded: FIVE } },
  },
  {
    name: "ARC-RTP-reduced-context-unique: a context id is not given twice",
    request: run([], { contexts: [CONTEXT, { ...CONTEXT, ssrc: 4 }] }),
    answer: { fault: { reason: "bad_state", path: "$.contexts[1]" } },
  },
  {
    name: "a packet that is none",
    request: run([FIVE[0], "80"]),
    answer: { fault: { reason: "truncated", offset: 1, need: 16, path: "$.packets[1].hex" } },
  },
  {
    name: "a loss beyond the list",
    request: run(FIVE, { lost: [5] }),
    answer: { error: "$.lost[0] must be an integer in 0..4" },
  },
];

testRows("reduced.run", ROWS);

Deno.test("reduced.run: refused units count", () => {
  const testee = freshTestee();
  ask(testee, run(FIVE, { lost: [0, 1, 2] }));
  assert.deepEqual(ask(testee, { op: "stats" }), { ok: { bad_context: 2 } });
});
