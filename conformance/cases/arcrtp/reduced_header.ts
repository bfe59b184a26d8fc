/** SPEC clause 2.3: the reduced header, its contexts, its reference, and when a sender may use it. */
import type { Case, Check } from "../../case.ts";
import { answers, answersWith, refuses } from "../../expect.ts";
import type { Json } from "../../testee/answer.ts";
import { vectorCase } from "../../vector_case.ts";

const RUN = "reduced.run";
const RECEIVE = "reduced.receive";

/** Payload type 96, SSRC 1; the quality that the packets of this file have. */
const CONTEXT = { context_id: 0, ssrc: 1, payload_type: 96, quality: 0 };

export const CASES: readonly Case[] = [
  vectorCase("arcrtp/reduced-layout", "ARC-RTP-reduced-layout", RECEIVE, "The four bytes are read as drawn"),
  vectorCase("arcrtp/reduced-layout-sent", "ARC-RTP-reduced-layout", RUN, "The four bytes are written as drawn"),
  {
    id: "arcrtp/reduced-layout-all",
    requirements: ["ARC-RTP-reduced-layout"],
    title: "Marker, priority and context id are read from each of the 64 first bytes",
    needs: "ops",
    checks: () => Array.from({ length: 64 }, (_, bits) => readFirstByte(0xc0 | bits)),
  },
  vectorCase(
    "arcrtp/reduced-minimum-length",
    "ARC-RTP-reduced-minimum-length",
    RECEIVE,
    "Three bytes are malformed, four are a packet without payload",
  ),
  vectorCase("arcrtp/reduced-context", "ARC-RTP-reduced-context", RECEIVE, "A context id names its own stream"),
  vectorCase("arcrtp/reduced-context-sent", "ARC-RTP-reduced-context", RUN, "Another quality needs another context"),
  vectorCase(
    "arcrtp/reduced-context-unique",
    "ARC-RTP-reduced-context-unique",
    RUN,
    "A context id is not redefined",
    { reasons: true },
  ),
  vectorCase("arcrtp/reduced-eligible", "ARC-RTP-reduced-eligible", RUN, "What cannot be restored is sent whole"),
  vectorCase("arcrtp/reduced-key-phase", "ARC-RTP-reduced-key-phase", RECEIVE, "K is that of the last full packet"),
  vectorCase("arcrtp/reduced-key-phase-sent", "ARC-RTP-reduced-key-phase", RUN, "A new K is sent in full headers"),
  vectorCase("arcrtp/reduced-reference", "ARC-RTP-reduced-reference", RECEIVE, "The highest index is the reference"),
  vectorCase("arcrtp/reduced-reference-sent", "ARC-RTP-reduced-reference", RUN, "Each SSRC has its own reference"),
  vectorCase("arcrtp/reduced-expand", "ARC-RTP-reduced-expand", RECEIVE, "The nearest values are restored"),
  vectorCase("arcrtp/reduced-lossless", "ARC-RTP-reduced-lossless", RUN, "Packets come out as they went in"),
  {
    id: "arcrtp/reduced-lossless-random",
    requirements: ["ARC-RTP-reduced-lossless"],
    title: "A hundred packets of random steps, markers, priorities and payloads come out as they went in",
    needs: "ops",
    checks: ({ rng }) => {
      let sequence = rng.u32() & 0xffff;
      let timestamp = rng.u32();
      const packets = Array.from({ length: 100 }, (_, i) => {
        sequence = (sequence + 1 + (rng.u32() & 3)) & 0xffff;
        timestamp = (timestamp + (rng.u32() & 0xfff)) >>> 0;
        const bits = rng.u32();
        const payload = hex(rng.u32(), 8).slice(0, 2 * (bits >>> 30));
        return { at_ms: 10 * i, hex: packet(sequence, timestamp, payload, (bits & 1) === 1, (bits >> 1) & 3) };
      });
      return [{
        name: "random steps",
        request: { op: RUN, contexts: [CONTEXT], packets },
        ...answersWith("each packet restored, some of them reduced", ({ wire, expanded }) => {
          const wrong = packets.findIndex((sent, i) => listed(expanded)[i] !== sent.hex);
          if (wrong >= 0) return `packet ${wrong} is ${listed(expanded)[wrong]}, not ${packets[wrong].hex}`;
          return listed(wire).some((unit) => unit.length < 32) ? undefined : "no packet was reduced";
        }),
      }];
    },
  },
  {
    id: "arcrtp/reduced-protect-first",
    requirements: ["ARC-RTP-reduced-protect-first", "ARC-RTP-reduced-expand-first"],
    title: "A reduced packet is the protected one with 4 bytes for its first 16, and opens once it is expanded",
    needs: "ops",
    checks: () => [{
      name: "protect the fourth packet",
      request: { op: "srtp.protect", ...KEYS, roc: 0, hex: packet(4, 3840, "00112233") },
      ...answersWith("a protected packet", () => undefined),
      then: ({ hex }) => [reduceProtected(String(hex))],
    }],
  },
  vectorCase(
    "arcrtp/reduced-expand-first",
    "ARC-RTP-reduced-expand-first",
    RECEIVE,
    "What fails authentication once expanded changes nothing",
  ),
  vectorCase(
    "arcrtp/reduced-no-context",
    "ARC-RTP-reduced-no-context",
    RECEIVE,
    "Without context or full packet it is dropped",
  ),
  vectorCase("arcrtp/reduced-no-context-run", "ARC-RTP-reduced-no-context", RUN, "So are those before a full packet"),
  {
    id: "arcrtp/reduced-no-context-counted",
    requirements: ["ARC-RTP-reduced-no-context", "ARC-METRICS-drop-counters"],
    title: "A reduced packet without a context is dropped as bad_context",
    needs: "ops",
    checks: () =>
      Array.from({ length: 8 }, (_, id) => ({
        name: `context ${id}`,
        request: { op: RECEIVE, contexts: [], units: [{ hex: `${hex(0xc0 | id, 2)}010000` }] },
        ...answersWith("a fault with the reason bad_context", ({ results }) => {
          const [{ fault }] = results as readonly { readonly fault?: Json }[];
          return fault?.reason === "bad_context" ? undefined : `the result is ${JSON.stringify(results)}`;
        }),
      })),
  },
  vectorCase("arcrtp/reduced-window", "ARC-RTP-reduced-window", RUN, "Large steps are sent in full headers"),
  vectorCase("arcrtp/reduced-first-three", "ARC-RTP-reduced-first-three", RUN, "The first three headers are full"),
  vectorCase("arcrtp/reduced-refresh", "ARC-RTP-reduced-refresh", RUN, "A full header comes in 32 packets and 120 ms"),
  vectorCase("arcrtp/reduced-epoch-pause", "ARC-RTP-reduced-epoch-pause", RUN, "A new epoch has a second of full ones"),
  {
    id: "arcrtp/reduced-context-range",
    requirements: ["ARC-RTP-reduced-context"],
    title: "There is no context id above 7",
    needs: "ops",
    checks: () => [{
      name: "context 8",
      request: { op: RUN, contexts: [{ ...CONTEXT, context_id: 8 }], packets: [] },
      ...refusesOrErrs(),
    }],
  },
];

