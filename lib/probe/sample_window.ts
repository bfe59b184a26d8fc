/** The probes of one target that may still be answered: which came back, when, and in which order. Constant memory. */

/** What became of a probe so far. */
const PENDING = 1;
/** Its deadline has passed; an answer that comes now is late. */
const TIMED_OUT = 2;
const ANSWERED = 3;
/** The peer has said that it will not answer. */
const REFUSED = 4;
/** It never left: there was no connection. */
const UNSENT = 5;

/** One probe's facts; times in monotonic ms. */
export interface Sample {
  readonly sequence: number;
  readonly round: number;
  readonly plannedMs: number;
  readonly sentMs: number;
  /** What the heartbeat said, Unix ms. */
  readonly timestampMs: number;
  /** 16 hexadecimal digits. */
  readonly challenge: string;
}

/** How an answer fits: `unknown` where no such probe is remembered, `repeated` where it has been answered before. */
export type AnswerFit =
  | { readonly kind: "first"; readonly sample: Sample; readonly isLate: boolean; readonly isReordered: boolean }
  | { readonly kind: "repeated"; readonly sample: Sample }
  | { readonly kind: "unknown" };

/** Probes by sequence number, which counts up by one; the newest `capacity` are remembered. */
export class SampleWindow {
  readonly capacity: number;
  readonly #waitMs: number;
  readonly #samples: (Sample | undefined)[];
  readonly #states: Uint8Array;
  /** 1 where the question is known to have arrived. */
  readonly #arrived: Uint8Array;
  /** Sequence number of the next probe. People count from 1. */
  #next = 1;
  /** No probe below this one is pending. */
  #oldest = 1;
  #pending = 0;
  /** The highest sequence number that has been answered. */
  #highestAnswered = 0;

  constructor(waitMs: number, capacity = 4096) {
    this.#waitMs = waitMs;
    this.capacity = capacity;
    this.#samples = new Array<Sample | undefined>(capacity).fill(undefined);
    this.#states = new Uint8Array(capacity);
    this.#arrived = new Uint8Array(capacity);
  }

  /** Probes that may still be answered in time. */
  get pending(): number {
    return this.#pending;
  }

  get nextSequence(): number {
    return this.#next;
  }

  /** Of the highest sequence number that has been answered; undefined when it is not remembered. */
  get highestAnswered(): Sample | undefined {
    return this.find(this.#highestAnswered);
  }

  /** Remembers a probe that goes out or, with `isSent` false, should have. Its number is {@link nextSequence}. */
  add(sample: Sample, isSent: boolean): void {
    if (sample.sequence !== this.#next) throw new Error(`expected probe ${this.#next}, got ${sample.sequence}`);
    const slot = this.#next % this.capacity;
    // More probes in flight than are remembered: the oldest is given up before its time.
    if (this.#states[slot] === PENDING) this.#pending--;
    this.#oldest = Math.max(this.#oldest, this.#next - this.capacity + 1);
    this.#samples[slot] = sample;
    this.#states[slot] = isSent ? PENDING : UNSENT;
    this.#arrived[slot] = 0;
    if (isSent) this.#pending++;
    this.#next++;
  }

  find(sequence: number): Sample | undefined {
    const sample = this.#samples[sequence % this.capacity];
    return sample?.sequence === sequence ? sample : undefined;
  }

  /** The newest of the last `depth` probes that `test` is true for. */
  findLast(depth: number, test: (sample: Sample) => boolean): Sample | undefined {
    const end = Math.max(1, this.#next - Math.min(depth, this.capacity));
    for (let sequence = this.#next - 1; sequence >= end; sequence--) {
      const sample = this.find(sequence);
      if (sample !== undefined && test(sample)) return sample;
    }
    return undefined;
  }

  /** An answer to `sequence` has come. Late is what comes after the deadline, however it was before marked. */
  answer(sequence: number, receivedMs: number): AnswerFit {
    const sample = this.find(sequence);
    if (sample === undefined) return { kind: "unknown" };
    const slot = sequence % this.capacity;
    const state = this.#states[slot];
    if (state === ANSWERED) return { kind: "repeated", sample };
    if (state !== PENDING && state !== TIMED_OUT) return { kind: "unknown" };
    if (state === PENDING) this.#pending--;
    this.#states[slot] = ANSWERED;
    const isReordered = sequence < this.#highestAnswered;
    this.#highestAnswered = Math.max(this.#highestAnswered, sequence);
    return { kind: "first", sample, isLate: receivedMs - sample.sentMs > this.#waitMs, isReordered };
  }

  /** The peer refuses this probe; false where it is not waiting for an answer. */
  refuse(sequence: number): boolean {
    const slot = sequence % this.capacity;
    if (this.find(sequence) === undefined || this.#states[slot] !== PENDING) return false;
    this.#states[slot] = REFUSED;
    this.#pending--;
    return true;
  }

  /** The question has arrived: the first time its sample, then undefined. */
  arrive(sequence: number): Sample | undefined {
    const sample = this.find(sequence);
    const slot = sequence % this.capacity;
    if (sample === undefined || this.#arrived[slot] === 1) return undefined;
    this.#arrived[slot] = 1;
    return sample;
  }

  hasArrived(sequence: number): boolean {
    return this.find(sequence) !== undefined && this.#arrived[sequence % this.capacity] === 1;
  }

  hasTimedOut(sequence: number): boolean {
    return this.find(sequence) !== undefined && this.#states[sequence % this.capacity] === TIMED_OUT;
  }

  isPending(sequence: number): boolean {
    return this.find(sequence) !== undefined && this.#states[sequence % this.capacity] === PENDING;
  }

  /** The next probe whose deadline has passed, marked as such; undefined when there is none. Call until then. */
  expire(nowMs: number): Sample | undefined {
    const sample = this.#oldestPending();
    if (sample === undefined || sample.sentMs + this.#waitMs > nowMs) return undefined;
    this.#states[sample.sequence % this.capacity] = TIMED_OUT;
    this.#pending--;
    return sample;
  }

  /** When the oldest pending probe's deadline is; undefined when none is pending. */
  nextTimeoutMs(): number | undefined {
    const sample = this.#oldestPending();
    return sample === undefined ? undefined : sample.sentMs + this.#waitMs;
  }

  #oldestPending(): Sample | undefined {
    for (; this.#oldest < this.#next; this.#oldest++) {
      const slot = this.#oldest % this.capacity;
      if (this.#states[slot] === PENDING) return this.#samples[slot];
    }
    return undefined;
  }
}
