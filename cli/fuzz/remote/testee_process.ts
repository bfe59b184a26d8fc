/** A program that speaks the testee interface: one JSON object a line in, one out. */
import { Breach } from "../../../lib/fuzz/target.ts";
import { splitLines } from "../../ui/io.ts";
import { CliError } from "../../ui/cli_error.ts";
import { residentBytes } from "./drift.ts";
import { within } from "./remote_target.ts";

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export class TesteeProcess {
  readonly #command: string;
  readonly #timeoutMs: number;
  #child: Deno.ChildProcess | undefined;
  #lines: AsyncIterator<{ kind: string; text?: string }> | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;

  constructor(command: string, timeoutMs: number) {
    this.#command = command;
    this.#timeoutMs = timeoutMs;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** What the program holds in memory; undefined where it does not run or the system does not tell. */
  get residentBytes(): number | undefined {
    return this.#child === undefined ? undefined : residentBytes(this.#child.pid);
  }

  /**
   * One line in, one line out.
   *
   * @throws Breach when it ends or does not answer in time; it is started again by the next call.
   */
  async ask(line: string): Promise<string> {
    if (this.#child === undefined) this.#start();
    try {
      await this.#writer?.write(new TextEncoder().encode(`${line}\n`));
      const next = await within(this.#lines?.next() ?? Promise.reject(new Error("not started")), this.#timeoutMs);
      if (next === undefined) {
        await this.stop();
        throw new Breach("hang", `no answer within ${this.#timeoutMs / 1000} s`);
      }
      if (next.done) throw new Error("its output ended");
      if (next.value.kind !== "line") throw new Breach("memory", `an answer is longer than ${MAX_ANSWER_BYTES} bytes`);
      return next.value.text ?? "";
    } catch (error) {
      if (error instanceof Breach) throw error;
      throw new Breach("crash", await this.#howItEnded());
    }
  }

  #start(): void {
    const [shell, flag] = Deno.build.os === "windows" ? ["cmd", "/c"] : ["sh", "-c"];
    // exec: the program itself is then what is ended, not a shell before it.
    const line = Deno.build.os === "windows" ? this.#command : `exec ${this.#command}`;
    try {
      this.#child = new Deno.Command(shell, { args: [flag, line], stdin: "piped", stdout: "piped", stderr: "inherit" })
        .spawn();
    } catch (error) {
      throw new CliError(
        "unreachable",
        `cannot start '${this.#command}': ${error instanceof Error ? error.message : error}`,
      );
    }
    this.#lines = splitLines(this.#child.stdout, MAX_ANSWER_BYTES)[Symbol.asyncIterator]();
    this.#writer = this.#child.stdin.getWriter();
  }

  async #howItEnded(): Promise<string> {
    const status = await within(this.#child?.status ?? Promise.resolve(undefined), 2000);
    await this.stop();
    if (status === undefined) return "the program does not take requests any more";
    return `the program ended: ${status.signal ?? `exit code ${status.code}`}`;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#writer?.abort().catch(() => {});
    await this.#lines?.return?.().catch(() => {});
    await child.status;
  }
}
