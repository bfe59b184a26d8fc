/** Mutations of JSON and other text: of its structure where it parses, and of its characters. */
import { CaseArena } from "./case_arena.ts";
import { mutateBytes } from "./mutate_bytes.ts";
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

/** Raw replacements: what `JSON.stringify` never writes. */
const RAW: readonly ((text: string, random: CaseRandom) => string)[] = [
  (t, r) => at(t, r, ","),
  (t, r) => at(t, r, "\\u0000"),
  (t, r) => at(t, r, "\\ud800"),
  (t, r) => at(t, r, "[".repeat(1 + r.below(40))),
  (t, r) => at(t, r, '{"a":'.repeat(1 + r.below(20))),
  (t) => t.replace(/"([a-z_]+)":/, '"$1":0,"$1":'),
  (t) => t.replace(/"([a-z_]+)":/, '"\\u00$1":'),
  (t, r) => t.replace(/\d+/g, (n) => r.oneIn(4) ? r.pick(["1e999", "-0", "00", "1.", "0x10", `${n}.0`, `${n}e1`]) : n),
  (t) => `${t}${t}`,
  (t) => ` ${t}`,
  (t) => `${t}\n`,
  (t) => t.replace(/:"/, ':"\\u0041'),
  (t) => t.replace(/true|false|null/, "True"),
];

function at(text: string, random: CaseRandom, more: string): string {
  const from = random.below(text.length + 1);
  return text.slice(0, from) + more + text.slice(from);
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

type Parent = Json[] | { [key: string]: Json };

/** Places beyond it are left alone: nobody is waiting for the four-hundredth. */
const MAX_PLACES = 400;

/** Members and items in all of a tree. */
function countPlaces(value: Json, count = 0): number {
  if (typeof value !== "object" || value === null) return count;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && count < MAX_PLACES; i++) count = countPlaces(value[i], count + 1);
  } else for (const key in value) if (count < MAX_PLACES) count = countPlaces(value[key], count + 1);
  return count;
}

/** One place of a tree: its parent, and which member or item of it. */
class Place {
  of: Parent = [];
  key = "";
  #left = 0;

  /** Goes to place `n` of {@link countPlaces}; false where there are not so many. */
  seek(root: Json, n: number): boolean {
    this.#left = n;
    return this.#walk(root);
  }

  get value(): Json {
    return (this.of as { [key: string]: Json })[this.key];
  }

  set value(value: Json) {
    (this.of as { [key: string]: Json })[this.key] = value;
  }

  #walk(value: Json): boolean {
    if (typeof value !== "object" || value === null) return false;
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        if (this.#left-- === 0) return this.#found(value, `${i}`);
        if (this.#walk(value[i])) return true;
      }
      return false;
    }
    for (const key in value) {
      if (this.#left-- === 0) return this.#found(value, key);
      if (this.#walk(value[key])) return true;
    }
    return false;
  }

  #found(of: Parent, key: string): true {
    this.of = of;
    this.key = key;
    return true;
  }
}

/** A copy that shares nothing; values are trees. */
function cloned(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(cloned);
  const copy: { [key: string]: Json } = {};
  for (const key in value) copy[key] = cloned(value[key]);
  return copy;
}

const place = new Place();
const donorPlace = new Place();

function anyPlace(root: Json, random: CaseRandom, found: Place): boolean {
  const places = countPlaces(root);
  return places > 0 && found.seek(root, random.below(places));
}

function mutateTree(root: Json, donorOf: () => Json, random: CaseRandom): Json {
  if (!anyPlace(root, random, place)) return anyJson(random);
  const { of, key, value: old } = place;
  switch (random.below(9)) {
    case 0:
      if (Array.isArray(of)) of.splice(Number(key), 1);
      else delete of[key];
      break;
    case 1:
      place.value = anyJson(random);
      break;
    case 2:
      if (Array.isArray(of)) of.splice(Number(key), 0, cloned(old));
      else of[random.pick(TEXTS)] = cloned(old);
      break;
    case 3:
      place.value = typeof old === "number"
        ? random.pick([old + 1, old - 1, -old, old * 1000, old / 2, random.pick(NUMBERS)])
        : random.pick(TEXTS);
      break;
    case 4:
      if (anyPlace(donorOf(), random, donorPlace)) place.value = cloned(donorPlace.value);
      break;
    case 5:
      place.value = [old];
      break;
    case 6:
      if (typeof old === "string") place.value = alteredText(old, random);
      else if (Array.isArray(old)) place.value = [...old, ...old.map(cloned)];
      else place.value = { ...anyObject(old), ["extra"]: anyJson(random) };
      break;
    case 7:
      if (Array.isArray(old) && old.length > 1) old.reverse();
      else place.value = typeof old === "number" ? String(old) : typeof old === "string" ? Number(old) || 0 : [];
      break;
    default:
      if (anyPlace(root, random, donorPlace)) place.value = cloned(donorPlace.value);
  }
  return root;
}

function anyObject(value: Json): { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function alteredText(text: string, random: CaseRandom): string {
  switch (random.below(5)) {
    case 0:
      return text.slice(0, random.below(text.length + 1));
    case 1:
      return text + text;
    case 2:
      return at(text, random, random.pick(["0", "-", " ", "é", "\u0000", "/", "A", "_", "="]));
    case 3:
      return text.toUpperCase();
    default:
      return text.slice(1);
  }
}

/** A unit as text, and whether that is JSON: units of the corpus come again and again, and most are not. */
interface KnownText {
  readonly text: string;
  isJson: boolean;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const arena = new CaseArena();
const known = new WeakMap<Uint8Array, KnownText>();

function textOf(unit: Uint8Array): KnownText {
  const before = known.get(unit);
  if (before !== undefined) return before;
  const read = { text: decoder.decode(unit), isJson: true };
  known.set(unit, read);
  return read;
}

/** The unit as a tree of the caller's own. */
function parse(unit: Uint8Array): Json | undefined {
  const read = textOf(unit);
  if (!read.isJson) return undefined;
  try {
    return JSON.parse(read.text);
  } catch {
    read.isJson = false;
    return undefined;
  }
}

let room = new Uint8Array(65_536);

/** Text as a case of at most `maxBytes`. */
function caseOf(text: string, maxBytes: number): Uint8Array {
  if (room.length < 3 * text.length) room = new Uint8Array(6 * text.length);
  const { written } = encoder.encodeInto(text, room);
  return arena.copy(room, Math.min(written, maxBytes));
}

/** A mutated JSON document; mostly one that is still JSON. */
export function mutateJson(
  bytes: Uint8Array,
  other: Uint8Array,
  random: CaseRandom,
  maxBytes: number,
): Uint8Array {
  const tree = random.oneIn(5) ? undefined : parse(bytes);
  if (tree === undefined) return mutateText(bytes, other, random, maxBytes);
  let mutated = tree;
  const rounds = 1 + random.below(3);
  const donorOf = () => parse(other) ?? null;
  for (let i = 0; i < rounds; i++) mutated = mutateTree(mutated, donorOf, random);
  return caseOf(JSON.stringify(mutated), maxBytes);
}

/** Mutated text: characters, or the bytes of its UTF-8. */
export function mutateText(
  bytes: Uint8Array,
  other: Uint8Array,
  random: CaseRandom,
  maxBytes: number,
): Uint8Array {
  if (random.bool()) return mutateBytes(bytes, other, random, maxBytes);
  return caseOf(random.pick(RAW)(textOf(bytes).text, random), maxBytes);
}
