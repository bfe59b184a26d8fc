/** What any reader of units may answer to any input: one value of the right form, or one refusal with a word of the list. */
import { FAULT_REASONS } from "../../../lib/base/parsed.ts";
import type { Expectation } from "../../case.ts";
import { brief } from "../../expect.ts";
import { type Answer, answerJson, isJson, type Json } from "../../testee/answer.ts";

/** The words of the interface, and those of clause 12.3 that say the same of whole units. */
const REASONS: ReadonlySet<unknown> = new Set([...FAULT_REASONS, "unknown_class", "unknown_ssrc"]);

/** What is wrong with the value of an `ok`; undefined where it is of the form that its op has. */
export type Form = (value: Json, request: Json) => string | undefined;

export function oneVerdict(form: Form, request: Json): Expectation {
  return {
    expected: "a value of the form of this op, or a fault with a word of the list",
    judge: (answer: Answer) => {
      if (answer.kind === "ok") return form(answer.value, request) ?? reasonlessIn(answer.value);
      if (answer.kind === "fault") return problemOfFault(answer.fault);
      return `the answer is ${brief(answerJson(answer))}`;
    },
  };
}

/** Members that must be there. */
export function having(...names: readonly string[]): Form {
  return (value) => names.map((name) => Object.hasOwn(value, name) ? undefined : `$.${name} is missing`).find(Boolean);
}

/** A list with an entry for each of the list that was asked about; each entry is an object. */
export function entryForEach(name: string, asked: string): Form {
  return (value, request) => {
    const [got, due] = [value[name], request[asked]];
    if (!Array.isArray(got)) return `$.${name} is no list`;
    if (Array.isArray(due) && got.length !== due.length) {
      return `$.${name} has ${got.length} entries for ${due.length} units`;
    }
    const odd = got.findIndex((entry) => !isJson(entry));
    return odd < 0 ? undefined : `$.${name}[${odd}] is ${brief(got[odd])}`;
  };
}

/** A list of hex texts. */
export function hexList(name: string): Form {
  return (value) => {
    const list: unknown = value[name];
    if (!Array.isArray(list)) return `$.${name} is no list`;
    const odd = list.find((text) => typeof text !== "string" || !/^(?:[0-9a-f]{2})*$/.test(text));
    return odd === undefined ? undefined : `$.${name} holds ${brief(odd)}`;
  };
}

/** A refusal inside of a list needs its reason too. */
function reasonlessIn(value: Json): string | undefined {
  for (const [name, list] of Object.entries(value)) {
    if (!Array.isArray(list)) continue;
    for (const [i, entry] of list.entries()) {
      if (!isJson(entry) || !Object.hasOwn(entry, "fault")) continue;
      const problem = isJson(entry.fault) ? problemOfFault(entry.fault) : "a fault that is no object";
      if (problem !== undefined) return `$.${name}[${i}]: ${problem}`;
    }
  }
}

function problemOfFault({ reason }: Json): string | undefined {
  return REASONS.has(reason) ? undefined : `the reason ${brief(reason)} is no word of the list`;
}
