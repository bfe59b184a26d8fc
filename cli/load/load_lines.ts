/** A load run as lines for programs: JSON with its envelope, or CSV. Times are ms, delays with all their digits. */
import type { GeneratorFigures } from "../../lib/load/generator_limits.ts";
import { sessionsOf } from "../../lib/load/load_plan.ts";
import type { LoadFigures } from "../../lib/load/load_run.ts";
import { EXIT } from "../exit_codes.ts";
import { LiveLine } from "../peer/live_line.ts";
import { delaysJson, tidy, tidyOrNull } from "../ui/delay_json.ts";
import { envelope, jsonLine } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { sloJson } from "../ui/slo_line.ts";
import { painter } from "../ui/style.ts";
import type { LoadCommandPlan } from "./load_command_plan.ts";
import { momentText, progressText, summaryText } from "./load_text.ts";
import type { LoadMoment, LoadOutcome, LoadView } from "./load_view.ts";

export class JsonView implements LoadView {
  readonly #io: Io;
  readonly #isQuiet: boolean;
  readonly #live: LiveLine;
  #wanted = 0;
  #durationMs = 0;

  constructor(io: Io, isQuiet: boolean) {
    this.#io = io;
    this.#isQuiet = isQuiet;
    this.#live = new LiveLine(io, !isQuiet);
  }

  start({ target, load, slo }: LoadCommandPlan, label: string): void {
    this.#wanted = sessionsOf(load);
    this.#durationMs = load.durationMs;
    if (this.#isQuiet) return;
    this.#write({
      event: "start",
      target: target.name,
      kind: label,
      sources: load.sources,
      fan_out: load.fanOut,
      sessions: sessionsOf(load),
      pps_per_source: tidy(1000 / load.intervalMs),
      packet_bytes: load.packetBytes,
      mix: load.mix.parts,
      ramp_ms: load.rampMs,
      duration_ms: load.durationMs,
      slo: slo.map(({ text }) => text),
    });
  }

  opened(sessions: number): void {
    this.#live.show(progressText(sessions, this.#wanted));
  }

  interval(moment: LoadMoment): void {
    this.#live.clear();
    if (this.#isQuiet) return;
    const { interval, activeSources, fromMs, untilMs } = moment;
    this.#write({
      event: "interval",
      from_ms: tidy(fromMs),
      until_ms: tidy(untilMs),
      sources: activeSources,
      sent: interval.sent,
      received: interval.received,
      sent_bytes: interval.sentBytes,
      latency: delaysJson(interval.delays.summary()),
    });
    this.#live.show(momentText(moment, this.#durationMs));
  }

  end({ report, slo, troubles, exit }: LoadOutcome): void {
    this.#live.clear();
    const { run, generator, limits, openingMs, sendingMs, targetDrops, wasInterrupted } = report;
    this.#write({
      event: "summary",
      opening_ms: tidy(openingMs),
      sending_ms: tidy(sendingMs),
      interrupted: wasInterrupted,
      exit,
      exit_code: EXIT[exit],
      total: figuresJson(run.total),
      classes: run.classes.map((figures, priority) => ({ priority, ...figuresJson(figures) })),
      jitter_ms: tidyOrNull(run.total.jitterMs),
      strays: run.strays,
      target_drops: targetDrops ?? null,
      troubles,
      generator: { ...generatorJson(generator), was_limit: limits.length > 0, limits },
      ...(slo.length === 0 ? {} : {
        slo: slo.map(sloJson),
      }),
    });
  }

  #write(body: object): void {
    this.#io.stdout(jsonLine(envelope("load", body)));
  }
}

const COLUMNS = [
  "from_ms",
  "until_ms",
  "sources",
  ...[0, 1, 2, 3].map((priority) => `sent_pr${priority}`),
  ...[0, 1, 2, 3].map((priority) => `received_pr${priority}`),
  "sent_bytes",
  "p50_ms",
  "p99_ms",
  "max_ms",
];

export class CsvView implements LoadView {
  readonly #io: Io;
  readonly #live: LiveLine;
  #plan: LoadCommandPlan | undefined;

  constructor(io: Io) {
    this.#io = io;
    this.#live = new LiveLine(io, true);
  }

  start(plan: LoadCommandPlan, _label: string): void {
    this.#plan = plan;
    this.#io.stdout(`${COLUMNS.join(",")}\n`);
  }

  opened(sessions: number): void {
    if (this.#plan !== undefined) this.#live.show(progressText(sessions, sessionsOf(this.#plan.load)));
  }

  interval(moment: LoadMoment): void {
    this.#live.clear();
    const { interval, activeSources, fromMs, untilMs } = moment;
    const { sent, received, sentBytes, delays } = interval;
    const cells = [
      fromMs.toFixed(3),
      untilMs.toFixed(3),
      activeSources,
      ...sent,
      ...received,
      sentBytes,
      // Too few for a percentile: empty.
      ...[delays.percentile(50).ms, delays.percentile(99).ms, delays.summary()?.maxMs].map((ms) =>
        ms?.toFixed(6) ?? ""
      ),
    ];
    this.#io.stdout(`${cells.join(",")}\n`);
    if (this.#plan !== undefined) this.#live.show(momentText(moment, this.#plan.load.durationMs));
  }

  end(outcome: LoadOutcome): void {
    this.#live.clear();
    this.#io.stderr(summaryText(outcome, painter(this.#io, "stderr")));
  }
}

function figuresJson(figures: LoadFigures): object {
  const { sent, sentBytes, received, duplicates, reordered, tooOld } = figures.counts;
  return {
    sent,
    sent_bytes: sentBytes,
    received,
    lost: figures.lost,
    loss_ratio: figures.ratio("loss") ?? null,
    duplicates,
    reordered,
    too_old: tooOld,
    latency: delaysJson(figures.fromSent.summary()),
    from_due: delaysJson(figures.fromPlanned.summary()),
  };
}

function generatorJson({ own, sendLateness, skipped, cpuShare, sinkDrops, sendErrors }: GeneratorFigures): object {
  return {
    send_lateness: delaysJson(sendLateness),
    own_latency: delaysJson(own),
    skipped,
    cpu_share: tidyOrNull(cpuShare),
    sink_drops: sinkDrops ?? null,
    send_errors: sendErrors,
  };
}
