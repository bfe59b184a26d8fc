/** How far the run is, on standard error: a line that is written over on a terminal, else each case that counts. */
import type { CaseResult } from "../../conformance/results.ts";
import { countsAgainst } from "../../conformance/verdict.ts";
import type { Io } from "../ui/io.ts";

const TERMINAL_EVERY_MS = 100;

export class SuiteProgress {
  readonly #io: Io;
  readonly #strict: boolean;
  readonly #now: () => number;
  #saidMs = -Infinity;
  #columns = 0;
  #against = 0;

  constructor(io: Io, strict: boolean, now: () => number) {
    this.#io = io;
    this.#strict = strict;
    this.#now = now;
  }

  took({ id, verdict, known }: CaseResult, done: number, all: number): void {
    const isAgainst = !known && countsAgainst(verdict, this.#strict);
    if (isAgainst) this.#against++;
    if (!this.#io.stderrIsTerminal) {
      if (isAgainst) this.#io.stderr(`${done}/${all} ${verdict} ${id}\n`);
      return;
    }
    const nowMs = this.#now();
    if (nowMs - this.#saidMs < TERMINAL_EVERY_MS && done < all) return;
    this.#saidMs = nowMs;
    const text = `${done}/${all}  ${this.#against} against it  ${id}`.slice(0, this.#io.columns - 1);
    this.#io.stderr(`\r${text.padEnd(this.#columns)}`);
    this.#columns = Math.max(this.#columns, text.length);
  }

  /** Takes the line off the terminal again. */
  clear(): void {
    if (this.#columns > 0) this.#io.stderr(`\r${" ".repeat(this.#columns)}\r`);
    this.#columns = 0;
  }
}
