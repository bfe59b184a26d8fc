/**
 * Virtual time: a queue of events, run in order of their time. Hours pass in moments, and nothing waits.
 *
 * Events due at the same instant run in the order in which they were scheduled, so that one program has one history.
 */

/** A scheduled event; the handle with which it is cancelled. */
export interface SimEvent {
  readonly atMs: number;
  /** Place in the order of scheduling: breaks ties between events of one instant. */
  readonly order: number;
  /** What runs; undefined once run or cancelled. */
  action: (() => void) | undefined;
}

/** Dead events tolerated in the heap before it is rebuilt without them: a re-armed timer leaves one behind each time. */
const DEAD_ALLOWED = 64;

export class VirtualClock {
  /** A binary heap: the children of slot `i` are slots `2i+1` and `2i+2`, and none is earlier than its parent. */
  #heap: SimEvent[] = [];
  #dead = 0;
  #scheduled = 0;
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  /** The present, in milliseconds; moves only while events run. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events waiting to run. */
  get pending(): number {
    return this.#heap.length - this.#dead;
  }

  /** When the next event is due, if there is one. */
  get nextMs(): number | undefined {
    this.#dropDeadTop();
    return this.#heap.length === 0 ? undefined : this.#heap[0].atMs;
  }

  /**
   * Schedules `action`; a time in the past means now, after everything already due now.
   *
   * @throws RangeError when `atMs` is not a number: such an event would never be in order.
   */
  at(atMs: number, action: () => void): SimEvent {
    if (Number.isNaN(atMs)) throw new RangeError("Cannot schedule an event: its time is NaN");
    const event: SimEvent = { atMs: Math.max(atMs, this.#nowMs), order: this.#scheduled++, action };
    this.#heap.push(event);
    this.#siftUp(this.#heap.length - 1);
    return event;
  }

  /** {@link at}, counted from the present. */
  after(delayMs: number, action: () => void): SimEvent {
    return this.at(this.#nowMs + delayMs, action);
  }

  /** Takes an event out; does nothing when it has run or was cancelled before. */
  cancel(event: SimEvent): void {
    if (event.action === undefined) return;
    event.action = undefined;
    this.#dead++;
    if (this.#dead > DEAD_ALLOWED && this.#dead * 2 > this.#heap.length) this.#rebuild();
  }

  /** Runs the next event and moves the present to it; false when none is left. */
  step(): boolean {
    this.#dropDeadTop();
    const event = this.#pop();
    if (event === undefined) return false;
    const action = event.action;
    event.action = undefined;
    this.#nowMs = event.atMs;
    action?.();
    return true;
  }

  /** Runs every event due up to and including `deadlineMs`, then moves the present there. Returns the events run. */
  runUntil(deadlineMs: number): number {
    let count = 0;
    for (let next = this.nextMs; next !== undefined && next <= deadlineMs; next = this.nextMs) {
      this.step();
      count++;
    }
    this.#nowMs = Math.max(this.#nowMs, deadlineMs);
    return count;
  }

  #dropDeadTop(): void {
    while (this.#heap.length > 0 && this.#heap[0].action === undefined) {
      this.#pop();
      this.#dead--;
    }
  }

  #pop(): SimEvent | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (last === undefined || last === top) return last;
    this.#heap[0] = last;
    this.#siftDown(0);
    return top;
  }

  #rebuild(): void {
    this.#heap = this.#heap.filter((event) => event.action !== undefined);
    this.#dead = 0;
    for (let i = (this.#heap.length >>> 1) - 1; i >= 0; i--) this.#siftDown(i);
  }

  #siftUp(from: number): void {
    const heap = this.#heap;
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >>> 1;
      if (!isBefore(heap[i], heap[parent])) return;
      swap(heap, i, parent);
      i = parent;
    }
  }

  #siftDown(from: number): void {
    const heap = this.#heap;
    let i = from;
    for (;;) {
      let first = i;
      for (let child = 2 * i + 1; child <= 2 * i + 2 && child < heap.length; child++) {
        if (isBefore(heap[child], heap[first])) first = child;
      }
      if (first === i) return;
      swap(heap, i, first);
      i = first;
    }
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function swap(heap: SimEvent[], i: number, j: number): void {
  const held = heap[i];
  heap[i] = heap[j];
  heap[j] = held;
}
