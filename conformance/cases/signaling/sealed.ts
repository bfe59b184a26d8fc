/** SPEC clause 5.6.1: the format of sealed JSON. */
import { below, type Rng } from "../../../lib/base/rng.ts";
import type { Case, Check } from "../../case.ts";
import { answersWith } from "../../expect.ts";
import { isJson, type Json } from "../../testee/answer.ts";
import { vectorCase } from "../../vector_case.ts";
import { CALLEE, CALLER } from "../../vectors/party.ts";

const MASTER_KEY = "5a".repeat(32);
const JSON_TEXT = '{"type":"ACK","x":"é€😀"}';
const TAIL_HEX = 2 * (1 + 6 + 16);
const WINDOW = 64;

export const CASES: readonly Case[] = [
  vectorCase("seal/format", "ARC-SEAL-format", "seal.protect", "A unit is JSON, a zero byte, counter and tag"),
  vectorCase("seal/format-read", "ARC-SEAL-format", "seal.receive", "A unit of that form is opened"),
  {
    id: "seal/format-random",
    requirements: ["ARC-SEAL-format", "ARC-SEAL-counter"],
    title: "30 random texts and counters are sealed in the form of the clause, and opened by the other side",
    needs: "ops",
    checks: ({ rng }) =>
      Array.from({ length: 30 }, (_, i) => {
        const json = `{"x":"${"é".repeat(below(rng, 40))}${i}"}`;
        const counter = below(rng, 2 ** 31);
        const text = hexOf(json);
        const due = `${text}00${counter.toString(16).padStart(12, "0")}`;
        return {
          ...sealed(`text ${i + 1}`, json, counter),
          ...answersWith("text, zero byte, counter and 16 bytes of tag", ({ hex }) => {
            const unit = String(hex);
            return unit.startsWith(due) && unit.length === due.length + 32 ? undefined : `the unit is ${unit}`;
          }),
          then: ({ hex }: Json) => [opened(`text ${i + 1}, opened`, [hex], [json])],
        };
      }),
  },
  vectorCase("seal/tag", "ARC-SEAL-tag", "seal.protect", "The tag is HMAC-SHA256 under the sender's sealing key"),
  vectorCase("seal/tag-read", "ARC-SEAL-tag", "seal.receive", "It is verified under that key"),
  vectorCase(
    "seal/recognise",
    "ARC-SEAL-recognise",
    "seal.receive",
    "A unit is sealed by its length and its zero byte",
  ),
  vectorCase("seal/recognise-shortest", "ARC-SEAL-recognise", "seal.protect", "Two bytes of JSON give 25 bytes"),
  vectorCase("seal/counter", "ARC-SEAL-counter", "seal.protect", "Counters are written as they grow, up to the last"),
  vectorCase("seal/counter-epoch", "ARC-SEAL-counter", "rotation.receive", "A new epoch begins at 0 again"),
  vectorCase("seal/replay", "ARC-SEAL-replay", "seal.receive", "A window of 64, checked before the tag"),
  vectorCase("seal/replay-epochs", "ARC-SEAL-replay", "rotation.receive", "Each epoch has a window of its own"),
  {
    id: "seal/replay-window",
    requirements: ["ARC-SEAL-replay"],
    title: "Behind counter 100 the counters from 37 on are taken once each, older ones not at all",
    needs: "ops",
    checks: () => {
      const behind = Array.from({ length: 70 }, (_, i) => 99 - i);
      const counters = [100, ...behind, ...behind];
      return [sealAll(counters, (units) => [
        opened(
          "newest first, then all again",
          units,
          counters.map((counter, i) => i <= behind.length && counter > 100 - WINDOW ? JSON_TEXT : undefined),
        ),
      ])];
    },
  },
  {
    id: "seal/replay-committed-after",
    requirements: ["ARC-SEAL-replay"],
    title: "A counter that came with a wrong tag is still free, however far ahead it was",
    needs: "ops",
    checks: () => [sealAll([5, 1000, 6], ([first, ahead, next]) => [
      opened(
        "good, forged far ahead, good, good",
        [first, flipped(ahead, ahead.length - 1), next, ahead],
        [JSON_TEXT, undefined, JSON_TEXT, JSON_TEXT],
      ),
    ])],
  },
  vectorCase("seal/wrong-tag", "ARC-SEAL-wrong-tag", "seal.receive", "A wrong tag is refused"),
  {
    id: "seal/wrong-tag-anywhere",
    requirements: ["ARC-SEAL-wrong-tag", "ARC-SEAL-tag"],
    title: "A unit with any one digit changed is refused: text, counter and tag are covered",
    needs: "ops",
    checks: () => [sealAll([7], ([unit]) =>
      Array.from({ length: unit.length }, (_, at) => at)
        // Without its zero byte it is no sealed unit at all.
        .filter((at) => at < unit.length - TAIL_HEX || at >= unit.length - TAIL_HEX + 2)
        .map((at) => opened(`digit ${at}`, [flipped(unit, at)], [undefined])))],
  },
  vectorCase("seal/direction", "ARC-SEAL-direction", "seal.receive", "One's own unit that comes back fails"),
  vectorCase("seal/direction-sent", "ARC-SEAL-direction", "seal.protect", "Each peer seals under a key of its own"),
  {
    id: "seal/direction-random",
    requirements: ["ARC-SEAL-direction"],
    title: "What one peer has sealed does not open as the other's, nor under another session's key",
    needs: "ops",
    checks: ({ rng }) => [sealAll([below(rng, 1000)], (units) => [
      opened("as the sender's", units, [JSON_TEXT]),
      opened("as the other's", units, [undefined], { peer_id: CALLEE }),
      opened("under another key", units, [undefined], { master_key: otherKey(rng) }),
    ])],
  },
];

