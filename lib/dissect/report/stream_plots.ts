/** The series of a capture's streams, as many as a report can show: a few packets make room for many. */
import type { StreamStats } from "../analysis/stream_stats.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { StreamSeries } from "./stream_series.ts";
import type { TimeGridLimits } from "./time_grid.ts";

export const MAX_PLOTTED_STREAMS = 32;
/** A stream with fewer packets than this makes room for a new one. */
const FEW_PACKETS = 16;

export class StreamPlots {
  readonly #series = new Map<StreamStats, StreamSeries>();
  readonly #limits: TimeGridLimits | undefined;

  constructor(limits?: TimeGridLimits) {
    this.#limits = limits;
  }

  /** In the order in which they appeared. */
  get series(): readonly StreamSeries[] {
    return [...this.#series.values()];
  }

  /** Takes a packet of a stream whose statistics have taken it. */
  handle(unit: UnitModel, stats: StreamStats, clockHz: number | undefined): void {
    let series = this.#series.get(stats);
    if (series === undefined) {
      if (!this.#makeRoom()) return;
      series = new StreamSeries(stats, unit.timeS, this.#limits);
      this.#series.set(stats, series);
    }
    series.handle(unit, clockHz);
  }

  #makeRoom(): boolean {
    if (this.#series.size < MAX_PLOTTED_STREAMS) return true;
    for (const stats of this.#series.keys()) {
      if (stats.packets < FEW_PACKETS) return this.#series.delete(stats);
    }
    return false;
  }
}
