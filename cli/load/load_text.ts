/** A load run as people read it: a line for each interval, then a table of classes, and whether we were the limit. */
import type { GeneratorFigures, GeneratorLimit } from "../../lib/load/generator_limits.ts";
import { sessionsOf } from "../../lib/load/load_plan.ts";
import type { LoadFigures } from "../../lib/load/load_run.ts";
import type { DelayStatistics } from "../../lib/probe/delay_statistics.ts";
import type { SloVerdict } from "../../lib/probe/slo.ts";
import { formatDuration } from "../peer/duration.ts";
import { formatBitrate } from "../peer/figures_text.ts";
import { LiveLine } from "../peer/live_line.ts";
import { formatDelay, plural } from "../ping/ping_figures.ts";
import type { Io } from "../ui/io.ts";
import { sloLine } from "../ui/slo_line.ts";
import { painter } from "../ui/style.ts";
import { textTable } from "../ui/table.ts";
import type { LoadCommandPlan } from "./load_command_plan.ts";
import type { LoadMoment, LoadOutcome, LoadView } from "./load_view.ts";

type Paint = ReturnType<typeof painter>;

const PERCENTS = [50, 90, 99, 99.9] as const;

export class TextView implements LoadView {
  readonly #io: Io;
  readonly #isQuiet: boolean;
  readonly #live: LiveLine;
  readonly #paint: Paint;
  #wanted = 0;
  #hasHead = false;

  constructor(io: Io, isQuiet: boolean) {
    this.#io = io;
    this.#isQuiet = isQuiet;
    this.#live = new LiveLine(io, !isQuiet);
    this.#paint = painter(io, "stdout");
  }

