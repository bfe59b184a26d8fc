/**
 * Media that came before the STREAM_START that names its SSRC: they travel on different paths. Kept as it came, protected,
 * for 250 ms, 64 units in all (SPEC ARC-SRTP-early-hold). Nothing in it has been believed, and it counts as no failure
 * (SPEC ARC-SRTP-early-not-failures).
 */
import { MAX_UNIT_BYTES } from "../packet/demux.ts";

export const EARLY_HOLD_MS = 250;
export const EARLY_UNITS = 64;

interface HeldUnit {
  readonly ssrc: number;
  readonly arrivalMs: number;
  readonly endMs: number;
  readonly slot: number;
  readonly length: number;
}

/** Memory is taken with the first unit, and then bounded. */
export class EarlyUnits {
  #pool: Uint8Array<ArrayBuffer> | undefined;
  /** In the order of arrival. */
  #held: HeldUnit[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#held.length;
  }

  /** Keeps a copy of the unit; false when there is no room. It has at most {@link MAX_UNIT_BYTES}. */
  hold(ssrc: number, bytes: Uint8Array, start: number, end: number, nowMs: number): boolean {
    if (this.#pool === undefined) {
      this.#pool = new Uint8Array(EARLY_UNITS * MAX_UNIT_BYTES);
      for (let slot = EARLY_UNITS - 1; slot >= 0; slot--) this.#free.push(slot);
    }
    const slot = this.#free.pop();
    if (slot === undefined) return false;
    this.#pool.set(bytes.subarray(start, end), slot * MAX_UNIT_BYTES);
    this.#held.push({ ssrc, arrivalMs: nowMs, endMs: nowMs + EARLY_HOLD_MS, slot, length: end - start });
    return true;
  }

  /** Hands over the units of SSRCs that are known now, in the order of arrival; they may be changed in place. */
  release(
    isKnown: (ssrc: number) => boolean,
    take: (bytes: Uint8Array, start: number, end: number, arrivalMs: number) => void,
  ): void {
    const pool = this.#pool;
    if (pool === undefined) return;
    const known = this.#held.filter(({ ssrc }) => isKnown(ssrc));
    this.#held = this.#held.filter(({ ssrc }) => !isKnown(ssrc));
    for (const { slot, length, arrivalMs } of known) {
      const start = slot * MAX_UNIT_BYTES;
      take(pool, start, start + length, arrivalMs);
      this.#free.push(slot);
    }
  }

  /** Discards what has waited for long enough; answers how many units. */
  expire(nowMs: number): number {
    let expired = 0;
    while (expired < this.#held.length && this.#held[expired].endMs <= nowMs) {
      this.#free.push(this.#held[expired].slot);
      expired++;
    }
    if (expired > 0) this.#held = this.#held.slice(expired);
    return expired;
  }

  nextTimeoutMs(): number {
    return this.#held.length === 0 ? Infinity : this.#held[0].endMs;
  }
}
