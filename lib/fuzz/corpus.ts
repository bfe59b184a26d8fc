/** The cases of one target that are worth mutating: each once behaved in a way that none before it had. */
import type { CaseRandom, FuzzCase } from "./target.ts";

export interface CorpusEntry {
  readonly units: FuzzCase;
  /** Executions of the target before it was found; 0 for a seed. */
  readonly foundAt: number;
  /** Of all units. */
  readonly bytes: number;
}

/** Beyond it a new case takes the place of one that was found, never of a seed. */
const MAX_ENTRIES = 4096;

export class Corpus {
  readonly entries: CorpusEntry[] = [];
  #seeds = 0;

  get size(): number {
    return this.entries.length;
  }

  add(units: FuzzCase, foundAt: number, random: CaseRandom): void {
    if (foundAt === 0) this.#seeds++;
    const entry = { units, foundAt, bytes: units.reduce((bytes, unit) => bytes + unit.length, 0) };
    if (this.entries.length < MAX_ENTRIES) this.entries.push(entry);
    else if (this.#seeds < MAX_ENTRIES) {
      this.entries[this.#seeds + random.below(MAX_ENTRIES - this.#seeds)] = entry;
    }
  }

  /**
   * A case to start from: the latest finds more often than the rest, and of two the smaller one more often. In a small
   * case most mutations hit something that matters, and more of them run in the same time.
   */
  pick(random: CaseRandom): FuzzCase {
    const one = this.#any(random);
    if (random.oneIn(3)) return one.units;
    const other = this.#any(random);
    return other.bytes < one.bytes ? other.units : one.units;
  }

  #any(random: CaseRandom): CorpusEntry {
    const { length } = this.entries;
    const recent = Math.min(length, 16);
    return this.entries[random.oneIn(3) ? length - 1 - random.below(recent) : random.below(length)];
  }
}
