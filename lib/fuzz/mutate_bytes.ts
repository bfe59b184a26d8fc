/** Mutations of byte strings: what breaks parsers of binary formats. */
import { writeU16, writeU32 } from "../base/bytes.ts";
import type { CaseRandom } from "./target.ts";

const U8 = [0, 1, 2, 0x0f, 0x10, 0x3f, 0x40, 0x7f, 0x80, 0xbe, 0xc0, 0xde, 0xfe, 0xff];
const U16 = [0, 1, 0xff, 0x100, 0x4cf, 0x4d0, 0x7fff, 0x8000, 0xbede, 0xfffe, 0xffff];
const U32 = [0, 1, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

type Mutation = (bytes: Uint8Array, random: CaseRandom, other: Uint8Array) => Uint8Array;

/** Anywhere, but the first bytes four times as often: headers are what steers a parser. */
function place(bytes: Uint8Array, random: CaseRandom): number {
  if (bytes.length === 0) return 0;
  return random.below(random.oneIn(4) ? bytes.length : Math.min(bytes.length, 24));
}

function edited(bytes: Uint8Array, edit: (copy: Uint8Array) => void): Uint8Array {
  if (bytes.length === 0) return bytes;
  const copy = bytes.slice();
  edit(copy);
  return copy;
}

function without(bytes: Uint8Array, from: number, count: number): Uint8Array {
  const kept = new Uint8Array(bytes.length - count);
  kept.set(bytes.subarray(0, from));
  kept.set(bytes.subarray(from + count), from);
  return kept;
}

function inserted(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  const longer = new Uint8Array(bytes.length + more.length);
  longer.set(bytes.subarray(0, at));
  longer.set(more, at);
  longer.set(bytes.subarray(at), at + more.length);
  return longer;
}

function chunk(bytes: Uint8Array, random: CaseRandom): Uint8Array {
  const from = place(bytes, random);
  return bytes.subarray(from, from + 1 + random.below(Math.min(64, Math.max(1, bytes.length - from))));
}

const MUTATIONS: readonly Mutation[] = [
  (b, r) => edited(b, (c) => c[place(c, r)] ^= 1 << r.below(8)),
  (b, r) => edited(b, (c) => c[place(c, r)] ^= 1 << r.below(8)),
  (b, r) => edited(b, (c) => c[place(c, r)] = r.below(256)),
  (b, r) => edited(b, (c) => c[place(c, r)] = r.pick(U8)),
  (b, r) => edited(b, (c) => c[place(c, r)] += r.bool() ? 1 + r.below(8) : -1 - r.below(8)),
  (b, r) => b.length < 2 ? b : edited(b, (c) => writeU16(c, Math.min(place(c, r), c.length - 2), r.pick(U16))),
  (b, r) => b.length < 4 ? b : edited(b, (c) => writeU32(c, Math.min(place(c, r), c.length - 4), r.pick(U32))),
  (b, r) => b.length < 2 ? b : edited(b, (c) => writeU16(c, Math.min(place(c, r), c.length - 2), lengthNear(c, r))),
  (b, r) => b.subarray(0, r.below(b.length + 1)),
  (b, r) => b.subarray(0, Math.max(0, b.length - 1 - r.below(4))),
  (b, r) => b.length === 0 ? b : without(b, place(b, r), 1),
  (b, r) => {
    const part = chunk(b, r);
    return b.length === 0 ? b : without(b, Math.max(0, place(b, r) - part.length), Math.min(part.length, b.length));
  },
  (b, r) => inserted(b, place(b, r), r.bytes(1 + r.below(8))),
  (b, r) => inserted(b, place(b, r), chunk(b, r)),
  (b, r) => inserted(b, b.length, r.bytes(1 + r.below(16))),
  (b, r, other) => splice(b, other, r),
  (b, r, other) => inserted(b, place(b, r), chunk(other, r)),
  (b, r) => edited(b, (c) => c.fill(r.pick(U8), place(c, r), Math.min(c.length, place(c, r) + r.below(32)))),
];

/** A number that a length field might hold by mistake: about what is left, or a word more or less. */
function lengthNear(bytes: Uint8Array, random: CaseRandom): number {
  const length = random.pick([bytes.length, bytes.length - 4, bytes.length - 12, bytes.length >>> 2, bytes.length * 2]);
  return Math.max(0, length + random.below(5) - 2) & 0xffff;
}

/** The beginning of one and the end of the other. */
export function splice(head: Uint8Array, tail: Uint8Array, random: CaseRandom): Uint8Array {
  const keep = head.subarray(0, random.below(head.length + 1));
  return inserted(keep, keep.length, tail.subarray(random.below(tail.length + 1)));
}

/** One to four mutations in a row; the input stays as it is, the output is at most `maxBytes` long. */
export function mutateBytes(
  bytes: Uint8Array,
  other: Uint8Array,
  random: CaseRandom,
  maxBytes: number,
): Uint8Array {
  let mutated = bytes;
  const rounds = 1 + random.below(4);
  for (let i = 0; i < rounds; i++) mutated = MUTATIONS[random.below(MUTATIONS.length)](mutated, random, other);
  return mutated.length > maxBytes ? mutated.subarray(0, maxBytes) : mutated;
}
