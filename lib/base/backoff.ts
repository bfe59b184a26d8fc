import { type Rng, unit } from "./rng.ts";

/** Waits between tries of a connection: random between 0 and a bound that doubles (SPEC ARC-PATH-backoff). */
export class Backoff {
  static readonly FIRST_MS = 250;
  static readonly LAST_MS = 8000;

  readonly #rng: Rng;
  #boundMs = Backoff.FIRST_MS;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** How long to wait before the next try. */
  nextMs(): number {
    const waitMs = unit(this.#rng) * this.#boundMs;
    this.#boundMs = Math.min(Backoff.LAST_MS, 2 * this.#boundMs);
    return waitMs;
  }

  /** A try has worked: the next failure begins at the first bound. */
  reset(): void {
    this.#boundMs = Backoff.FIRST_MS;
  }
}
