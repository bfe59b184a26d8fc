/**
 * How a case is judged a second time. Nothing below `reference/` imports the library: each file is its own slow and
 * obvious reading of the specification, with `node:crypto` for the primitives.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

export type Json = { readonly [name: string]: unknown };

export interface Fault {
  readonly reason: string;
  readonly offset?: number;
  readonly need?: number;
  readonly path?: string;
}

/** What a reference answers: where it says nothing of offset, need or path, these are not compared. */
export type Answer = { readonly ok: Json } | { readonly fault: Fault };

/** What the file says. */
export interface Due {
  readonly expected?: Json;
  readonly fault?: Fault;
  readonly trace?: Json;
}

/** Throws when the file is wrong. */
export type Judge = (request: Json, due: Due) => void;

export type Judges = { readonly [op: string]: Judge };

/** A judge that answers the request itself, and compares. */
export function answering(answer: (request: Json) => Answer): Judge {
  return (request, due) => {
    const own = answer(request);
    if ("ok" in own) requireEqual(due.expected, own.ok, "the answer");
    else compareFault(due.fault, own.fault);
  };
}

const MAX_EXCERPT = 400;

/**
 * As `assert.deepEqual`, without its picture of the difference: answers of others may be as long as they like. What is due
 * goes with the error, for those who ask the reference for its own answer.
 */
function requireEqual(actual: unknown, own: unknown, what: string): void {
  if (isDeepStrictEqual(actual, own)) return;
  const excerpt = (value: unknown) => JSON.stringify(value)?.slice(0, MAX_EXCERPT);
  const message = `${what} is ${excerpt(actual)}, the reference has ${excerpt(own)}`;
  throw new assert.AssertionError({ message, expected: own });
}

/** The reasons must agree, and all else that the reference knows. */
export function compareFault(due: Fault | undefined, own: Fault): void {
  if (due === undefined) {
    throw new assert.AssertionError({ message: `the reference refuses it: ${JSON.stringify(own)}`, expected: own });
  }
  const known = Object.keys(own) as (keyof Fault)[];
  assert.deepEqual(Object.fromEntries(known.map((name) => [name, due[name]])), own);
}

/** The same for a list of results, each a value or a fault. */
export function compareResults(due: Due, own: readonly (Json | { readonly fault: Fault })[]): void {
  const results = due.expected?.results as readonly Json[];
  assert.equal(results?.length, own.length);
  own.forEach((result, i) => {
    if ("fault" in result) compareFault(results[i].fault as Fault | undefined, result.fault as Fault);
    else requireEqual(results[i], result, `result ${i}`);
  });
}
