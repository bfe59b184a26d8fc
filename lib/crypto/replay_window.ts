/**
 * Refuses a packet that was seen before, or that is too old to tell.
 */

/** The window's default size in packets. SPEC ARC-SRTP-replay-window. */
export const DEFAULT_WINDOW_PACKETS = 64;
export const MAX_WINDOW_PACKETS = 4096;

/**
 * A bitmap over packet indexes that slides with the highest one. For a window of 8:
 *
 * ```
 *         below: too old        |<--------- window ---------->|     above: new
 *   index  ... 33   34   35   36   37   38   39   40   41   42   43   44   45   46 ...
 *   seen    ?    ?    ?    ?  |  1    1    0    1    1    0    1    1 |  0    0    0
 *                                          ^              ^         ^
 *                                       late, still welcome      highest
 *
 *   commit(45)                               |<--------- window ---------->|
 *   seen                              ?    ? |  1    1    0    1    1    0    0    1 |
 * ```
 *
 * Asking and marking are two calls because of what must happen between them: **check, authenticate, commit**.
 *
 * - Check comes before authentication, since a replay is free for an attacker and should cost us next to nothing.
 * - Commit comes after it. An index is taken from bytes that anyone can write; a window that moved on a forged index
 *   would shut out the real packets behind it, one forged packet being enough.
 *
 * The bits sit in a ring: `#slot` is the place of the highest index, older ones lie behind it. Nothing is allocated
 * after construction.
 *
 * SPEC ARC-SRTP-replay-window, ARC-SRTP-replay-window-size, ARC-SRTP-commit-after-auth; RFC 3711 §3.3.2.
 */
export class ReplayWindow {
  readonly sizePackets: number;
  readonly #bits: Uint32Array;
  #highest = -1;
  #slot = 0;

  /** @throws RangeError unless `sizePackets` is a multiple of 64 from 64 to 4096; it cannot be 0 (off). */
  constructor(sizePackets = DEFAULT_WINDOW_PACKETS) {
    if (!(sizePackets >= 64 && sizePackets <= MAX_WINDOW_PACKETS && sizePackets % 64 === 0)) {
      throw new RangeError(`Cannot make replay window: need a multiple of 64 from 64 to 4096, got ${sizePackets}`);
    }
    this.sizePackets = sizePackets;
    this.#bits = new Uint32Array(sizePackets / 32);
  }

  /** The highest committed index, -1 before the first. */
  get highestIndex(): number {
    return this.#highest;
  }

  /** True when `index` is new: above the highest, or inside the window and not marked. Changes nothing. */
  check(index: number): boolean {
    if (index > this.#highest) return true;
    const behind = this.#highest - index;
    if (behind >= this.sizePackets || index < 0) return false;
    const slot = this.#slotBehind(behind);
    return (this.#bits[slot >>> 5] & (1 << (slot & 31))) === 0;
  }

  /** Marks an index that {@link check} let pass and that has since been authenticated; slides when it is the highest. */
  commit(index: number): void {
    const ahead = index - this.#highest;
    if (ahead > 0) {
      this.#slide(ahead);
      this.#highest = index;
    } else if (-ahead >= this.sizePackets) {
      return;
    }
    const slot = ahead > 0 ? this.#slot : this.#slotBehind(-ahead);
    this.#bits[slot >>> 5] |= 1 << (slot & 31);
  }

  #slotBehind(behind: number): number {
    const slot = this.#slot - behind;
    return slot < 0 ? slot + this.sizePackets : slot;
  }

  #slide(ahead: number): void {
    if (ahead >= this.sizePackets) {
      this.#bits.fill(0);
      this.#slot = 0;
      return;
    }
    for (let left = ahead; left > 0; left--) {
      this.#slot = this.#slot + 1 === this.sizePackets ? 0 : this.#slot + 1;
      this.#bits[this.#slot >>> 5] &= ~(1 << (this.#slot & 31));
    }
  }
}
