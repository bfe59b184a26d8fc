/** Which of the last indexes were played: tells a duplicate from a packet that came too late. */

const SPAN = 1024;

/** A bitmap over the last 1024 indexes. Older ones count as not played. */
export class PlayedIndexes {
  readonly #words = new Uint32Array(SPAN / 32);
  /** One past the highest index taken note of. */
  #end = NaN;

  /** Notes `index`, above all before it, as played; those skipped on the way as not. */
  add(index: number): void {
    this.#skipTo(index);
    this.#words[(index % SPAN) >>> 5] |= 1 << (index & 31);
    this.#end = index + 1;
  }

  has(index: number): boolean {
    if (!(index < this.#end && index >= this.#end - SPAN)) return false;
    return ((this.#words[(index % SPAN) >>> 5] >>> (index % 32)) & 1) === 1;
  }

  #skipTo(index: number): void {
    const from = Number.isNaN(this.#end) ? index - SPAN + 1 : Math.max(this.#end, index - SPAN + 1);
    for (let i = from; i <= index; i++) {
      const bit = ((i % SPAN) + SPAN) % SPAN;
      this.#words[bit >>> 5] &= ~(1 << (bit & 31));
    }
  }
}
