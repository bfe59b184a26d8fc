/** What a check may expect of an answer. Spread one into a check: `{ name, request, ...answers({ kind: "stun" }) }`. */
import type { Expectation } from "./case.ts";
import { type Answer, answerJson, isJson, type Json } from "./testee/answer.ts";

/** Exactly this `ok`; with `reasons` the reasons of faults inside of it too. */
export function answers(value: Json, reasons = false): Expectation {
  return {
    expected: `ok ${brief(value)}`,
    judge: (answer) => answer.kind === "ok" ? differenceOf(value, answer.value, "$", reasons) : other(answer),
  };
}

/** An `ok` that is as the words say; `judge` answers what is wrong with it. */
export function answersWith(expected: string, judge: (value: Json) => string | undefined): Expectation {
  return {
    expected,
    judge: (answer) => answer.kind === "ok" ? judge(answer.value) : other(answer),
  };
}

/** A fault. Its reason is compared only where the rule is about the reason: an input can be bad in several ways. */
export function refuses(reason?: string): Expectation {
  return {
    expected: reason === undefined ? "a fault" : `a fault with the reason ${reason}`,
    judge: (answer) => {
      if (answer.kind !== "fault") return other(answer);
      if (reason === undefined || answer.fault.reason === reason) return undefined;
      return `the reason is ${answer.fault.reason}`;
    },
  };
}

/** Either a value or a fault: the testee copes. */
export function copes(): Expectation {
  return { expected: "ok or a fault", judge: (answer) => answer.kind === "error" ? other(answer) : undefined };
}

function other(answer: Answer): string {
  return `the answer is ${brief(answerJson(answer))}`;
}

const MAX_BRIEF = 300;

/** JSON on one line, cut where it is long. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= MAX_BRIEF ? text : `${text.slice(0, MAX_BRIEF)}... (${text.length} characters)`;
}

/**
 * Where two JSON values first differ, as a sentence with the path; undefined where they are equal. Members of objects
 * may come in any order. Texts of messages, which stand in members named `json`, are compared as JSON. A `fault` inside
 * of a list of results is compared by being there, see {@link refuses}, and with `reasons` by its reason too.
 */
export function differenceOf(expected: unknown, got: unknown, path = "$", reasons = false): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(got)) return differs(path, expected, got);
    if (expected.length !== got.length) return `${path} has ${got.length} entries, not ${expected.length}`;
    return first(expected.keys(), (i) => differenceOf(expected[i], got[i], `${path}[${i}]`, reasons));
  }
  if (isJson(expected)) {
    if (!isJson(got)) return differs(path, expected, got);
    const names = new Set([...Object.keys(expected), ...Object.keys(got)]);
    return first(names, (name) => {
      const at = `${path}.${name}`;
      if (!Object.hasOwn(got, name)) return `${at} is missing`;
      if (!Object.hasOwn(expected, name)) return `${at} is not due: ${brief(got[name])}`;
      if (name === "fault") return faultDiffers(expected[name], got[name], at, reasons);
      if (name === "json") return differenceOf(parsed(expected[name]), parsed(got[name]), at);
      return differenceOf(expected[name], got[name], at, reasons);
    });
  }
  return expected === got ? undefined : differs(path, expected, got);
}

function faultDiffers(expected: unknown, got: unknown, path: string, reasons: boolean): string | undefined {
  if (!isJson(got)) return differs(path, expected, got);
  const isEqual = !reasons || !isJson(expected) || expected.reason === got.reason;
  return isEqual ? undefined : differs(`${path}.reason`, expected.reason, got.reason);
}

function differs(path: string, expected: unknown, got: unknown): string {
  return `${path} is ${brief(got)}, not ${brief(expected)}`;
}

function first<T>(items: Iterable<T>, find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
}

/** The JSON in a text; what is no JSON stays as it is. */
function parsed(text: unknown): unknown {
  if (typeof text !== "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
