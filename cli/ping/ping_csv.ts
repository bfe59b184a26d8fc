/** A run as CSV: a line for each probe and what became of it. A late answer has a line of its own. */
import type { NoiseFloor } from "../../lib/net/probe_floor.ts";
import type { ProbeEvent } from "../../lib/probe/probe_report.ts";
import type { Io } from "../ui/io.ts";
import { painter } from "../ui/style.ts";
import type { PingPlan } from "./ping_plan.ts";
import type { Pinged, PingReport, UnreachableReport } from "./ping_report.ts";
import type { PingView } from "./ping_view.ts";
import { findingLine, summaryText } from "./summary_text.ts";

const COLUMNS = [
  "target",
  "sequence",
  "outcome",
  "planned_unix_ms",
  "sent_unix_ms",
  "received_unix_ms",
  "rtt_ms",
  "from_planned_ms",
  "late",
  "reordered",
  "bytes",
];

export class CsvView implements PingView {
  readonly #io: Io;
  readonly #wantsHistogram: boolean;

  constructor(io: Io, { wantsHistogram }: { readonly wantsHistogram: boolean }) {
    this.#io = io;
    this.#wantsHistogram = wantsHistogram;
  }

  unreachable({ name, why }: UnreachableReport): void {
    this.#io.stderr(`${name}  unreachable: ${why}\n`);
  }

  start(_plan: PingPlan, _targets: readonly Pinged[], _floors: readonly NoiseFloor[]): void {
    this.#io.stdout(`${COLUMNS.join(",")}\n`);
  }

  event({ target, run }: Pinged, event: ProbeEvent): void {
    if (event.kind === "finding") return this.#io.stderr(`${target.name}: ${findingLine(event.finding)}\n`);
    const cells = cellsOf(event, run.options.unixOffsetMs);
    this.#io.stdout(`${[target.name, event.sequence, event.kind, ...cells].join(",")}\n`);
  }

  end(report: PingReport): void {
    const paint = painter(this.#io, "stderr");
    const style = { columns: this.#io.columns, wantsHistogram: this.#wantsHistogram, paint };
    this.#io.stderr(summaryText(report, style));
  }
}

/** Everything behind the outcome; what there is not is empty. Names of targets are URLs, so nothing needs quotes. */
function cellsOf(event: Exclude<ProbeEvent, { kind: "finding" }>, unixOffsetMs: number): (string | number)[] {
  const unix = (ms: number) => (ms + unixOffsetMs).toFixed(6);
  const flag = (isSo: boolean) => isSo ? 1 : 0;
  switch (event.kind) {
    case "answer": {
      const { plannedMs, sentMs, receivedMs, isLate, isReordered, bytes } = event;
      const delays = [(receivedMs - sentMs).toFixed(6), (receivedMs - plannedMs).toFixed(6)];
      return [unix(plannedMs), unix(sentMs), unix(receivedMs), ...delays, flag(isLate), flag(isReordered), bytes];
    }
    case "duplicate":
      return ["", "", unix(event.receivedMs), "", "", "", "", ""];
    case "timeout":
      return [unix(event.plannedMs), unix(event.sentMs), "", "", "", "", "", ""];
    case "unsent":
      return [unix(event.plannedMs), "", "", "", "", "", "", ""];
    case "refused":
      return ["", "", "", "", "", "", "", ""];
  }
}
