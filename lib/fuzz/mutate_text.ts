/** Mutations of text: of its characters, and of the bytes of its UTF-8. */
import { CaseArena } from "./case_arena.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import type { CaseRandom } from "./target.ts";

/** Raw replacements: what `JSON.stringify` never writes. */
const RAW: readonly ((text: string, random: CaseRandom) => string)[] = [
  (t, r) => withMore(t, r, ","),
  (t, r) => withMore(t, r, "\\u0000"),
  (t, r) => withMore(t, r, "\\ud800"),
  (t, r) => withMore(t, r, "[".repeat(1 + r.below(40))),
  (t, r) => withMore(t, r, '{"a":'.repeat(1 + r.below(20))),
  (t) => t.replace(/"([a-z_]+)":/, '"$1":0,"$1":'),
  (t) => t.replace(/"([a-z_]+)":/, '"\\u00$1":'),
  (t, r) => t.replace(/\d+/g, (n) => r.oneIn(4) ? r.pick(["1e999", "-0", "00", "1.", "0x10", `${n}.0`, `${n}e1`]) : n),
  (t) => `${t}${t}`,
  (t) => ` ${t}`,
  (t) => `${t}\n`,
  (t) => t.replace(/:"/, ':"\\u0041'),
  (t) => t.replace(/true|false|null/, "True"),
];

/** The text with `more` somewhere in it. */
export function withMore(text: string, random: CaseRandom, more: string): string {
  const from = random.below(text.length + 1);
  return text.slice(0, from) + more + text.slice(from);
}

/** Mutated text: characters, or the bytes of its UTF-8. */
export function mutateText(
  bytes: Uint8Array,
  other: Uint8Array,
  random: CaseRandom,
  maxBytes: number,
): Uint8Array {
  if (random.bool()) return mutateBytes(bytes, other, random, maxBytes);
  return caseOf(random.pick(RAW)(textOf(bytes), random), maxBytes);
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const arena = new CaseArena();
const known = new WeakMap<Uint8Array, string>();

/** A unit as text, read once: units of the corpus come again and again. */
export function textOf(unit: Uint8Array): string {
  const before = known.get(unit);
  if (before !== undefined) return before;
  const text = decoder.decode(unit);
  known.set(unit, text);
  return text;
}

let room = new Uint8Array(65_536);

/** Text as a case of at most `maxBytes`. */
export function caseOf(text: string, maxBytes: number): Uint8Array {
  if (room.length < 3 * text.length) room = new Uint8Array(6 * text.length);
  const { written } = encoder.encodeInto(text, room);
  return arena.copy(room, Math.min(written, maxBytes));
}
