/**
 * SPEC ARC-BUDGET-packet: what a library takes for a packet. The way through the interface is part of each answer, so what the
 * interface takes alone is told beside it, and a request of many packets tells a rate.
 */
import type { Case, Check, Took } from "../../case.ts";
import { answers, answersWith } from "../../expect.ts";
import { type Budget, BUDGETS, delays, type Measure } from "../../measure.ts";

const PACKETS = 200;
const PAYLOAD_BYTES = 1000;
const KEYS = {
  suite: "aes-128-gcm",
  authentication: "hmac-sha256-80",
  keys: { encryption_key: "11".repeat(16), auth_key: "22".repeat(32), salt: "33".repeat(12) },
};

export const CASES: readonly Case[] = [
  {
    id: "budget/packet-parse",
    requirements: ["ARC-BUDGET-packet"],
    title: "A packet is parsed within the budget of decoding",
    needs: "ops",
    isAlone: true,
    checks: () =>
      numbered((i) => [
        { name: `interface ${i}`, request: { op: "unit.classify", hex: "00" }, ...answers({ kind: "stun" }) },
        {
          name: `parse ${i}`,
          request: { op: "rtp.parse", hex: packet(i) },
          ...answersWith("a packet", () => undefined),
        },
      ]),
    measures: (took) => [...alone(took), ...figuresOf("parse", took, BUDGETS.decoding)],
  },
  {
    id: "budget/packet-protect",
    requirements: ["ARC-BUDGET-packet"],
    title: "A packet is protected within the budget of encoding",
    needs: "ops",
    isAlone: true,
    checks: () =>
      numbered((i) => [{
        name: `protect ${i}`,
        request: { op: "srtp.protect", ...KEYS, roc: 0, hex: packet(i) },
        ...answersWith("a packet", () => undefined),
      }]),
    measures: (took) => figuresOf("protect", took, BUDGETS.encoding),
  },
  {
    id: "budget/packet-unprotect",
    requirements: ["ARC-BUDGET-packet"],
    title: "A packet is unprotected within the budget of decoding, alone and among many",
    needs: "ops",
    isAlone: true,
    checks: () => {
      const sealed: string[] = [];
      return numbered((i): readonly Check[] => [{
        name: `protect ${i}`,
        request: { op: "srtp.protect", ...KEYS, roc: 0, hex: packet(i) },
        ...answersWith("a packet", () => undefined),
        then: ({ hex }) => {
          sealed.push(String(hex));
          return [
            unprotect(`unprotect ${i}`, [String(hex)], i),
            ...(sealed.length === PACKETS ? [unprotect("all", sealed, 0)] : []),
          ];
        },
      }]);
    },
    measures: (took) => {
      const allMs = took.find(({ name }) => name === "all")?.ms ?? 0;
      const rate: Measure = { name: "unprotected in one request", value: 1000 * PACKETS / allMs, unit: "1/s" };
      return [...figuresOf("unprotect", took, BUDGETS.decoding), rate];
    },
  },
];

function unprotect(name: string, packets: readonly string[], first: number): Check {
  const results = packets.map((_packet, i) => ({ hex: packet(first + i) }));
  return { name, request: { op: "srtp.receive", ...KEYS, packets }, ...answers({ results }) };
}

function numbered(make: (i: number) => readonly Check[]): readonly Check[] {
  return Array.from({ length: PACKETS }, (_, i) => make(i)).flat();
}

function figuresOf(what: string, took: readonly Took[], budget: Budget): readonly Measure[] {
  return delays(what, took.filter(({ name }) => name.startsWith(`${what} `)).map(({ ms }) => ms), budget);
}

/** What the interface takes with hardly anything behind it: nobody wants anything of that. */
function alone(took: readonly Took[]): readonly Measure[] {
  return figuresOf("interface", took, BUDGETS.decoding).map(({ most: _none, ...measure }) => measure);
}

function packet(sequence: number): string {
  return `8060${sequence.toString(16).padStart(4, "0")}000000010000000100000000${"5a".repeat(PAYLOAD_BYTES)}`;
}
