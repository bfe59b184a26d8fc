/**
 * Makes a failing case small: first whole units go, then fields, then bytes. The one who drives it runs each candidate
 * and says whether it still fails in the same way; that may take as long as a remote target needs.
 *
 * ```ts
 * const shrinking = shrinkCase(units, "json");
 * let step = shrinking.next();
 * while (!step.done) step = shrinking.next(stillFails(step.value));
 * const smallest = step.value;
 * ```
 */
import { utf8 } from "../base/bytes.ts";
import type { CaseShape, FuzzCase } from "./target.ts";

export type Shrinking = Generator<FuzzCase, FuzzCase, boolean>;

/** Answers the smallest case that was found; every candidate is simpler than what is known to fail. */
export function* shrinkCase(units: FuzzCase, shape: CaseShape): Shrinking {
  let current = yield* fewerUnits(units);
  for (let i = 0; i < current.length; i++) {
    if (shape === "json") current = yield* fewerFields(current, i);
    current = yield* oneEnd(current, i);
    current = yield* fewerBytes(current, i);
    const plainer = yield* plainerBytes(current, i);
    // Counts and lengths that are plain now may want less behind them.
    current = plainer === current ? current : yield* fewerBytes(plainer, i);
  }
  return current;
}

/** Leaves out runs of units, long ones first. */
function* fewerUnits(units: FuzzCase): Shrinking {
  let current = units;
  for (let run = current.length >>> 1; run >= 1; run >>>= 1) {
    for (let at = 0; at < current.length && current.length > 1;) {
      const shorter = [...current.slice(0, at), ...current.slice(at + run)];
      if (shorter.length > 0 && (yield shorter)) current = shorter;
      else at += run;
    }
  }
  return current;
}

const replaced = (units: FuzzCase, at: number, unit: Uint8Array): FuzzCase =>
  units.map((old, i) => i === at ? unit : old);

/** Keeps the end or the beginning alone, short ones first: of things in a row the last one is often enough. */
function* oneEnd(units: FuzzCase, i: number): Shrinking {
  const unit = units[i];
  for (let bytes = 1; bytes < unit.length; bytes *= 2) {
    const tail = replaced(units, i, unit.slice(unit.length - bytes));
    if (yield tail) return tail;
    const head = replaced(units, i, unit.slice(0, bytes));
    if (yield head) return head;
  }
  return units;
}

/** Leaves out runs of bytes, long ones first. */
function* fewerBytes(units: FuzzCase, i: number): Shrinking {
  let current = units;
  for (let run = Math.max(1, current[i].length >>> 1);; run >>>= 1) {
    for (let at = 0; at < current[i].length;) {
      const unit = current[i];
      const shorter = new Uint8Array(Math.max(unit.length - run, at));
      shorter.set(unit.subarray(0, at));
      shorter.set(unit.subarray(at + run), at);
      const candidate = replaced(current, i, shorter);
      if (yield candidate) current = candidate;
      else at += run;
    }
    if (run === 1) return current;
  }
}

/** Bytes become 0, or at least smaller. */
function* plainerBytes(units: FuzzCase, i: number): Shrinking {
  let current = units;
  for (let at = 0; at < current[i].length; at++) {
    for (const value of [0, current[i][at] & 0xf0, current[i][at] & 0x80, 0x30]) {
      if (current[i][at] === 0 || value >= current[i][at]) continue;
      const plainer = current[i].slice();
      plainer[at] = value;
      const candidate = replaced(current, i, plainer);
      if (yield candidate) {
        current = candidate;
        break;
      }
    }
  }
  return current;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Leaves out members and items of a JSON unit, outermost first, and makes the values that are left plain. */
function* fewerFields(units: FuzzCase, i: number): Shrinking {
  let current = units;
  for (let n = 0;; n++) {
    const root = parse(current[i]);
    if (root === undefined) return current;
    const places = placesOf(root);
    if (n >= places.length) return current;
    const { of, key } = places[n];
    for (const change of changesOf(of, key)) {
      const copy = structuredClone(root);
      change(placesOf(copy)[n].of);
      const candidate = replaced(current, i, utf8(JSON.stringify(copy)));
      if (candidate[i].length >= current[i].length) continue;
      if (yield candidate) {
        current = candidate;
        n--;
        break;
      }
    }
  }
}

function changesOf(of: object, key: string): ((parent: object) => void)[] {
  const value = (of as Record<string, Json>)[key];
  const remove = (parent: object) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete (parent as Record<string, Json>)[key];
  };
  const put = (plain: Json) => (parent: object) => {
    (parent as Record<string, Json>)[key] = plain;
  };
  if (typeof value === "string" && value.length > 1) return [remove, put(""), put(value.slice(0, value.length >>> 1))];
  if (typeof value === "number" && value !== 0) return [remove, put(0)];
  if (typeof value === "object" && value !== null) return [remove, put(Array.isArray(value) ? [] : {})];
  return [remove];
}

function placesOf(value: Json, places: { of: object; key: string }[] = []): { of: object; key: string }[] {
  if (typeof value !== "object" || value === null) return places;
  for (const key of Object.keys(value)) {
    places.push({ of: value, key });
    placesOf((value as Record<string, Json>)[key], places);
  }
  return places;
}

function parse(unit: Uint8Array): Json | undefined {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(unit));
  } catch {
    return undefined;
  }
}

/** Runs `fails` on candidates, at most `maxProbes` times, and answers the smallest case that still fails. */
export function shrinkWith(
  units: FuzzCase,
  shape: CaseShape,
  fails: (candidate: FuzzCase) => boolean,
  maxProbes = 3000,
): { readonly units: FuzzCase; readonly probes: number } {
  const shrinking = shrinkCase(units, shape);
  let smallest = units;
  let probes = 0;
  for (let step = shrinking.next(); !step.done && probes < maxProbes; probes++) {
    const candidate = step.value;
    const stillFails = fails(candidate);
    if (stillFails) smallest = candidate;
    step = shrinking.next(stillFails);
  }
  return { units: smallest, probes };
}
