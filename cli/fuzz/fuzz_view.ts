/** What a run shows: a line that moves on standard error, findings as they come, and the summary. */
import type { Io } from "../ui/io.ts";
import { envelope, jsonLine } from "../ui/envelope.ts";
import { painter } from "../ui/style.ts";
import { textTable } from "../ui/table.ts";
import { LiveLine } from "../peer/live_line.ts";
import { formatDuration } from "../peer/duration.ts";
import { disputeText } from "./dispute_text.ts";
import type { Finding } from "./finding_files.ts";
import { type FuzzTally, grouped } from "./fuzz_tally.ts";
import type { Side, Sides } from "./remote/remote_target.ts";
import type { TargetProgress } from "./worker_protocol.ts";

export interface ViewOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly seed: number;
  /** Where two programs are held against each other. */
  readonly sides?: Sides;
}

/** Without a terminal a line now and then shows that something goes on. */
const LOG_EVERY_S = 15;

export class FuzzView {
  readonly #io: Io;
  readonly #options: ViewOptions;
  readonly #live: LiveLine;
  readonly #tally: FuzzTally;
  #loggedS = 0;

  constructor(io: Io, options: ViewOptions, tally: FuzzTally) {
    this.#io = io;
    this.#options = options;
    this.#tally = tally;
    this.#live = new LiveLine(io, !options.quiet);
  }

  start(what: string): void {
    const { json, quiet, seed, sides } = this.#options;
    if (json && sides !== undefined) {
      const [a, b] = [jsonSide(sides.a), jsonSide(sides.b)];
      this.#io.stdout(jsonLine(envelope("fuzz", { kind: "sides", a, b })));
    }
    if (quiet) return;
    this.#io.stderr(`fuzzing ${what}, seed ${seed}\n`);
    if (sides === undefined) return;
    for (const [name, side] of [["A", sides.a], ["B", sides.b]] as const) {
      this.#io.stderr(`${name} is ${side.title}: ${side.command}\n`);
      if (side.onlyOps.length > 0) this.#io.stderr(`  only ${name} has, so not asked: ${side.onlyOps.join(" ")}\n`);
    }
  }

  /** Call now and then. */
  tick(nowMs: number, current: string): void {
    const tally = this.#tally;
    const elapsedS = tally.elapsedS(nowMs);
    const text = `${formatDuration(1000 * elapsedS)}  ${grouped(tally.executions)} executions  ` +
      `${grouped(tally.rate)}/s  ${tally.newBehaviours} new  corpus ${tally.corpus}  ` +
      `findings ${tally.findings}  seed ${this.#options.seed}  ${current}${this.#titles()}`;
    this.#live.show(text);
    if (!this.#options.quiet && !this.#io.stderrIsTerminal && elapsedS - this.#loggedS >= LOG_EVERY_S) {
      this.#loggedS = elapsedS;
      this.#io.stderr(`${text}\n`);
    }
  }

  /** Of two programs. */
  #titles(): string {
    const { sides } = this.#options;
    return sides === undefined ? "" : `  A ${sides.a.title}, B ${sides.b.title}`;
  }

  progress(progress: TargetProgress): void {
    if (this.#options.json) {
      this.#io.stdout(jsonLine(envelope("fuzz", { kind: "progress", ...jsonProgress(progress) })));
    }
  }

  finding(finding: Finding, path: string, bytes: number): void {
    this.#live.clear();
    if (this.#options.json) {
      const { case: units, target, oracle, message, rule, signature, reproduced, dispute } = finding;
      const found = { target, oracle, message, rule, signature, case: units, bytes, reproduced, dispute, path };
      return this.#io.stdout(jsonLine(envelope("fuzz", { kind: "finding", ...found })));
    }
    const paint = painter(this.#io, "stdout");
    const clause = finding.dispute?.clause;
    const rule = finding.rule ?? (clause === undefined ? undefined : `clause ${clause}`);
    this.#io.stdout(
      `${paint("red", `finding: ${finding.target}: ${finding.oracle}`)}${rule === undefined ? "" : ` (${rule})`}\n` +
        `  ${finding.message}\n${disputeText(finding.dispute)}` +
        `  ${bytes} bytes, failed ${finding.reproduced.failed} of ${finding.reproduced.tried}; ` +
        `again: arcrtc fuzz replay ${path}\n`,
    );
  }

  #onlyAnswers<T>(show: (counts: { readonly a: number; readonly b: number }) => T): T | undefined {
    const { sides } = this.#options;
    return sides === undefined ? undefined : show({ a: sides.a.onlyAnswers, b: sides.b.onlyAnswers });
  }

  note(text: string): void {
    this.#live.clear();
    if (!this.#options.quiet) this.#io.stderr(`${text}\n`);
  }

  end(nowMs: number, stopped: boolean): void {
    this.#live.clear();
    const tally = this.#tally;
    const elapsedS = tally.elapsedS(nowMs);
    if (this.#options.json) {
      this.#io.stdout(jsonLine(envelope("fuzz", {
        kind: "summary",
        seed: this.#options.seed,
        seconds: Number(elapsedS.toFixed(1)),
        executions: tally.executions,
        per_second: Math.round(tally.rate),
        new_behaviours: tally.newBehaviours,
        corpus: tally.corpus,
        findings: tally.findings,
        interrupted: stopped,
        ...this.#onlyAnswers(({ a, b }) => ({ only_a: a, only_b: b })),
        targets: [...tally.targets.values()].map(jsonProgress),
      })));
      return;
    }
    const rows = [...tally.targets.values()].map((progress) => [
      progress.name,
      grouped(progress.executions),
      grouped(ratePerS(progress)),
      `${progress.newBehaviours}`,
      `${progress.corpus}`,
    ]);
    const total = ["all", grouped(tally.executions), grouped(tally.rate), `${tally.newBehaviours}`, `${tally.corpus}`];
    this.#io.stdout(textTable([["target", "executions", "a second", "new", "corpus"], ...rows, total], [
      "left",
      "right",
      "right",
      "right",
      "right",
    ]));
    const onlyAnswers = this.#onlyAnswers(({ a, b }) => `questions that only A could answer: ${a}, only B: ${b}\n`);
    this.#io.stdout(onlyAnswers ?? "");
    const word = tally.findings === 1 ? "1 finding" : `${tally.findings} findings`;
    this.#io.stdout(`${word} in ${formatDuration(1000 * elapsedS)}, seed ${this.#options.seed}\n`);
  }
}

function jsonSide({ command, title, onlyOps }: Side) {
  return { command, title, only_ops: onlyOps };
}

function ratePerS({ executions, busyMs }: TargetProgress): number {
  return busyMs === 0 ? 0 : executions / busyMs * 1000;
}

function jsonProgress(progress: TargetProgress) {
  return {
    target: progress.name,
    executions: progress.executions,
    per_second: Math.round(ratePerS(progress)),
    new_behaviours: progress.newBehaviours,
    corpus: progress.corpus,
    covered: progress.coveredBytes,
    busy_seconds: Number((progress.busyMs / 1000).toFixed(2)),
  };
}