const KEYS = {
  suite: "aes-128-gcm",
  authentication: "hmac-sha256-80",
  keys: { encryption_key: "11".repeat(16), auth_key: "22".repeat(32), salt: "33".repeat(12) },
};

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

function packet(sequence: number, timestamp: number, payload: string, marker = false, priority = 0): string {
  const second = marker ? "e0" : "60";
  return `80${second}${hex(sequence, 4)}${hex(timestamp, 8)}00000001${hex(priority << 4, 2)}000000${payload}`;
}

/** The full packet that the unit with this first byte stands for, behind a full packet of its context's SSRC. */
function readFirstByte(first: number): Check {
  const id = first & 7;
  const units = [{ hex: packet(1, 0, "") }, { hex: `${hex(first, 2)}02000aaa` }];
  const restored = packet(2, 10, "aa", (first & 0x20) !== 0, (first >> 3) & 3);
  return {
    name: `first byte ${hex(first, 2)}`,
    request: { op: RECEIVE, contexts: [{ ...CONTEXT, context_id: id }], units },
    ...answers({ results: [{ hex: units[0].hex }, { hex: restored }] }),
  };
}

function reduceProtected(sealed: string): Check {
  const before = [1, 2, 3].map((sequence) => ({ at_ms: 0, hex: packet(sequence, 960 * sequence, "") }));
  return {
    name: "reduce what was protected",
    request: { op: RUN, contexts: [CONTEXT], packets: [...before, { at_ms: 5, hex: sealed }] },
    ...answersWith("four bytes, then the protected packet from its 17th byte on", ({ wire }) => {
      const due = `c0040f00${sealed.slice(32)}`;
      return listed(wire)[3] === due ? undefined : `the unit is ${listed(wire)[3]}, not ${due}`;
    }),
    then: ({ expanded }) => [{
      name: "open what was expanded",
      request: { op: "srtp.receive", ...KEYS, packets: [listed(expanded)[3]] },
      ...answers({ results: [{ hex: packet(4, 3840, "00112233") }] }),
    }],
  };
}

function listed(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** An interface may be unable to name it at all. */
function refusesOrErrs() {
  const refused = refuses();
  return {
    ...refused,
    judge: (answer: Parameters<typeof refused.judge>[0]) => answer.kind === "error" ? undefined : refused.judge(answer),
  };
}
