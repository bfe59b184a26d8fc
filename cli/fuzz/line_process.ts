/** A program that is spoken to in lines on its standard streams; what it says on standard error is for the user. */
import { utf8 } from "../../lib/base/bytes.ts";
import { type InputLine, splitLines } from "../ui/io.ts";
import { within } from "./within.ts";

const GOODBYE_MS = 2000;

export type OutputLine = InputLine | Ended;

/** `how` it ended by itself: a signal or an exit code. Without: it was not over, but deaf or dumb, and was killed. */
export interface Ended {
  readonly kind: "ended";
  readonly how?: string;
}

export class LineProcess {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<InputLine>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  /**
   * A line of its output that is longer than `maxLineBytes` is not kept.
   *
   * @throws what the system says where it cannot be started.
   */
  constructor([program, ...args]: readonly string[], maxLineBytes: number) {
    this.#child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
    this.#lines = splitLines(this.#child.stdout, maxLineBytes);
    this.#writer = this.#child.stdin.getWriter();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** One line in, one line out. */
  async ask(line: string): Promise<OutputLine> {
    return await this.write(line) ? await this.next() : await this.#end();
  }

  /** False where it reads no more. */
  async write(line: string): Promise<boolean> {
    try {
      await this.#writer.write(utf8(`${line}\n`));
      return true;
    } catch {
      return false;
    }
  }

  /** The next line of its output, or how that has ended. */
  async next(): Promise<OutputLine> {
    const next = await this.#lines.next();
    return next.done ? await this.#end() : next.value;
  }

  async #end(): Promise<Ended> {
    const status = await within(this.#child.status, GOODBYE_MS);
    await this.kill();
    return status === undefined
      ? { kind: "ended" }
      : { kind: "ended", how: status.signal ?? `exit code ${status.code}` };
  }

  /** Whatever it is doing; answers when it is gone. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#writer.abort().catch(() => {});
    await this.#lines.return(undefined).catch(() => {});
    await this.#child.status;
  }
}

/** What stands where another line was due, in a few words. */
export function said(line: OutputLine): string {
  switch (line.kind) {
    case "line":
      return `it said ${line.text.slice(0, 100)}`;
    case "too_long":
      return `it said ${line.bytes} bytes`;
    case "ended":
      return line.how ?? "it does not listen any more";
  }
}
