/** Randomness comes in as an argument: a seeded one in tests and tools, the system's in `net/`. */
export interface Rng {
  /** Fills `target` with random bytes and returns it. */
  fill<T extends Uint8Array>(target: T): T;
  /** A uniform integer in 0..2^32-1. */
  u32(): number;
}

/** A uniform integer in 0..limit-1 (`limit` 1..2^32), without modulo bias. */
export function below(rng: Rng, limit: number): number {
  const usable = Math.floor(0x1_0000_0000 / limit) * limit;
  for (;;) {
    const value = rng.u32();
    if (value < usable) return value % limit;
  }
}

/** A uniform number in 0..1 (1 excluded) with 32 bits. */
export function unit(rng: Rng): number {
  return rng.u32() / 0x1_0000_0000;
}

/**
 * xoshiro128** seeded through splitmix32: reproducible from one integer, fast, and **not** for keys outside tests.
 */
export class SeededRng implements Rng {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    let state = seed | 0;
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) | 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  u32(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  fill<T extends Uint8Array>(target: T): T {
    for (let i = 0; i < target.length; i += 4) {
      const word = this.u32();
      for (let j = 0; j < 4 && i + j < target.length; j++) target[i + j] = word >>> (8 * j);
    }
    return target;
  }
}
