/** What came out of one case, before it becomes a result. */
import { type Measure, overruns } from "../measure.ts";
import type { Level } from "../requirements.ts";
import type { BreachRecord } from "../results.ts";
import { type Verdict, verdictOfBreach } from "../verdict.ts";

export interface Outcome {
  readonly verdict: Verdict;
  readonly why?: string;
  readonly breaches: readonly BreachRecord[];
  readonly checks: number;
  readonly measures?: readonly Measure[];
}

const NOTHING = { breaches: [], checks: 0 };

export function passed(checks = 0): Outcome {
  return { verdict: "pass", breaches: [], checks };
}

/** Nothing was wrong but what took too long. */
export function measured(level: Level, measures: readonly Measure[], checks = 0): Outcome {
  const breaches = overruns(measures);
  return { ...(breaches.length > 0 ? broken(level, breaches, checks) : passed(checks)), measures };
}

export function broken(level: Level, breaches: readonly BreachRecord[], checks = 0): Outcome {
  return { verdict: verdictOfBreach(level), breaches, checks };
}

/** Whatever a rule's level, a testee that cannot be tested fails. */
export function failed(breach: BreachRecord, checks = 0): Outcome {
  return { verdict: "fail", breaches: [breach], checks };
}

/** What is no fault of a MUST or SHOULD may be as it is. */
export function isBroken({ verdict }: Outcome): boolean {
  return verdict === "fail" || verdict === "weak";
}

export function unsupported(why: string): Outcome {
  return { ...NOTHING, verdict: "unsupported", why };
}

export function skipped(why: string): Outcome {
  return { ...NOTHING, verdict: "skipped", why };
}

export function suiteError(error: unknown): Outcome {
  const why = error instanceof Error ? error.stack ?? error.message : String(error);
  return { ...NOTHING, verdict: "error", why };
}
