/** SPEC clause 1.4 for a library under test: malformed input to everything that reads, and whether it reads on. */
import type { Case, Check, OpsSetting } from "../../case.ts";
import { type PublishedVector, vectorCheck, vectorsOf } from "../../vector_case.ts";
import { Malformed } from "./malformed.ts";
import { type Reader, READERS } from "./readers.ts";
import { oneVerdict } from "./verdict.ts";

/** Malformed requests of a case; behind each few a vector shows that the reader still reads. */
const INPUTS = 40;
const INPUTS_PER_VECTOR = 8;

export const CASES: readonly Case[] = READERS.map((reader): Case => ({
  id: `robustness/input-${reader.words}`,
  requirements: ["ARC-ROBUST-verdict"],
  title: `Malformed input to what reads ${reader.what} is a value or a refusal, and what is right is read as before`,
  needs: "ops",
  ...(reader.dialects === undefined ? {} : { dialects: reader.dialects }),
  checks: (setting) => checksOf(reader, setting),
}));

function checksOf({ op, spoil, form }: Reader, { dialect, rng }: OpsSetting): readonly Check[] {
  const malformed = new Malformed(rng);
  const vectors = vectorsOf(op, dialect);
  const known = vectors.filter(({ test }) => test.result === "valid");
  const pick = (from: readonly PublishedVector[]) => malformed.random.pick(from);
  return Array.from({ length: INPUTS }, (_, i): readonly Check[] => {
    const { name, fields } = pick(vectors);
    const request = { op, ...fields, ...spoil(fields, malformed) };
    const bad = { name: `${i}: ${name}, broken`, request, ...oneVerdict(form, request) };
    if ((i + 1) % INPUTS_PER_VECTOR !== 0) return [bad];
    const right = vectorCheck(pick(known));
    return [bad, { ...right, name: `${i}: ${right.name}, as it was` }];
  }).flat();
}
