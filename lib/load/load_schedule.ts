/**
 * When each source sends: in turn, each once in every interval, so that the whole load is spread evenly.
 *
 * ```
 * source   0    1    2    3    0    1    2    3    0 ...
 *          |----|----|----|----|----|----|----|----|---> time
 *          '---- interval -----'
 * ```
 *
 * The schedule is open: it goes on whether or not anything arrives. What is late is sent late, and counted from when it
 * was due; only what a stall of our own has made very late is passed over, and counted as such.
 */

export interface LoadScheduleOptions {
  readonly startMs: number;
  readonly sources: number;
  /** From one packet of a source to its next. */
  readonly intervalMs: number;
  /** Sources begin one after the other over so long; 0: all at once. */
  readonly rampMs: number;
  readonly durationMs: number;
}

/** After a stall older packets are passed over: catching up must not be a burst that nobody asked for. */
const MOST_LATE_MS = 100;

export class LoadSchedule {
  /** Packets that a stall of our own kept from being sent. */
  skipped = 0;
  readonly #options: LoadScheduleOptions;
  readonly #stepMs: number;
  /** Counts places in time, also those of sources that have not begun. */
  #turn = 0;

  constructor(options: LoadScheduleOptions) {
    this.#options = options;
    this.#stepMs = options.intervalMs / options.sources;
    this.#passOverWaiting();
  }

  /** Whose turn it is. */
  get source(): number {
    return this.#turn % this.#options.sources;
  }

  /** How often its turn has come before, those that it was not in yet included. */
  get round(): number {
    return Math.floor(this.#turn / this.#options.sources);
  }

  /** When the packet at hand is due; Infinity after the last. Multiplied, not summed: rounding does not grow. */
  get dueMs(): number {
    const offsetMs = this.#turn * this.#stepMs;
    return offsetMs < this.#options.durationMs ? this.#options.startMs + offsetMs : Infinity;
  }

  /** The packet at hand is sent. */
  advance(): void {
    this.#turn++;
    this.#passOverWaiting();
  }

  /** Passes over what has become too late. */
  catchUp(nowMs: number): void {
    while (this.dueMs < nowMs - MOST_LATE_MS) {
      this.skipped++;
      this.advance();
    }
  }

  /** Sources that have begun at `nowMs`. */
  activeSources(nowMs: number): number {
    const { sources, rampMs, startMs } = this.#options;
    if (rampMs === 0) return sources;
    return Math.min(sources, Math.max(1, Math.ceil((sources * (nowMs - startMs)) / rampMs)));
  }

  #passOverWaiting(): void {
    for (let dueMs = this.dueMs; dueMs < Infinity && this.source >= this.activeSources(dueMs); dueMs = this.dueMs) {
      this.#turn++;
    }
  }
}
