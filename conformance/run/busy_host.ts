/**
 * Whether this host leaves the suite, or the fuzzer, time to judge by. What is late on a busy host need not be the target's
 * fault, so what fails while our own timers come late is run again, whole and with the same stimuli. What is broken each
 * time is broken.
 */
import type { Clock } from "../../lib/net/clock.ts";

/** Runs of one case. */
export const MAX_RUNS = 3;
/** A timer that comes so late tells of a busy host; the shortest times that cases judge by are not much longer. */
const BUSY_MS = 100;
const TICK_MS = 25;

/** How late timers come. */
export interface Lateness {
  /** Ends it; the worst that was seen. */
  stop(): number;
}

export function watchLateness(clock: Clock): Lateness {
  let dueMs = clock.nowMs() + TICK_MS;
  let worstMs = 0;
  const look = () => {
    worstMs = Math.max(worstMs, clock.nowMs() - dueMs);
    dueMs = clock.nowMs() + TICK_MS;
  };
  const timer = setInterval(look, TICK_MS);
  return {
    stop() {
      clearInterval(timer);
      look();
      return worstMs;
    },
  };
}

/**
 * The last attempt: the first that is not broken, or was broken on a calm host. The `note` that an attempt gets says why
 * there is another one.
 */
export async function againWhileBusy<Attempt>(
  attempt: (note?: string) => Promise<Attempt>,
  isBroken: (made: Attempt) => boolean,
  watch: () => Lateness,
): Promise<Attempt> {
  let note: string | undefined;
  for (let runs = 1;; runs++) {
    const lateness = watch();
    let lateMs = 0;
    const made = await attempt(note).finally(() => lateMs = Math.round(lateness.stop()));
    if (runs === MAX_RUNS || lateMs < BUSY_MS || !isBroken(made)) return made;
    note = `run ${runs + 1}: the one before was broken on a busy host, where timers came up to ${lateMs} ms late`;
  }
}
