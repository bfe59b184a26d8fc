import type { LoadReport } from "../../lib/net/load_driver.ts";
import type { Troubles } from "../../lib/net/load_target.ts";
import type { LoadInterval } from "../../lib/load/load_run.ts";
import type { SloVerdict } from "../../lib/probe/slo.ts";
import type { ExitName } from "../exit_codes.ts";
import type { LoadCommandPlan } from "./load_command_plan.ts";

/** An interval, with when it began and ended in ms since the sending began. */
export interface LoadMoment {
  readonly interval: LoadInterval;
  readonly activeSources: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface LoadOutcome {
  readonly report: LoadReport;
  readonly slo: readonly SloVerdict[];
  readonly troubles: ReturnType<Troubles["list"]>;
  readonly exit: ExitName;
}

/** How a run is shown. */
export interface LoadView {
  start(plan: LoadCommandPlan, label: string): void;
  opened(sessions: number): void;
  interval(moment: LoadMoment): void;
  end(outcome: LoadOutcome): void;
}
