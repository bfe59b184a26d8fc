import { TokenBuckets } from "./token_buckets.ts";

/** Buckets of the table: sources that fall into one share it, which costs an honest one little and bounds memory. */
const TABLE_SIZE = 4096;
const BURST_MS = 2000;

export interface SourceRateLimits {
  /** Events per second of one source; bursts of twice as many pass. */
  readonly perSource: number;
  /** Events per second of all sources together. */
  readonly overall: number;
}

/**
 * Rate limit per source and over all, in memory that no flood of forged addresses makes grow. `seed` is random and
 * secret: whoever knew it could find addresses that share a victim's bucket.
 */
export class SourceRates {
  readonly #seed: number;
  readonly #sources: TokenBuckets;
  readonly #all: TokenBuckets;

  constructor(limits: SourceRateLimits, seed: number, nowMs: number) {
    this.#seed = seed;
    this.#sources = new TokenBuckets(TABLE_SIZE, limits.perSource, BURST_MS);
    this.#all = new TokenBuckets(1, limits.overall, BURST_MS);
    for (let i = 0; i < TABLE_SIZE; i++) this.#sources.reset(i, nowMs);
    this.#all.reset(0, nowMs);
  }

  /**
   * True when one more event of `source` is within the limits; counts it then. A source that `isKnown` has its own limit
   * alone, so that a flood of strangers does not silence it.
   */
  admit(source: string, isKnown: boolean, nowMs: number): boolean {
    const slot = hash(source, this.#seed) % TABLE_SIZE;
    // The source's own first: a flood from one must not use up what all have.
    if (!this.#sources.isReady(slot, nowMs)) return false;
    if (!isKnown && !this.#all.isReady(0, nowMs)) return false;
    this.#sources.spend(slot, 1);
    if (!isKnown) this.#all.spend(0, 1);
    return true;
  }
}

/** FNV-1a over UTF-16 code units, started from the seed, with a final mix so that every bit counts. */
function hash(text: string, seed: number): number {
  let h = (0x811c9dc5 ^ seed) | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}
