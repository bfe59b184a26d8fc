/** The cases of one target that are worth mutating: each once behaved in a way that none before it had. */
import type { CaseRandom, FuzzCase } from "./target.ts";

export interface CorpusEntry {
  readonly units: FuzzCase;
  /** Executions of the target before it was found; 0 for a seed. */
  readonly foundAt: number;
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
    if (this.entries.length < MAX_ENTRIES) this.entries.push({ units, foundAt });
    else if (this.#seeds < MAX_ENTRIES) {
      this.entries[this.#seeds + random.below(MAX_ENTRIES - this.#seeds)] = { units, foundAt };
    }
  }

  /** A case to start from: the latest finds twice as often as the rest. */
  pick(random: CaseRandom): FuzzCase {
    const { length } = this.entries;
    const recent = Math.min(length, 16);
    const slot = random.oneIn(3) ? length - 1 - random.below(recent) : random.below(length);
    return this.entries[slot].units;
  }
}
