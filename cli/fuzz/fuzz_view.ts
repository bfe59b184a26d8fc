/** What a run shows: a line that moves on standard error, findings as they come, and the summary. */
import type { Io } from "../ui/io.ts";
import { envelope, jsonLine } from "../ui/envelope.ts";
import { painter } from "../ui/style.ts";
import { textTable } from "../ui/table.ts";
import { LiveLine } from "../peer/live_line.ts";
import { formatDuration } from "../peer/duration.ts";
import type { Finding } from "./finding_files.ts";
import { type FuzzTally, grouped } from "./fuzz_tally.ts";
import type { TargetProgress } from "./worker_protocol.ts";

export interface ViewOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly seed: number;
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
    if (!this.#options.quiet) this.#io.stderr(`fuzzing ${what}, seed ${this.#options.seed}\n`);
  }

  /** Call now and then. */
  tick(nowMs: number, current: string): void {
    const tally = this.#tally;
    const elapsedS = tally.elapsedS(nowMs);
    const text = `${formatDuration(1000 * elapsedS)}  ${grouped(tally.executions)} executions  ` +
      `${grouped(tally.rate)}/s  ${tally.newBehaviours} new  corpus ${tally.corpus}  ` +
      `findings ${tally.findings}  seed ${this.#options.seed}  ${current}`;
    this.#live.show(text);
    if (!this.#options.quiet && !this.#io.stderrIsTerminal && elapsedS - this.#loggedS >= LOG_EVERY_S) {
      this.#loggedS = elapsedS;
      this.#io.stderr(`${text}\n`);
    }
  }

  progress(progress: TargetProgress): void {
    if (this.#options.json) {
      this.#io.stdout(jsonLine(envelope("fuzz", { kind: "progress", ...jsonProgress(progress) })));
    }
  }

  finding(finding: Finding, path: string, bytes: number): void {
    this.#live.clear();
    if (this.#options.json) {
      const { case: units, target, oracle, message, rule, signature, reproduced } = finding;
      const body = { kind: "finding", target, oracle, message, rule, signature, case: units, bytes, reproduced, path };
      return this.#io.stdout(jsonLine(envelope("fuzz", body)));
    }
    const paint = painter(this.#io, "stdout");
    const rule = finding.rule === undefined ? "" : ` (${finding.rule})`;
    this.#io.stdout(
      `${paint("red", `finding: ${finding.target}: ${finding.oracle}`)}${rule}\n  ${finding.message}\n` +
        `  ${bytes} bytes, failed ${finding.reproduced.failed} of ${finding.reproduced.tried}; ` +
        `again: arcrtc fuzz replay ${path}\n`,
    );
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
    const word = tally.findings === 1 ? "1 finding" : `${tally.findings} findings`;
    this.#io.stdout(`${word} in ${formatDuration(1000 * elapsedS)}, seed ${this.#options.seed}\n`);
  }
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
