/** One stream's sequence numbers on both sides of a bridge: each side counts on its own. SPEC ARC-BRIDGE-rtcp. */
import { nearest } from "../base/serial.ts";

/** Withheld packets that are remembered: what comes late is placed among them. */
const MAX_WITHHELD = 64;

/** {@link SequenceMap.forward} and {@link SequenceMap.back} for a number that the other side does not have. */
export const NO_SEQUENCE = -1;

/**
 * Numbers of the side that sends to those of the side that receives, and back. A number that is lost on the way in stays
 * a gap on the way out; one that the bridge keeps for itself does not, or the receiver would ask for it again and again.
 *
 * Nothing is allocated after construction.
 */
export class SequenceMap {
  /** Added to an index that nothing was withheld before. */
  #offset: number;
  #begun = false;
  /** Highest index that came, counted through its cycles; what comes late at the beginning may be below 0. */
  #highest = 0;
  /** Indexes that were withheld, ascending, the last {@link MAX_WITHHELD} of them; a ring. */
  readonly #withheld = new Float64Array(MAX_WITHHELD);
  #withheldCount = 0;
  /** Withheld before anything went on: they move no numbers. */
  #withheldAtFirst = 0;

  /** `offset` is what the receiving side's numbers are ahead. */
  constructor(offset: number) {
    this.#offset = offset;
  }

  /** Packets that were withheld so far. */
  get withheldCount(): number {
    return this.#withheldCount + this.#withheldAtFirst;
  }

  /** The receiver's number for a packet that came; {@link NO_SEQUENCE} when it was withheld, or is too old to tell. */
  forward(sequence16: number): number {
    if (!this.#begun) this.#begin(sequence16);
    const index = nearest(sequence16, this.#highest, 16);
    if (index > this.#highest) this.#highest = index;
    const before = this.#withheldBefore(index);
    return before < 0 ? NO_SEQUENCE : (index + this.#offset - before) & 0xffff;
  }

  /**
   * The packet does not go on, and leaves no gap: the numbers behind it move up. False for a late one, which has left
   * its gap already.
   */
  withhold(sequence16: number): boolean {
    if (!this.#begun) {
      // Nobody has seen a number yet that the next one could leave a gap to.
      this.#withheldAtFirst++;
      return true;
    }
    const index = nearest(sequence16, this.#highest, 16);
    if (index <= this.#highest) return false;
    this.#highest = index;
    this.#withheld[this.#withheldCount++ % MAX_WITHHELD] = index;
    return true;
  }

  /** The sender's number for one of the receiver's; {@link NO_SEQUENCE} for one that no packet went out with. */
  back(sequence16: number): number {
    if (!this.#begun) return (sequence16 - this.#offset) & 0xffff;
    const ahead = this.#aheadAt(sequence16);
    return ahead === undefined ? NO_SEQUENCE : (sequence16 - ahead) & 0xffff;
  }

  /** The same for a number with its cycles in the high 16 bits, as reports have it: never refused. */
  backExtended(sequence32: number): number {
    const ahead = !this.#begun ? undefined : this.#aheadAt(sequence32 & 0xffff);
    return (sequence32 - (ahead ?? this.#offset - this.#withheldCount)) >>> 0;
  }

  /** Both sides count their cycles from 0 at their first packet, so that its index is below 2^16 on both. */
  #begin(index: number): void {
    const out = index + this.#offset;
    this.#offset += (out & 0xffff) - out;
    this.#highest = index;
    this.#begun = true;
  }

  /** How many were withheld before `index`; -1 when it is one of them, or older than what is remembered. */
  #withheldBefore(index: number): number {
    for (let count = this.#withheldCount; count > 0; count--) {
      if (count <= this.#withheldCount - MAX_WITHHELD) return -1;
      const withheld = this.#withheld[(count - 1) % MAX_WITHHELD];
      if (withheld === index) return -1;
      if (withheld < index) return count;
    }
    return 0;
  }

  /** What the receiver's number is ahead of the sender's; undefined for a number that no packet went out with. */
  #aheadAt(sequence16: number): number | undefined {
    const highestOut = this.#highest + this.#offset - this.#withheldCount;
    const out = nearest(sequence16, highestOut, 16);
    if (out > highestOut) return undefined;
    for (let count = this.#withheldCount; count >= 0; count--) {
      if (count > 0 && count <= this.#withheldCount - MAX_WITHHELD) return undefined;
      const index = out - this.#offset + count;
      if (count === 0 || this.#withheld[(count - 1) % MAX_WITHHELD] < index) return this.#offset - count;
    }
  }
}
