/**
 * How long a program that was started may take until it speaks for the first time. On a busy host that says nothing of how
 * soon it answers, for which `--timeout` is. A program that has ended is not waited for.
 */
export const START_MS = 30_000;

/** Starts in a row after which it is no matter of time that nobody speaks. */
const MAX_IN_VAIN = 3;

/** The waits for the programs of one command, started one for each case: those that never speak hold a run up only at first. */
export class StartWait {
  #inVain = 0;

  /** The wait for the program that is started now. */
  nextMs(patienceMs: number): number {
    return this.#inVain < MAX_IN_VAIN ? Math.max(START_MS, patienceMs) : patienceMs;
  }

  /** What came of a start. */
  ended(hasSpoken: boolean): void {
    this.#inVain = hasSpoken ? 0 : this.#inVain + 1;
  }
}
