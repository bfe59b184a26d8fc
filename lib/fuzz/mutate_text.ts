/** Mutations of JSON and other text: of its structure where it parses, and of its characters. */
import { utf8 } from "../base/bytes.ts";
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

/** Every place of a tree as a getter and setter of its parent. */
function placesOf(value: Json, places: { of: Json[] | { [key: string]: Json }; key: string | number }[] = []) {
  if (typeof value !== "object" || value === null || places.length > 400) return places;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    places.push({ of: value, key });
    placesOf((value as { [key: string]: Json })[key], places);
  }
  return places;
}

function mutateTree(root: Json, other: Json, random: CaseRandom): Json {
  const places = placesOf(root);
  if (places.length === 0) return anyJson(random);
  const { of, key } = random.pick(places);
  const parent = of as { [key: string]: Json };
  const old = parent[key];
  switch (random.below(9)) {
    case 0:
      if (Array.isArray(of)) of.splice(Number(key), 1);
      else delete parent[key];
      break;
    case 1:
      parent[key] = anyJson(random);
      break;
    case 2:
      if (Array.isArray(of)) of.splice(Number(key), 0, structuredClone(old));
      else parent[random.pick(TEXTS)] = structuredClone(old);
      break;
    case 3:
      parent[key] = typeof old === "number"
        ? random.pick([old + 1, old - 1, -old, old * 1000, old / 2, random.pick(NUMBERS)])
        : random.pick(TEXTS);
      break;
    case 4: {
      const others = placesOf(other);
      if (others.length > 0) {
        const from = random.pick(others);
        parent[key] = structuredClone((from.of as { [key: string]: Json })[from.key]);
      }
      break;
    }
    case 5:
      parent[key] = [structuredClone(old)];
      break;
    case 6:
      if (typeof old === "string") parent[key] = alteredText(old, random);
      else if (Array.isArray(old)) parent[key] = [...old, ...structuredClone(old)];
      else parent[key] = { ...anyObject(old), ["extra"]: anyJson(random) };
      break;
    case 7:
      if (Array.isArray(old) && old.length > 1) old.reverse();
      else parent[key] = typeof old === "number" ? String(old) : typeof old === "string" ? Number(old) || 0 : [];
      break;
    default: {
      const swap = random.pick(places);
      const values = swap.of as { [key: string]: Json };
      parent[key] = structuredClone(values[swap.key]);
    }
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

const decoder = new TextDecoder();

function parse(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
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
  const donor = parse(other) ?? null;
  for (let i = 0; i < rounds; i++) mutated = mutateTree(mutated, donor, random);
  const text = utf8(JSON.stringify(mutated));
  return text.length > maxBytes ? text.subarray(0, maxBytes) : text;
}

/** Mutated text: characters, or the bytes of its UTF-8. */
export function mutateText(
  bytes: Uint8Array,
  other: Uint8Array,
  random: CaseRandom,
  maxBytes: number,
): Uint8Array {
  if (random.bool()) return mutateBytes(bytes, other, random, maxBytes);
  const text = utf8(random.pick(RAW)(decoder.decode(bytes), random));
  return text.length > maxBytes ? text.subarray(0, maxBytes) : text;
}
