/**
 * Runs cases that may never end, in a process: a thread in a loop without end is not stopped by `Worker.terminate()`, and
 * would keep a core busy until we end ourselves. A process can be killed.
 */
import { writeCase } from "../../lib/fuzz/case_text.ts";
import type { CaseOutcome, Failure, FuzzCase, Oracle } from "../../lib/fuzz/target.ts";
import type { CaseOrder, CaseReport } from "./answer_cases.ts";
import { startChild } from "./child_process.ts";
import { type LineProcess, type OutputLine, said } from "./line_process.ts";
import { within } from "./within.ts";

/** Until a fresh process has loaded the targets. */
const LOAD_MS = 60_000;
const MAX_STARTS = 2;

export class CaseProcess {
  readonly #target: string;
  readonly #start: () => LineProcess;
  #process: LineProcess | undefined;

  /** `start` is a knob for tests. */
  constructor(target: string, start = () => startChild("cases")) {
    this.#target = target;
    this.#start = start;
  }

  /**
   * How the case went. One that takes longer than `limitMs` hangs and one that ends the process is a crash; the next case
   * then has a process of its own.
   *
   * @throws Error where the process does not come so far that it could run a case.
   */
  async run(units: FuzzCase, limitMs: number): Promise<CaseOutcome> {
    const process = this.#process ?? await this.#ready();
    const order: CaseOrder = { target: this.#target, case: writeCase(units) };
    const answer = await within(process.ask(JSON.stringify(order)), limitMs);
    if (answer?.kind === "line") return JSON.parse(answer.text) as CaseOutcome;
    await this.stop();
    const failure = answer === undefined ? hangFailure(this.#target, limitMs) : crashFailure(this.#target, answer);
    return { kind: "failed", failure };
  }

  /** A process that is waiting for cases: the clock of a case begins afterwards. */
  async #ready(): Promise<LineProcess> {
    let answer: OutputLine | undefined;
    // A terminal's Ctrl-C is for us, but ends a child that does not listen for it yet: it is started once more.
    for (let starts = 0; starts < MAX_STARTS; starts++) {
      const process = this.#process = this.#start();
      answer = await within(process.next(), LOAD_MS);
      if (answer?.kind === "line" && (JSON.parse(answer.text) as CaseReport).kind === "ready") return process;
      await this.stop();
    }
    throw new Error(`the process that runs cases did not start: ${answer === undefined ? "it hangs" : said(answer)}`);
  }

  /** Answers when the process is gone. */
  async stop(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.kill();
  }
}

export function hangFailure(target: string, limitMs: number): Failure {
  return failureOf(target, "hang", `a case did not end within ${limitMs / 1000} s`);
}

function crashFailure(target: string, answer: OutputLine): Failure {
  return failureOf(target, "crash", `the process that ran the case ended: ${said(answer)}`);
}

function failureOf(target: string, oracle: Oracle, message: string): Failure {
  return { oracle, message, signature: `${target} ${oracle}` };
}
