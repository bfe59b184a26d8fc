/** What a run has found: the one model that every report is made of. */
import type { Facet } from "./case.ts";
import type { Measure } from "./measure.ts";
import type { Level } from "./requirements.ts";
import type { TranscriptEntry } from "./transcript.ts";
import type { Verdict } from "./verdict.ts";

/** One thing that was not as it should be. */
export interface BreachRecord {
  /** The check of an ops case, or the line of a dialogue, where there is one. */
  readonly at?: string;
  readonly expected: string;
  readonly got: string;
}

export interface CaseResult {
  readonly id: string;
  readonly area: string;
  readonly title: string;
  readonly needs: Facet;
  readonly level: Level;
  /** Number of the clause of the case's rule. */
  readonly clause: string;
  /** The case's rules; the first is its own. */
  readonly requirements: readonly string[];
  readonly verdict: Verdict;
  /** True where the case is on the list of known failures: it then does not count. */
  readonly known: boolean;
  /** Why it was skipped, is unsupported or went wrong. */
  readonly why?: string;
  readonly breaches: readonly BreachRecord[];
  /** Checks made, of an ops case. */
  readonly checks: number;
  /** What it has measured, of a case that does. */
  readonly measures: readonly Measure[];
  readonly elapsedMs: number;
  /** Makes the same stimuli again, together with the case's id. */
  readonly seed: number;
  readonly transcript: readonly TranscriptEntry[];
}

/** One verdict for each case, for one dialect. */
export interface DialectTable {
  readonly dialect: string;
  /** Where the dialect is from: `given` with `--dialect`, the testee's `hello`, the `capture`, or the `default`. */
  readonly from: "given" | "hello" | "capture" | "default";
  readonly results: readonly CaseResult[];
  readonly counts: Readonly<Record<Verdict, number>>;
}

export interface SuiteResult {
  /** What was tested, one line for each facet that was given. */
  readonly subjects: Readonly<Partial<Record<Facet, string>>>;
  /** Name and version as the testee's `hello` gives them. */
  readonly implementation?: { readonly name: string; readonly version: string };
  readonly seed: number;
  readonly strict: boolean;
  readonly elapsedMs: number;
  readonly tables: readonly DialectTable[];
  readonly stale: readonly { readonly id: string; readonly why: string }[];
  /** True where the run was ended before its last case. */
  readonly interrupted: boolean;
}
