/** Units of a tape that have the same name: a message said again, a packet doubled on the way, one that passed twice. */
import { type UnitTape, UNNAMED } from "./unit_tape.ts";

export class UnitCopies {
  readonly #tape: UnitTape;
  readonly #first = new Map<number, number>();
  /** The next unit of the same name; -1 behind the last. */
  readonly #next: Int32Array;

  constructor(tape: UnitTape) {
    this.#tape = tape;
    this.#next = new Int32Array(tape.count).fill(-1);
    for (let i = tape.count - 1; i >= 0; i--) {
      if (tape.keys[i] === UNNAMED) continue;
      this.#next[i] = this.#first.get(tape.keys[i]) ?? -1;
      this.#first.set(tape.keys[i], i);
    }
  }

  /** The first unit of a name; undefined where there is none. */
  first(key: number): number | undefined {
    return this.#first.get(key);
  }

  isFirst(at: number): boolean {
    return this.#tape.keys[at] === UNNAMED || this.#first.get(this.#tape.keys[at]) === at;
  }

  /** Units of the name of `first` in its flow; copies in other flows have passed the place of the capture twice. */
  count(first: number): number {
    const { groups, groupOf } = this.#tape;
    const { flow } = groups[groupOf[first]];
    let count = 0;
    for (let at = first; at >= 0; at = this.#next[at]) if (groups[groupOf[at]].flow === flow) count++;
    return count;
  }
}
