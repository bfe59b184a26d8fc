/**
 * When each probe is due. A fixed schedule does not wait for answers, so what a stalled path would have delayed is
 * still asked for at its time, and counted from then (no coordinated omission); a flood follows the answers.
 */
import { below, type Rng } from "../base/rng.ts";

/** One probe to come. */
export interface ProbeSlot {
  /** Counts from 0; every target is probed once a round. */
  readonly round: number;
  /** Index of the target. */
  readonly target: number;
  readonly plannedMs: number;
}

/** Gives the slots out one by one. Times are those of the `nowMs` of the calls. */
export interface Pacer {
  /** True where the times are fixed beforehand: only then does a delay from the planned time mean something. */
  readonly isFixed: boolean;
  /** The next slot, due or not yet; undefined at the end of the run. The same until {@link take}. */
  peek(nowMs: number): ProbeSlot | undefined;
  /** The slot that {@link peek} showed has been used. */
  take(nowMs: number): void;
  /** A target has answered: what follows answers may go on. */
  answered(target: number, nowMs: number): void;
  /** Slots that were passed over because this process was late for too many, by target. */
  readonly skipped: readonly number[];
}

export interface ScheduleOptions {
  readonly startMs: number;
  readonly targets: number;
  /** Rounds, that is probes for each target. Left out: until the duration is over, or without end. */
  readonly count?: number | undefined;
  readonly durationMs?: number | undefined;
}

export interface FixedOptions extends ScheduleOptions {
  /** Between two probes of one target. Those of several targets are spread over it. */
  readonly intervalMs: number;
  /** Draws a new order of the targets for each round, so that none always comes first. */
  readonly shuffle?: Rng;
}

/** Rounds that are sent late, all at once, after a stall; older ones are skipped: waking up must not flood anybody. */
const MAX_ROUNDS_LATE = 64;

export class FixedSchedule implements Pacer {
  readonly isFixed = true;
  readonly skipped: number[];
  readonly #options: FixedOptions;
  readonly #order: number[];
  #shuffledRound = -1;
  #round = 0;
  /** Place within the round. */
  #place = 0;

  constructor(options: FixedOptions) {
    this.#options = options;
    this.skipped = new Array<number>(options.targets).fill(0);
    this.#order = Array.from({ length: options.targets }, (_, i) => i);
  }

  peek(nowMs: number): ProbeSlot | undefined {
    this.#skipTo(nowMs);
    if (this.#isOver()) return undefined;
    return { round: this.#round, target: this.#orderOfRound()[this.#place], plannedMs: this.#plannedMs() };
  }

  take(_nowMs: number): void {
    if (++this.#place < this.#options.targets) return;
    this.#place = 0;
    this.#round++;
  }

  answered(_target: number, _nowMs: number): void {}

  /** Multiplied, not summed: the thousandth probe is due exactly 999 intervals after the first. */
  #plannedMs(): number {
    const { startMs, intervalMs, targets } = this.#options;
    return startMs + this.#round * intervalMs + (this.#place * intervalMs) / targets;
  }

  #isOver(): boolean {
    const { count = Infinity, durationMs = Infinity, startMs } = this.#options;
    return this.#round >= count || this.#plannedMs() - startMs >= durationMs;
  }

  #skipTo(nowMs: number): void {
    const { startMs, intervalMs, count = Infinity, targets } = this.#options;
    const due = Math.floor((nowMs - startMs) / intervalMs);
    if (due - this.#round <= MAX_ROUNDS_LATE) return;
    const oldest = Math.min(due - MAX_ROUNDS_LATE, count);
    for (let place = 0; place < targets; place++) {
      // Those of the round under way that have been sent are not among the skipped.
      const isSent = place < this.#place;
      this.skipped[this.#orderOfRound()[place]] += oldest - this.#round - (isSent ? 1 : 0);
    }
    this.#round = oldest;
    this.#place = 0;
  }

  #orderOfRound(): readonly number[] {
    const { shuffle } = this.#options;
    if (shuffle !== undefined && this.#shuffledRound !== this.#round) {
      this.#shuffledRound = this.#round;
      for (let i = this.#order.length - 1; i > 0; i--) {
        const j = below(shuffle, i + 1);
        [this.#order[i], this.#order[j]] = [this.#order[j], this.#order[i]];
      }
    }
    return this.#order;
  }
}

export interface FloodOptions extends ScheduleOptions {
  /** Never two probes of one target closer than this: the bound of the flood. */
  readonly minGapMs: number;
}

/** Without an answer a flood goes on after this long. */
const UNANSWERED_GAP_MS = 10;

/** Each target gets its next probe as soon as it has answered, or {@link UNANSWERED_GAP_MS} after the last. */
export class FloodSchedule implements Pacer {
  readonly isFixed = false;
  readonly skipped: number[];
  readonly #options: FloodOptions;
  readonly #rounds: number[];
  readonly #lastMs: number[];
  readonly #dueMs: number[];

  constructor(options: FloodOptions) {
    this.#options = options;
    this.skipped = new Array<number>(options.targets).fill(0);
    this.#rounds = new Array<number>(options.targets).fill(0);
    this.#lastMs = new Array<number>(options.targets).fill(-Infinity);
    this.#dueMs = new Array<number>(options.targets).fill(options.startMs);
  }

  peek(_nowMs: number): ProbeSlot | undefined {
    const { count = Infinity, durationMs = Infinity, startMs, targets } = this.#options;
    let target = -1;
    for (let i = 0; i < targets; i++) {
      if (this.#rounds[i] >= count || this.#dueMs[i] - startMs >= durationMs) continue;
      if (target < 0 || this.#dueMs[i] < this.#dueMs[target]) target = i;
    }
    return target < 0 ? undefined : { round: this.#rounds[target], target, plannedMs: this.#dueMs[target] };
  }

  take(nowMs: number): void {
    const slot = this.peek(nowMs);
    if (slot === undefined) return;
    this.#rounds[slot.target]++;
    this.#lastMs[slot.target] = nowMs;
    this.#dueMs[slot.target] = nowMs + Math.max(UNANSWERED_GAP_MS, this.#options.minGapMs);
  }

  answered(target: number, nowMs: number): void {
    const nextMs = Math.max(nowMs, this.#lastMs[target] + this.#options.minGapMs);
    this.#dueMs[target] = Math.min(this.#dueMs[target], nextMs);
  }
}
