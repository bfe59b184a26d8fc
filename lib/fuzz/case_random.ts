/** {@link CaseRandom} over a seeded generator. */
import { type Rng, SeededRng } from "../base/rng.ts";
import type { CaseRandom } from "./target.ts";

export class SeededCaseRandom implements CaseRandom {
  readonly #rng: Rng;

  constructor(seed: number) {
    this.#rng = new SeededRng(seed);
  }

  /** By multiplication: what that favours is beyond what a run could show, and a division for each byte would be dear. */
  below(limit: number): number {
    return Math.floor(this.#rng.u32() * limit / 0x1_0000_0000);
  }

  u32(): number {
    return this.#rng.u32();
  }

  bool(): boolean {
    return (this.#rng.u32() & 1) === 1;
  }

  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return this.#rng.fill(new Uint8Array(length));
  }
}

/** A seed of its own for each name, so that targets do not depend on which others run (FNV-1a, then mixed). */
export function seedFor(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
