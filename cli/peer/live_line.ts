import type { Io } from "../ui/io.ts";

const CLEAR_LINE = "\r\x1b[K";

/**
 * One line at the bottom of a terminal that is written over and over, on standard error. Where there is no terminal it
 * does nothing: logs and pipes get no escape codes.
 */
export class LiveLine {
  readonly #io: Io;
  readonly #isOn: boolean;
  #isShown = false;

  constructor(io: Io, isWanted: boolean) {
    this.#io = io;
    this.#isOn = isWanted && io.stderrIsTerminal;
  }

  show(text: string): void {
    if (!this.#isOn) return;
    // The last column stays free: some terminals wrap on it.
    this.#io.stderr(CLEAR_LINE + text.slice(0, this.#io.columns - 1));
    this.#isShown = true;
  }

  /** Makes room for other lines; the next `show` brings it back. */
  clear(): void {
    if (this.#isShown) this.#io.stderr(CLEAR_LINE);
    this.#isShown = false;
  }
}
