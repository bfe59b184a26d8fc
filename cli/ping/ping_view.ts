import type { NoiseFloor } from "../../lib/net/probe_floor.ts";
import type { ProbeEvent } from "../../lib/probe/probe_report.ts";
import type { PingPlan } from "./ping_plan.ts";
import type { Pinged, PingReport, UnreachableReport } from "./ping_report.ts";

/** Shows a run: as lines, JSON, CSV or a picture. */
export interface PingView {
  unreachable(report: UnreachableReport): void;
  start(plan: PingPlan, targets: readonly Pinged[], floors: readonly NoiseFloor[]): void;
  event(pinged: Pinged, event: ProbeEvent): void;
  end(report: PingReport): void;
}
