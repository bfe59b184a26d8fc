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
  #startedUnixMs: number | undefined;

  constructor(io: Io, options: PrinterOptions) {
    this.#io = io;
    this.#options = options;
    this.#live = new LiveLine(io, !options.json);
    this.#paint = painter(io, "stderr");
  }

  /** `unixMs` goes into the JSON. */
  event({ json, text, more, rule, level }: CallEvent, unixMs: number): void {
    this.#live.clear();
    this.#startedUnixMs ??= unixMs;
    const elapsedMs = unixMs - this.#startedUnixMs;
    if (this.#options.json) {
      const full = { ...json, ...(rule === undefined ? {} : { rule }), elapsed_ms: elapsedMs, unix_ms: unixMs };
      return this.#io.stdout(jsonLine(envelope(this.#options.command, full)));
    }
    const isStep = this.#options.details && (rule !== undefined || level === "detail");
    const line = isStep ? stepText(more === undefined ? text : `${text}; ${more}`, rule, elapsedMs) : text;
    if (level === "warning") this.#io.stderr(`${this.#paint("yellow", "warning:")} ${line}\n`);
    else if (level === "plain" || this.#options.details) this.#io.stdout(`${line}\n`);
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

/** When, what, by which rule. */
function stepText(text: string, rule: string | undefined, elapsedMs: number): string {
  return `+${(elapsedMs / 1000).toFixed(3)} s  ${text}${rule === undefined ? "" : `  [${rule}]`}`;
}
