/** Feeds a parser that wants whole records from bytes that come in pieces, and holds only what is not whole yet. */
import { ByteWindow } from "../capture/byte_window.ts";
import type { MemoryBudget } from "../network/memory_budget.ts";

/**
 * Reads what is whole in `bytes[start..end)` and answers where the first record begins that is not; an answer beyond `end`
 * passes over bytes that have not come yet. It must not call the `Pieces` that calls it.
 */
export type Consume = (bytes: Uint8Array, start: number, end: number) => number;

export class Pieces {
  readonly #consume: Consume;
  readonly #budget: MemoryBudget;
  readonly #window = new ByteWindow();
  #paidBytes = 0;

  constructor(consume: Consume, budget: MemoryBudget) {
    this.#consume = consume;
    this.#budget = budget;
  }

  /** Bytes held of a record that is not whole. */
  get heldBytes(): number {
    return this.#window.length;
  }

  /** Takes a piece, borrowed for the call. False, with all that was held forgotten, when there is no memory for it. */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    const window = this.#window;
    if (window.length > 0) return this.#hold(bytes, start, end) && this.#read();
    const first = Math.min(end, start + window.skipping);
    if (window.skipping > 0) window.append(bytes, start, first);
    if (first === end) return true;
    const next = this.#consume(bytes, first, end);
    if (next > end) window.skip(next - end);
    return next >= end || this.#hold(bytes, next, end);
  }

  /** Forgets what is held. */
  clear(): void {
    this.#window.clear();
    this.#budget.give(this.#paidBytes);
    this.#paidBytes = 0;
  }

  #read(): boolean {
    const window = this.#window;
    const next = this.#consume(window.bytes, window.start, window.end);
    const passed = next - window.start;
    if (passed < window.length) {
      window.skip(passed);
      return true;
    }
    const beyond = passed - window.length;
    this.clear();
    window.skip(beyond);
    return true;
  }

  #hold(bytes: Uint8Array, start: number, end: number): boolean {
    const before = this.#window.capacity;
    this.#window.append(bytes, start, end);
    const more = this.#window.capacity - before;
    if (this.#budget.take(more)) {
      this.#paidBytes += more;
      return true;
    }
    this.clear();
    return false;
  }
}
