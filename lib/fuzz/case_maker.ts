/** Where the next case of a target comes from: its generator, or mutated and spliced cases of the corpus. */
import type { Corpus } from "./corpus.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateJson } from "./mutate_json.ts";
import { mutateText } from "./mutate_text.ts";
import { mutateStep } from "./steps.ts";
import type { CaseRandom, CaseShape, CaseSpec, FuzzCase } from "./target.ts";

/** Larger units are cut: what matters in a parser is reached long before. */
export const MAX_CASE_UNIT_BYTES = 16_384;

type UnitMutation = (unit: Uint8Array, other: Uint8Array, random: CaseRandom, maxBytes: number) => Uint8Array;

const MUTATION_OF: Readonly<Record<CaseShape, UnitMutation>> = {
  bytes: mutateBytes,
  json: mutateJson,
  text: mutateText,
  steps: mutateStep,
};

export function makeCase(target: CaseSpec, corpus: Corpus, random: CaseRandom): FuzzCase {
  // What a schema allows is reached by mutation less often than what a header does.
  const isMade = corpus.size === 0 || random.oneIn(target.shape === "json" ? 4 : 10);
  if (target.generate !== undefined && isMade) return target.generate(random);
  if (corpus.size === 0) return [random.bytes(random.below(64))];
  const units = corpus.pick(random);
  const mutate = target.mutate ?? MUTATION_OF[target.shape];
  if (target.maxUnits === 1) {
    const other = corpus.pick(random)[0];
    return [mutate(units[0], other, random, MAX_CASE_UNIT_BYTES)];
  }
  return mutateSequence(units, corpus, mutate, random, target.maxUnits);
}

function mutateSequence(
  units: FuzzCase,
  corpus: Corpus,
  mutate: UnitMutation,
  random: CaseRandom,
  maxUnits: number,
): FuzzCase {
  const other = corpus.pick(random);
  const mutated = [...units];
  const rounds = 1 + random.below(3);
  for (let i = 0; i < rounds; i++) {
    const at = random.below(mutated.length + 1);
    const donor = random.pick(other);
    const here = mutated[Math.min(at, mutated.length - 1)] ?? donor;
    switch (random.below(7)) {
      case 0:
        mutated.splice(at, 1);
        break;
      case 1:
        mutated.splice(at, 0, donor);
        break;
      case 2:
        mutated.splice(at, 0, here);
        break;
      case 3:
        mutated.splice(at, mutated.length, ...other.slice(random.below(other.length)));
        break;
      case 4:
        mutated.splice(at, 0, mutate(here, donor, random, MAX_CASE_UNIT_BYTES));
        break;
      default:
        if (mutated.length > 0) {
          mutated[Math.min(at, mutated.length - 1)] = mutate(here, donor, random, MAX_CASE_UNIT_BYTES);
        }
    }
  }
  if (mutated.length === 0) mutated.push(random.pick(other));
  return mutated.slice(0, maxUnits);
}
