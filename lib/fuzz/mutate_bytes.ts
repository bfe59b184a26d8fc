/** Mutations of byte strings: what breaks parsers of binary formats. */
import { writeU16, writeU32 } from "../base/bytes.ts";
import { CaseArena } from "./case_arena.ts";
import { CaseDraft } from "./case_draft.ts";
import type { CaseRandom } from "./target.ts";

const U8 = [0, 1, 2, 0x0f, 0x10, 0x3f, 0x40, 0x7f, 0x80, 0xbe, 0xc0, 0xde, 0xfe, 0xff];
const U16 = [0, 1, 0xff, 0x100, 0x4cf, 0x4d0, 0x7fff, 0x8000, 0xbede, 0xfffe, 0xffff];
const U32 = [0, 1, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

type Mutation = (draft: CaseDraft, random: CaseRandom, other: Uint8Array) => void;

/** Anywhere, but the first bytes four times as often: headers are what steers a parser. */
function place(length: number, random: CaseRandom): number {
  if (length === 0) return 0;
  return random.below(random.oneIn(4) ? length : Math.min(length, 24));
}

/** Where a part of `length` bytes that begins at `from` ends. */
function partEnd(length: number, from: number, random: CaseRandom): number {
  return Math.min(length, from + 1 + random.below(Math.min(64, Math.max(1, length - from))));
}

function editByte(draft: CaseDraft, random: CaseRandom, edit: (byte: number) => number): void {
  if (draft.length === 0) return;
  const at = place(draft.length, random);
  draft.bytes[at] = edit(draft.bytes[at]);
}

function flipBit(draft: CaseDraft, random: CaseRandom): void {
  editByte(draft, random, (byte) => byte ^ (1 << random.below(8)));
}

function putU16(draft: CaseDraft, random: CaseRandom, value: number): void {
  if (draft.length < 2) return;
  writeU16(draft.bytes, Math.min(place(draft.length, random), draft.length - 2), value);
}

function putU32(draft: CaseDraft, random: CaseRandom, value: number): void {
  if (draft.length < 4) return;
  writeU32(draft.bytes, Math.min(place(draft.length, random), draft.length - 4), value);
}

function insertAny(draft: CaseDraft, at: number, count: number, random: CaseRandom): void {
  draft.makeRoom(at, count);
  for (let i = 0; i < count; i++) draft.bytes[at + i] = random.below(256);
}

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  (draft, random) => editByte(draft, random, () => random.below(256)),
  (draft, random) => editByte(draft, random, () => random.pick(U8)),
  (draft, random) =>
    editByte(draft, random, (byte) => byte + (random.bool() ? 1 + random.below(8) : -1 - random.below(8))),
  (draft, random) => putU16(draft, random, random.pick(U16)),
  (draft, random) => putU32(draft, random, random.pick(U32)),
  (draft, random) => putU16(draft, random, lengthNear(draft.length, random)),
  (draft, random) => draft.cut(random.below(draft.length + 1)),
  (draft, random) => draft.cut(Math.max(0, draft.length - 1 - random.below(4))),
  (draft, random) => draft.remove(place(draft.length, random), 1),
  (draft, random) => {
    const from = place(draft.length, random);
    draft.remove(from, partEnd(draft.length, from, random) - from);
  },
  (draft, random) => insertAny(draft, place(draft.length, random), 1 + random.below(8), random),
  (draft, random) => {
    const from = place(draft.length, random);
    draft.repeat(place(draft.length, random), from, partEnd(draft.length, from, random));
  },
  (draft, random) => insertAny(draft, draft.length, 1 + random.below(16), random),
  splice,
  (draft, random, other) => {
    const from = place(other.length, random);
    draft.insert(place(draft.length, random), other, from, partEnd(other.length, from, random));
  },
  (draft, random) => {
    const from = place(draft.length, random);
    draft.bytes.fill(random.pick(U8), from, Math.min(draft.length, from + random.below(32)));
  },
];

/** A number that a length field might hold by mistake: about what is left, or a word more or less. */
function lengthNear(length: number, random: CaseRandom): number {
  return Math.max(0, lengthLike(length, random.below(5)) + random.below(5) - 2) & 0xffff;
}

function lengthLike(length: number, which: number): number {
  switch (which) {
    case 0:
      return length;
    case 1:
      return length - 4;
    case 2:
      return length - 12;
    case 3:
      return length >>> 2;
    default:
      return length * 2;
  }
}

/** The beginning of one and the end of the other. */
function splice(draft: CaseDraft, random: CaseRandom, other: Uint8Array): void {
  draft.cut(random.below(draft.length + 1));
  draft.insert(draft.length, other, random.below(other.length + 1), other.length);
}

const draft = new CaseDraft();
const arena = new CaseArena();

/** One to four mutations in a row; the input stays as it is, the output is new and at most `maxBytes` long. */
export function mutateBytes(
  bytes: Uint8Array,
  other: Uint8Array,
  random: CaseRandom,
  maxBytes: number,
): Uint8Array {
  draft.open(bytes);
  const rounds = 1 + random.below(4);
  for (let i = 0; i < rounds; i++) MUTATIONS[random.below(MUTATIONS.length)](draft, random, other);
  return arena.copy(draft.bytes, Math.min(draft.length, maxBytes));
}
