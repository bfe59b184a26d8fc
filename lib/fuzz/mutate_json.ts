/**
 * Mutations of JSON: values are taken out, replaced, doubled and moved in the text itself, so that what stands around them
 * keeps its spelling, and a case costs no tree.
 */
import { type JsonPlace, jsonPlaces } from "./json_places.ts";
import { caseOf, mutateText, textOf, withMore } from "./mutate_text.ts";
import type { CaseRandom } from "./target.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const TEXTS = [
  "",
  "0",
  "1.0",
  "2.0",
  "01.0",
  "\u0000",
  "\ufeff",
  "\ud800",
  "é",
  "\u202e",
  "__proto__",
  "constructor",
  "toString",
  "00000000-0000-0000-0000-000000000000",
  "FFFFFFFF-FFFF-4FFF-8FFF-FFFFFFFFFFFF",
  "CONNECT",
  "ERROR",
  "HEARTBEAT_ACK",
  "aes-128-gcm",
  "AAAA",
  "====",
  "%00",
  "../../x",
  "192.0.2.1",
  "::ffff:192.0.2.1",
  "fe80::1%eth0",
  "x".repeat(300),
];
const QUOTED_TEXTS = TEXTS.map((text) => JSON.stringify(text));
const NUMBERS = [
  0,
  -0,
  -1,
  1,
  0.5,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  1e300,
  -1e300,
  5e-324,
  1_700_000_000,
  1_700_000_000_000,
];

/** A mutated JSON document; mostly one that is still JSON. */
export function mutateJson(bytes: Uint8Array, other: Uint8Array, random: CaseRandom, maxBytes: number): Uint8Array {
  const places = random.oneIn(5) ? undefined : placesOf(bytes);
  if (places === undefined) return mutateText(bytes, other, random, maxBytes);
  if (places.length === 0) return caseOf(JSON.stringify(anyJson(random)), maxBytes);
  const text = textOf(bytes);
  const edits = new Edits();
  const rounds = 1 + random.below(3);
  for (let i = 0; i < rounds; i++) edits.add(anyEdit(text, places, other, random));
  return caseOf(edits.applied(text), maxBytes);
}

const known = new WeakMap<Uint8Array, { readonly places: readonly JsonPlace[] | undefined }>();

/** The places of a unit, sought once; undefined where it is no JSON. */
function placesOf(unit: Uint8Array): readonly JsonPlace[] | undefined {
  const before = known.get(unit);
  if (before !== undefined) return before.places;
  const places = jsonPlaces(textOf(unit));
  known.set(unit, { places });
  return places;
}

/** What stands at `start..end` of a text gives way to `by`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

/** Edits of one text, in their order in it. */
class Edits {
  readonly #edits: Edit[] = [];

  /** An edit of what another has changed already is left out. */
  add(edit: Edit): void {
    let at = this.#edits.length;
    while (at > 0 && this.#edits[at - 1].end > edit.start) at--;
    const next = this.#edits[at];
    if (next === undefined || edit.end <= next.start) this.#edits.splice(at, 0, edit);
  }

  applied(text: string): string {
    let edited = "";
    let at = 0;
    for (const { start, end, by } of this.#edits) {
      edited += text.slice(at, start) + by;
      at = end;
    }
    return edited + text.slice(at);
  }
}

function anyEdit(text: string, places: readonly JsonPlace[], other: Uint8Array, random: CaseRandom): Edit {
  const place = random.pick(places);
  const { start, valueStart, end, isMember } = place;
  const old = text.slice(valueStart, end);
  const replaced = (by: string): Edit => ({ start: valueStart, end, by });
  switch (random.below(9)) {
    case 0:
      return { ...withComma(text, start, end), by: "" };
    case 1:
      return replaced(JSON.stringify(anyJson(random)));
    case 2:
      return { start, end: start, by: isMember ? `${random.pick(QUOTED_TEXTS)}:${old},` : `${old},` };
    case 3:
      return replaced(isNumber(old) ? otherNumber(Number(old), random) : random.pick(QUOTED_TEXTS));
    case 4: {
      const donors = placesOf(other);
      return replaced(donors === undefined || donors.length === 0 ? old : anyValue(textOf(other), donors, random));
    }
    case 5:
      return replaced(`[${old}]`);
    case 6:
      return replaced(grown(old, random));
    case 7:
      return replaced(turned(old));
    default:
      return replaced(anyValue(text, places, random));
  }
}

function anyValue(text: string, places: readonly JsonPlace[], random: CaseRandom): string {
  const { valueStart, end } = random.pick(places);
  return text.slice(valueStart, end);
}

/** A part with the comma behind it, or the one before it where it is the last. */
function withComma(text: string, start: number, end: number): { start: number; end: number } {
  let behind = end;
  while (isSpace(text, behind)) behind++;
  if (text[behind] === ",") return { start, end: behind + 1 };
  let before = start;
  while (isSpace(text, before - 1)) before--;
  return text[before - 1] === "," ? { start: before - 1, end } : { start, end };
}

function isSpace(text: string, at: number): boolean {
  return text.charCodeAt(at) <= 0x20;
}

function isNumber(value: string): boolean {
  const first = value.charCodeAt(0);
  return first === 0x2d || (first >= 0x30 && first <= 0x39);
}

function otherNumber(old: number, random: CaseRandom): string {
  return JSON.stringify(random.pick([old + 1, old - 1, -old, old * 1000, old / 2, random.pick(NUMBERS)]));
}

/** A string becomes another, a list twice itself; all else gets a further member. */
function grown(old: string, random: CaseRandom): string {
  if (old[0] === '"') return JSON.stringify(alteredText(JSON.parse(old), random));
  const inner = old.slice(1, -1);
  const more = inner.trim() === "" ? "" : `${inner},`;
  if (old[0] === "[") return `[${more}${inner}]`;
  return `{${old[0] === "{" ? more : ""}"extra":${JSON.stringify(anyJson(random))}}`;
}

/** A list turns round; a number becomes a string, a string a number, all else an empty list. */
function turned(old: string): string {
  if (isNumber(old)) return `"${old}"`;
  if (old[0] === '"') return JSON.stringify(Number(JSON.parse(old)) || 0);
  const list = old[0] === "[" ? JSON.parse(old) as Json[] : [];
  return JSON.stringify(list.length > 1 ? list.reverse() : []);
}

/** Any JSON value: a leaf or a little tree. */
function anyJson(random: CaseRandom, depth = 0): Json {
  switch (random.below(depth > 2 ? 5 : 8)) {
    case 0:
      return null;
    case 1:
      return random.bool();
    case 2:
      return random.pick(NUMBERS);
    case 3:
      return random.pick(TEXTS);
    case 4:
      return random.below(1000);
    case 5:
      return Array.from({ length: random.below(4) }, () => anyJson(random, depth + 1));
    case 6:
      return { [random.pick(TEXTS)]: anyJson(random, depth + 1) };
    default:
      return Array.from({ length: random.below(80) }, () => random.below(10));
  }
}

function alteredText(text: string, random: CaseRandom): string {
  switch (random.below(5)) {
    case 0:
      return text.slice(0, random.below(text.length + 1));
    case 1:
      return text + text;
    case 2:
      return withMore(text, random, random.pick(["0", "-", " ", "é", "\u0000", "/", "A", "_", "="]));
    case 3:
      return text.toUpperCase();
    default:
      return text.slice(1);
  }
}
