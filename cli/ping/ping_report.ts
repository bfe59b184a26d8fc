/** The outcome of a run, whatever it is shown as. */
import type { NoiseFloor } from "../../lib/net/probe_floor.ts";
import type { ProbeConnection } from "../../lib/net/probe_connection.ts";
import type { ProbeTarget } from "../../lib/net/probe_target.ts";
import type { DifferenceVerdict, PairedDifference } from "../../lib/probe/comparison.ts";
import type { BudgetRow } from "../../lib/probe/latency_budget.ts";
import type { ProbeSummary } from "../../lib/probe/probe_report.ts";
import type { ProbeRun } from "../../lib/probe/probe_run.ts";
import type { SloVerdict } from "../../lib/probe/slo.ts";
import type { ExitName } from "../exit_codes.ts";

/** A target that answers, with what is known of it. */
export interface Pinged {
  readonly target: ProbeTarget;
  readonly connection: ProbeConnection;
  readonly run: ProbeRun;
  /** Undefined where it was not to be measured. */
  readonly floor: NoiseFloor | undefined;
}

export interface TargetReport {
  readonly pinged: Pinged;
  readonly summary: ProbeSummary;
  /** Asked as fast as it answered: delays from a planned time mean nothing. */
  readonly isFlood: boolean;
  /** Probes that were passed over because this process was held up for too long. */
  readonly skipped: number;
  readonly reconnects: number;
  readonly slo: readonly SloVerdict[];
  /** Empty unless it was asked for. */
  readonly budget: readonly BudgetRow[];
}

/** One way against the first. */
export interface ComparisonReport {
  readonly name: string;
  readonly reference: string;
  readonly difference: PairedDifference | undefined;
  readonly verdict: DifferenceVerdict;
  /** Differences up to this are not claimed; 0 where it was not measured. */
  readonly noiseMs: number;
}

/** A target that no way led to. */
export interface UnreachableReport {
  readonly name: string;
  readonly why: string;
}

export interface PingReport {
  readonly targets: readonly TargetReport[];
  readonly unreachable: readonly UnreachableReport[];
  readonly comparisons: readonly ComparisonReport[];
  readonly elapsedMs: number;
  readonly wasInterrupted: boolean;
}

/** What the run means for whoever started it: what is worst counts, an interruption only where all was well. */
export function exitOf({ targets, unreachable, wasInterrupted }: PingReport): ExitName {
  const isSilent = ({ summary }: TargetReport) => summary.counters.answered === 0 && summary.lost > 0;
  if (unreachable.length > 0 || targets.some(isSilent)) return "unreachable";
  if (targets.some(({ slo }) => slo.some(({ verdict }) => verdict !== "met"))) return "sloMissed";
  if (targets.some(({ summary }) => (summary.claims?.findings.length ?? 0) > 0)) return "finding";
  return wasInterrupted ? "interrupted" : "ok";
}

/** The delay below which nothing is claimed of a target, ms; 0 where it was not measured. */
export function floorMs({ floor }: Pinged): number {
  return floor?.fromSent.medianMs ?? 0;
}
