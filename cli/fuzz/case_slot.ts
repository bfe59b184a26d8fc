/**
 * The case that a worker is running, in memory that both threads see: a worker that never comes back cannot say what it
 * was doing, so it writes it down before.
 */
import type { FuzzCase } from "../../lib/fuzz/target.ts";

/** Header words: how many cases were begun, what is going on, whether to stop, target, units. Lengths follow. */
const BEGUN = 0;
const IS_RUNNING = 1;
const STOP = 2;
const TARGET = 3;
const UNITS = 4;
const LENGTHS = 8;
const MAX_UNITS = 1024;
const MAX_BYTES = 1_048_576;

export class CaseSlot {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory = new SharedArrayBuffer(4 * (LENGTHS + MAX_UNITS) + MAX_BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, LENGTHS + MAX_UNITS);
    this.#bytes = new Uint8Array(memory, 4 * (LENGTHS + MAX_UNITS));
  }

  /** Cases begun, modulo 2^32. */
  get begun(): number {
    return Atomics.load(this.#words, BEGUN);
  }

  get isRunning(): boolean {
    return Atomics.load(this.#words, IS_RUNNING) === 1;
  }

  get target(): number {
    return Atomics.load(this.#words, TARGET);
  }

  get mustStop(): boolean {
    return Atomics.load(this.#words, STOP) === 1;
  }

  stop(): void {
    Atomics.store(this.#words, STOP, 1);
  }

  /** Writes down what is about to run; a case beyond the slot's room is cut. */
  begin(target: number, units: FuzzCase): void {
    const words = this.#words;
    let at = 0;
    const count = Math.min(units.length, MAX_UNITS);
    for (let i = 0; i < count; i++) {
      const unit = units[i];
      const length = Math.min(unit.length, MAX_BYTES - at);
      if (length === unit.length) this.#bytes.set(unit, at);
      else this.#bytes.set(unit.subarray(0, length), at);
      words[LENGTHS + i] = length;
      at += length;
    }
    words[UNITS] = count;
    words[TARGET] = target;
    words[IS_RUNNING] = 1;
    Atomics.add(words, BEGUN, 1);
  }

  /** Between batches. */
  idle(): void {
    Atomics.store(this.#words, IS_RUNNING, 0);
  }

  /** The case that was begun last. */
  read(): FuzzCase {
    let at = 0;
    return Array.from({ length: this.#words[UNITS] }, (_, i) => {
      const unit = this.#bytes.slice(at, at + this.#words[LENGTHS + i]);
      at += unit.length;
      return unit;
    });
  }
}

const LOOK_MS = 250;

/** Calls `onHang` once, with the target and the case that has run for longer than `hangMs`. Answers what ends the watch. */
export function watchSlot(
  slot: CaseSlot,
  hangMs: number,
  onHang: (target: number, units: FuzzCase) => void,
): () => void {
  let begun = -1;
  let movedMs = performance.now();
  const look = () => {
    const nowMs = performance.now();
    if (slot.begun !== begun || !slot.isRunning) {
      begun = slot.begun;
      movedMs = nowMs;
    } else if (nowMs - movedMs > hangMs) {
      stop();
      onHang(slot.target, slot.read());
    }
  };
  const timer = setInterval(look, LOOK_MS);
  const stop = () => clearInterval(timer);
  return stop;
}
