/** A program that speaks the testee interface: one JSON object a line in, one out. */
import { Breach } from "../../../lib/fuzz/target.ts";
import { CliError } from "../../ui/cli_error.ts";
import { LineProcess } from "../line_process.ts";
import { within } from "../within.ts";
import { residentBytes } from "./drift.ts";

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export class TesteeProcess {
  readonly #command: string;
  readonly #timeoutMs: number;
  #process: LineProcess | undefined;

  constructor(command: string, timeoutMs: number) {
    this.#command = command;
    this.#timeoutMs = timeoutMs;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** What the program holds in memory; undefined where it does not run or the system does not tell. */
  get residentBytes(): number | undefined {
    return this.#process === undefined ? undefined : residentBytes(this.#process.pid);
  }

  /**
   * One line in, one line out.
   *
   * @throws Breach when it ends or does not answer in time; it is started again by the next call.
   */
  async ask(line: string): Promise<string> {
    const process = this.#process ??= this.#start();
    const answer = await within(process.ask(line), this.#timeoutMs);
    switch (answer?.kind) {
      case "line":
        return answer.text;
      case "too_long":
        throw new Breach("memory", `an answer is longer than ${MAX_ANSWER_BYTES} bytes`);
      case "ended":
        this.#process = undefined;
        throw new Breach("crash", endedText(answer.how));
      case undefined:
        await this.stop();
        throw new Breach("hang", `no answer within ${this.#timeoutMs / 1000} s`);
    }
  }

  #start(): LineProcess {
    const [shell, flag] = Deno.build.os === "windows" ? ["cmd", "/c"] : ["sh", "-c"];
    // exec: the program itself is then what is ended, not a shell before it.
    const line = Deno.build.os === "windows" ? this.#command : `exec ${this.#command}`;
    try {
      return new LineProcess([shell, flag, line], MAX_ANSWER_BYTES);
    } catch (error) {
      throw new CliError(
        "unreachable",
        `cannot start '${this.#command}': ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  async stop(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.kill();
  }
}

function endedText(how: string | undefined): string {
  return how === undefined ? "the program does not take requests any more" : `the program ended: ${how}`;
}
