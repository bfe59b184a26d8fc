/** A run as people read it: a line for each probe, then the summary. */
import type { NoiseFloor } from "../../lib/net/probe_floor.ts";
import type { ProbeEvent } from "../../lib/probe/probe_report.ts";
import type { Io } from "../ui/io.ts";
import { painter } from "../ui/style.ts";
import { formatClaim, formatDelay, formatSpan } from "./ping_figures.ts";
import type { PingPlan } from "./ping_plan.ts";
import { floorMs, type Pinged, type PingReport, type UnreachableReport } from "./ping_report.ts";
import type { PingView } from "./ping_view.ts";
import { findingLine, summaryText } from "./summary_text.ts";

/** Sending that is later than this after its time is worth a word, ms. */
const NOTABLE_LATENESS_MS = 1;

export interface TextViewOptions {
  readonly isQuiet: boolean;
  readonly wantsHistogram: boolean;
}

export class TextView implements PingView {
  readonly #io: Io;
  readonly #options: TextViewOptions;
  readonly #paint: ReturnType<typeof painter>;

  constructor(io: Io, options: TextViewOptions) {
    this.#io = io;
    this.#options = options;
    this.#paint = painter(io, "stdout");
  }

  unreachable({ name, why }: UnreachableReport): void {
    this.#line(`${name}  ${this.#paint("red", "unreachable")}: ${why}`);
  }

  start(plan: PingPlan, targets: readonly Pinged[], floors: readonly NoiseFloor[]): void {
    if (this.#options.isQuiet) return;
    for (const pinged of targets) this.#line(startLine(plan, pinged));
    for (const { target, connection } of targets) {
      const { failed, way } = connection.chosen;
      if (failed.length === 0) continue;
      const tried = failed.map(({ label, why }) => `${label} (${why})`).join(", nor ");
      this.#line(`${this.#paint("yellow", `${target.name} does not answer`)} ${tried}: falling back to ${way.label}`);
    }
    for (const floor of floors) this.#line(floorLine(floor));
    this.#line("");
  }

  event(pinged: Pinged, event: ProbeEvent): void {
    if (this.#options.isQuiet) return;
    const line = eventLine(pinged, event);
    const colour = COLOURS[event.kind];
    this.#line(colour === undefined ? line : this.#paint(colour, line));
  }

  end(report: PingReport): void {
    if (!this.#options.isQuiet) this.#line("");
    this.#io.stdout(summaryText(report, {
      columns: this.#io.columns,
      wantsHistogram: this.#options.wantsHistogram,
      paint: this.#paint,
    }));
  }

  #line(text: string): void {
    this.#io.stdout(`${text}\n`);
  }
}

const COLOURS: Readonly<Partial<Record<ProbeEvent["kind"], "yellow" | "red">>> = {
  timeout: "red",
  unsent: "red",
  refused: "red",
  finding: "yellow",
  duplicate: "yellow",
};

function startLine(plan: PingPlan, { target, connection }: Pinged): string {
  const { way, ip } = connection.chosen;
  const what = way.method === "heartbeat" ? `${way.label} of ${plan.sizeBytes} bytes` : way.label;
  const pace = plan.intervalMs === undefined ? "as fast as it is answered" : `every ${formatSpan(plan.intervalMs)}`;
  return `PING ${target.name} (${ip}): ${what}, ${pace}, late after ${formatSpan(plan.waitMs)}`;
}

function floorLine({ kind, fromSent, sendLateness }: NoiseFloor): string {
  const name = kind.format === undefined ? kind.protocol : `${kind.protocol} (${kind.format})`;
  const what = kind.method === "heartbeat" ? name : `${name}, ${kind.method}`;
  const p95 = fromSent.percentiles.find(({ percent }) => percent === 95)?.ms;
  const spread = p95 === undefined ? "" : `, p95 ${formatDelay(p95)} ms`;
  const late = `sends ${formatDelay(sendLateness.medianMs)} ms late`;
  return `self-noise of ${what}: ${formatDelay(fromSent.medianMs)} ms over loopback${spread}; ${late}; ` +
    `less is not claimed`;
}

function eventLine(pinged: Pinged, event: ProbeEvent): string {
  const { name } = pinged.target;
  switch (event.kind) {
    case "answer": {
      const bytes = event.bytes === 0 ? "answer" : `${event.bytes} bytes`;
      const time = formatClaim(event.receivedMs - event.sentMs, floorMs(pinged));
      const lateMs = event.sentMs - event.plannedMs;
      const notes = [
        event.isLate && "late",
        event.isReordered && "reordered",
        lateMs > NOTABLE_LATENESS_MS && `sent ${formatDelay(lateMs)} ms after its time`,
      ].filter((note) => note !== false);
      const note = notes.length > 0 ? `  (${notes.join(", ")})` : "";
      return `${bytes} from ${name}: seq=${event.sequence} time${time.startsWith("<") ? "" : "="}${time} ms${note}`;
    }
    case "duplicate":
      return `${name}: seq=${event.sequence} answered once more`;
    case "timeout":
      return `${name}: seq=${event.sequence} no answer within ${formatSpan(pinged.run.options.waitMs)}`;
    case "unsent":
      return `${name}: seq=${event.sequence} not sent: ${event.why}`;
    case "refused":
      return `${name}: seq=${event.sequence} refused: ${event.code}: ${event.message}`;
    case "finding":
      return `${name}: ${findingLine(event.finding)}`;
  }
}
