/** Prints a call as it goes: sentences for people, or with `--json` one JSON object per line and nothing else. */
import { envelope, jsonLine } from "../ui/envelope.ts";
import type { Io } from "../ui/io.ts";
import { painter } from "../ui/style.ts";
import type { CallEvent } from "./call_events.ts";
import { LiveLine } from "./live_line.ts";

export interface PrinterOptions {
  readonly json: boolean;
  /** Details are shown too. */
  readonly details: boolean;
  /** The command whose schema the JSON names. */
  readonly command: string;
}

export class CallPrinter {
  readonly #io: Io;
  readonly #options: PrinterOptions;
  readonly #live: LiveLine;
  readonly #paint: ReturnType<typeof painter>;

  constructor(io: Io, options: PrinterOptions) {
    this.#io = io;
    this.#options = options;
    this.#live = new LiveLine(io, !options.json);
    this.#paint = painter(io, "stderr");
  }

  /** `unixMs` goes into the JSON. */
  event({ json, text, level }: CallEvent, unixMs: number): void {
    this.#live.clear();
    if (this.#options.json) {
      return this.#io.stdout(jsonLine(envelope(this.#options.command, { ...json, unix_ms: unixMs })));
    }
    if (level === "warning") this.#io.stderr(`${this.#paint("yellow", "warning:")} ${text}\n`);
    else if (level === "plain" || this.#options.details) this.#io.stdout(`${text}\n`);
  }

  /** The last word. */
  summary(json: { readonly event: string }, text: string): void {
    this.#live.clear();
    this.#io.stdout(this.#options.json ? jsonLine(envelope(this.#options.command, json)) : text);
  }

  live(text: string): void {
    this.#live.show(text);
  }
}
