/** A run as a picture that is drawn over and over: counts and delays so far, for each target. */
import type { NoiseFloor } from "../../lib/net/probe_floor.ts";
import type { ProbeEvent } from "../../lib/probe/probe_report.ts";
import type { Io } from "../ui/io.ts";
import { histogramLines } from "./histogram_text.ts";
import { formatClaim } from "./ping_figures.ts";
import type { PingPlan } from "./ping_plan.ts";
import { floorMs, type Pinged, type PingReport, type UnreachableReport } from "./ping_report.ts";
import { TextView } from "./ping_text.ts";
import type { PingView } from "./ping_view.ts";

/** More often nobody can read it, and drawing takes time from measuring. */
const REDRAW_MS = 200;

/** A picture that is higher than the terminal could not be drawn over. */
const MOST_PICTURES = 2;

export class LiveView implements PingView {
  readonly #io: Io;
  readonly #nowMs: () => number;
  readonly #text: TextView;
  #targets: readonly Pinged[] = [];
  #drawnLines = 0;
  #drawnMs = -Infinity;

  constructor(io: Io, nowMs: () => number) {
    this.#io = io;
    this.#nowMs = nowMs;
    this.#text = new TextView(io, { isQuiet: false, wantsHistogram: true });
  }

  unreachable(report: UnreachableReport): void {
    this.#text.unreachable(report);
  }

  start(plan: PingPlan, targets: readonly Pinged[], floors: readonly NoiseFloor[]): void {
    this.#text.start(plan, targets, floors);
    this.#targets = targets;
  }

  event(_pinged: Pinged, _event: ProbeEvent): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    const wantsBars = this.#targets.length <= MOST_PICTURES;
    this.#draw(this.#targets.flatMap((pinged) => liveLines(pinged, this.#io.columns, wantsBars)));
  }

  end(report: PingReport): void {
    this.#draw([]);
    this.#text.end(report);
  }

  /** Goes up to where the last picture began, and clears what is below. */
  #draw(lines: readonly string[]): void {
    const up = this.#drawnLines === 0 ? "" : `\x1b[${this.#drawnLines}A`;
    this.#io.stdout(`${up}\x1b[J${lines.map((line) => `${line}\n`).join("")}`);
    this.#drawnLines = lines.length;
  }
}

/** What is shown of a target while it is probed. */
export function liveLines(pinged: Pinged, columns: number, wantsBars: boolean): string[] {
  const { target, run } = pinged;
  const { asked, answered, late } = run.counters;
  const open = run.pending;
  const counts = `${answered} of ${asked}, ${asked - answered - open} lost, ${late} late`;
  const last = run.fromSent.histogram;
  const median = formatClaim(last.percentileMs(50), floorMs(pinged));
  const max = formatClaim(last.count === 0 ? undefined : last.maxMs, floorMs(pinged));
  return [
    `${target.name}  ${counts}  median ${median} ms, max ${max} ms`.slice(0, columns - 1),
    ...(wantsBars ? [...histogramLines(last, columns - 1), ""] : []),
  ];
}