  start(plan: LoadCommandPlan, label: string): void {
    this.#wanted = sessionsOf(plan.load);
    if (!this.#isQuiet) this.#io.stdout(`${startText(plan, label)}\n`);
  }

  opened(sessions: number): void {
    this.#live.show(progressText(sessions, this.#wanted));
  }

  interval({ interval, activeSources, untilMs, fromMs }: LoadMoment): void {
    this.#live.clear();
    if (this.#isQuiet) return;
    if (!this.#hasHead) this.#io.stdout(INTERVAL_HEAD);
    this.#hasHead = true;
    const { sent, received, sentBytes, delays } = interval;
    const bps = (8000 * sentBytes) / (untilMs - fromMs);
    const cells = [
      `${(untilMs / 1000).toFixed(1)} s`,
      activeSources,
      total(sent),
      total(received),
      formatBitrate(bps),
      ...[50, 99].map((percent) => cell(delays.percentile(percent).ms)),
      cell(delays.summary()?.maxMs),
    ];
    this.#io.stdout(`${cells.map((text, i) => String(text).padStart(INTERVAL_WIDTHS[i])).join("")}\n`);
  }

  end(outcome: LoadOutcome): void {
    this.#live.clear();
    if (!this.#isQuiet) this.#io.stdout("\n");
    this.#io.stdout(summaryText(outcome, this.#paint));
  }
}

const INTERVAL_WIDTHS = [8, 9, 10, 10, 15, 9, 9, 9];
const INTERVAL_HEAD = `${
  ["time", "sources", "sent", "received", "rate", "p50 ms", "p99 ms", "max ms"]
    .map((text, i) => text.padStart(INTERVAL_WIDTHS[i])).join("")
}\n`;

export function progressText(opened: number, wanted: number): string {
  return `opening sessions: ${opened} of ${wanted}`;
}

/** An interval in a few words, for the line at the bottom of a terminal. */
export function momentText({ interval, untilMs }: LoadMoment, durationMs: number): string {
  const { sent, received, delays } = interval;
  return `${(untilMs / 1000).toFixed(0)} of ${(durationMs / 1000).toFixed(0)} s: ${total(sent)} sent, ` +
    `${total(received)} received, p99 ${cell(delays.percentile(99).ms)} ms`;
}

function startText({ target, load }: LoadCommandPlan, label: string): string {
  const { sources, fanOut, intervalMs, packetBytes, rampMs, durationMs } = load;
  const sessions = sessionsOf(load);
  const pps = 1000 / intervalMs;
  const receivers = fanOut === 1 ? "" : ` with ${fanOut} receivers each`;
  const ramp = rampMs === 0 ? "" : `, of it ${formatDuration(rampMs)} ramp`;
  return `LOAD ${target.name}, ${label}: ${plural(sources, "source")}${receivers}, ${plural(sessions, "session")}; ` +
    `${round(pps)} packets/s of ${packetBytes} bytes each, ${round(pps * sessions)}/s in all ` +
    `(${formatBitrate(pps * sessions * packetBytes * 8)}); ${formatDuration(durationMs)}${ramp}`;
}

export function summaryText({ report, slo, troubles }: LoadOutcome, paint: Paint): string {
  const { run, openingMs, sendingMs, generator, limits } = report;
  const lines = [
    `opened in ${formatDuration(openingMs)}, sent for ${formatDuration(sendingMs)}: ` +
    `${round(run.total.counts.received / (sendingMs / 1000))} packets/s arrived`,
    ...classTable(run.classes, run.total),
  ];
  if (run.strays > 0) lines.push(`${plural(run.strays, "packet")} came that this run had not sent`);
  if ((report.targetDrops ?? 0) > 0) {
    lines.push(
      `${report.targetDrops} of the lost were dropped by the system in front of the other side, which did not read in time`,
    );
  }
  for (const { words, count } of troubles) lines.push(paint("yellow", `${count} x ${words}`));
  lines.push(generatorLine(generator, limits, paint), ...slo.map((verdict: SloVerdict) => sloLine(verdict, paint)));
  return lines.map((line) => `${line}\n`).join("");
}

function classTable(classes: readonly LoadFigures[], all: LoadFigures): string[] {
  const head = ["", "sent", "lost", "%", "twice", "reordered", ...PERCENTS.map((p) => `p${p} ms`), "max ms"];
  const used = classes.map((figures, priority) => ({ name: `PR ${priority}`, figures }))
    .filter(({ figures }) => figures.counts.sent > 0);
  const row = (name: string, figures: LoadFigures) => {
    const { counts, lost, fromSent } = figures;
    const share = figures.ratio("loss");
    return [
      name,
      String(counts.sent),
      String(lost),
      share === undefined ? "-" : (100 * share).toFixed(3),
      String(counts.duplicates),
      String(counts.reordered),
      ...delayCells(fromSent),
    ];
  };
  const rows = used.map(({ name, figures }) => row(name, figures));
  if (used.length > 1) rows.push(row("all", all));
  rows.push(["since due", "", "", "", "", "", ...delayCells(all.fromPlanned)]);
  return textTable([head, ...rows], ["left", ...head.slice(1).map(() => "right" as const)]).trimEnd().split("\n");
}

function delayCells(delays: DelayStatistics): string[] {
  return [...PERCENTS.map((percent) => cell(delays.percentile(percent).ms)), cell(delays.summary()?.maxMs)];
}

/** Where there are too few for a percentile it is not claimed. */
function cell(ms: number | undefined): string {
  return ms === undefined ? "-" : formatDelay(ms);
}

/** What the generator itself had to do with the figures. */
function generatorLine(generator: GeneratorFigures, limits: readonly GeneratorLimit[], paint: Paint): string {
  if (limits.length > 0) {
    const words = limits.map((limit) => limit.words).join("; ");
    return paint("red", `this generator was the limit: ${words}`) +
      "\nwhat is measured says that the other side is at least as good, not how good it is";
  }
  const { own, sendLateness, cpuShare, sinkDrops } = generator;
  const p99 = (delays: typeof own) => delays?.percentiles.find(({ percent }) => percent === 99)?.ms ?? delays?.maxMs;
  const facts = [
    `sends ${cell(p99(sendLateness))} ms late at p99`,
    `a packet from here straight to here takes ${cell(own?.medianMs)} ms, p99 ${cell(p99(own))}`,
    ...(cpuShare === undefined ? [] : [`${(100 * cpuShare).toFixed(0)} % of a processor`]),
    sinkDrops === undefined ? "the system does not say what it drops here" : "nothing dropped here",
  ];
  return `this generator was not the limit: ${facts.join(", ")}`;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function round(value: number): string {
  return String(value < 10 ? Number(value.toFixed(1)) : Math.round(value));
}