function sealed(name: string, json: string, counter: number) {
  return { name, request: { op: "seal.protect", master_key: MASTER_KEY, peer_id: CALLER, counter, json } };
}

/** Seals the same text with each counter, and goes on with the units. */
function sealAll(counters: readonly number[], then: (units: readonly string[]) => readonly Check[]): Check {
  const from = (i: number, units: readonly string[]): Check => ({
    ...sealed(`${counters[i]}, sealed as number ${i + 1}`, JSON_TEXT, counters[i]),
    ...answersWith("a unit", ({ hex }) => typeof hex === "string" ? undefined : "there is no hex"),
    then: ({ hex }) => {
      const more = [...units, String(hex)];
      return more.length === counters.length ? then(more) : [from(i + 1, more)];
    },
  });
  return from(0, []);
}

/** Opens units in turn: to these texts, or not at all where it is undefined. */
function opened(
  name: string,
  units: readonly unknown[],
  texts: readonly (string | undefined)[],
  others: Json = {},
): Check {
  return {
    name,
    request: { op: "seal.receive", master_key: MASTER_KEY, peer_id: CALLER, units, ...others },
    ...answersWith(`${texts.filter((text) => text !== undefined).length} of ${units.length} opened`, ({ results }) => {
      if (!Array.isArray(results) || results.length !== texts.length) return "the results are not as many as the units";
      const wrong = texts.findIndex((text, i) => {
        const result: unknown = results[i];
        return !isJson(result) || (text === undefined ? !("fault" in result) : result.json !== text);
      });
      return wrong < 0 ? undefined : `unit ${wrong + 1} gives ${JSON.stringify(results[wrong])}`;
    }),
  };
}

function flipped(hex: string, at: number): string {
  return hex.slice(0, at) + (parseInt(hex[at], 16) ^ 1).toString(16) + hex.slice(at + 1);
}

function hexOf(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function otherKey(rng: Rng): string {
  return Array.from({ length: 8 }, () => rng.u32().toString(16).padStart(8, "0")).join("");
}
