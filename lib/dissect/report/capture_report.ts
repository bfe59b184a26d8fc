/** All that a report of a capture shows, gathered in one pass and constant memory. */
import { CallLadder } from "../analysis/call_ladder.ts";
import { clockOf } from "../analysis/stream_table.ts";
import { CaptureChecker } from "../check/checker.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { RoundTrips } from "./round_trips.ts";
import { StreamPlots } from "./stream_plots.ts";

export class CaptureReport {
  readonly ladder = new CallLadder();
  readonly plots = new StreamPlots();
  readonly roundTrips = new RoundTrips();
  readonly checker = new CaptureChecker();
  units = 0;
  /** Of the first unit, seconds since 1970. */
  firstUnixS = 0;
  /** Of the last unit, seconds since the first. */
  durationS = 0;

  /** Takes the next unit, whatever it is. */
  handle(unit: UnitModel): void {
    if (this.units === 0) this.firstUnixS = unit.unit.timeS + unit.unit.timeNs / 1e9;
    this.units++;
    this.durationS = Math.max(this.durationS, unit.timeS);
    const stream = this.ladder.handle(unit);
    if (stream !== undefined) this.plots.handle(unit, stream, clockOf(unit));
    this.roundTrips.handle(unit);
    this.checker.handle(unit);
  }

  /** Tells that the capture has ended. */
  end(): void {
    this.checker.end();
  }
}
