/** Waiting for a point in time more exactly than timers do, which are late by 1.2 ms at the median. */
import { setImmediate } from "node:timers";

/** The last stretch is waited out turn by turn of the event loop, so that what arrives meanwhile is still handled. */
const LAST_STRETCH_MS = 2;

/** Less is not worth a timer. */
const SHORTEST_SLEEP_MS = 0.5;

/** Timers take 31 bits. */
const LONGEST_MS = 0x7fff_ffff;

export class PreciseTimer {
  readonly #nowMs: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  #resume: () => void = () => {};
  #isWoken = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * Resolves at `dueMs` or at {@link wake}, and not before the event loop has had a turn. One at a time. Before
   * `quietUntilMs` the processor is left to others: to a peer on the same machine, while it works on its answer.
   */
  async until(dueMs: number, quietUntilMs = -Infinity): Promise<void> {
    this.#isWoken = false;
    let hasYielded = false;
    const sleepUntilMs = Math.min(dueMs, Math.max(quietUntilMs, dueMs - LAST_STRETCH_MS));
    while (!this.#isWoken && sleepUntilMs - this.#nowMs() > SHORTEST_SLEEP_MS) {
      this.#arm(sleepUntilMs);
      await new Promise<void>((resolve) => this.#resume = resolve);
      hasYielded = true;
    }
    while (!hasYielded || (!this.#isWoken && this.#nowMs() < dueMs)) {
      await turn();
      hasYielded = true;
    }
  }

  /** Ends the wait that is under way. */
  wake(): void {
    this.#isWoken = true;
    this.#resume();
  }

  /** Ends the timer; nothing may wait any more. */
  close(): void {
    clearTimeout(this.#timer);
  }

  /** One timer serves many waits: making one for each would cost more than a loopback round trip takes. */
  #arm(atMs: number): void {
    if (this.#timerAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Infinity;
      this.#resume();
    }, Math.max(0, Math.min(LONGEST_MS, Math.floor(atMs - this.#nowMs()))));
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
