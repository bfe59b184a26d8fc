/** How far a long file has been read, on standard error: a line that is written over on a terminal, else now and then one. */
import type { Io } from "../ui/io.ts";

/** Short files say nothing. */
const SILENT_MS = 1000;
const TERMINAL_EVERY_MS = 200;
const LOG_EVERY_MS = 10_000;
const BYTES_PER_MB = 1_000_000;

export class Progress {
  readonly #io: Io;
  readonly #sizeBytes: number | undefined;
  readonly #everyMs: number;
  readonly #now: () => number;
  readonly #startMs: number;
  #saidMs: number;
  #columns = 0;

  constructor(io: Io, sizeBytes: number | undefined, now: () => number = () => performance.now()) {
    this.#io = io;
    this.#sizeBytes = sizeBytes;
    this.#everyMs = io.stderrIsTerminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS;
    this.#now = now;
    this.#startMs = now();
    this.#saidMs = this.#startMs + SILENT_MS - this.#everyMs;
  }

  /** Takes how much has been read; says so when it is time. */
  at(bytes: number, packets: number): void {
    const nowMs = this.#now();
    if (nowMs - this.#saidMs < this.#everyMs) return;
    this.#saidMs = nowMs;
    const share = this.#sizeBytes === undefined
      ? ""
      : `${Math.floor((100 * bytes) / Math.max(1, this.#sizeBytes))} %  `;
    const rate = bytes / BYTES_PER_MB / Math.max(0.001, (nowMs - this.#startMs) / 1000);
    const text = `${share}${Math.floor(bytes / BYTES_PER_MB)} MB  ${packets} packets  ${rate.toFixed(0)} MB/s`;
    if (!this.#io.stderrIsTerminal) return this.#io.stderr(`dump: ${text}\n`);
    this.#io.stderr(`\r${text.padEnd(this.#columns)}`);
    this.#columns = Math.max(this.#columns, text.length);
  }

  /** Takes the line off the terminal again. */
  clear(): void {
    if (this.#columns > 0) this.#io.stderr(`\r${" ".repeat(this.#columns)}\r`);
    this.#columns = 0;
  }
}
