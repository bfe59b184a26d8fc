/**
 * A testee in a process of its own: one JSON object a line on its standard input, one a line on its standard output.
 * Whatever it does, the suite goes on: it may hang, die, flood its output or answer rubbish.
 */
import { utf8 } from "../../lib/base/bytes.ts";
import type { Answer, OpRequest } from "./answer.ts";
import { answerIn, idOf, type OpsSource, type OpsTestee, TesteeFailure } from "./ops_testee.ts";
import { START_MS } from "./start_wait.ts";
import { MAX_LINE_BYTES } from "./testee.ts";

/** What is kept of the testee's standard error, for messages. */
const MAX_ERROR_TEXT = 2000;
/** How long a testee may take to end once its input has ended; then it is killed. */
const GOODBYE_MS = 1000;

/** How long the output of a testee that has ended is still read. */
const LAST_WORDS_MS = 500;

/** Words of a command line; quotes hold words together. No shell: `sh -c '...'` is one. */
export function splitCommand(command: string): readonly string[] {
  return [...command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_quoted, double?: string, single?: string) => double ?? single ?? "")
  );
}

/** `patienceMs` is the longest wait for one answer; the first has the time that the program takes to start, too. */
export function subprocess(command: string, patienceMs: number): OpsSource {
  return {
    description: `command '${command}'`,
    start: async () => {
      const testee = new SubprocessTestee(splitCommand(command), patienceMs);
      await testee.restart();
      return testee;
    },
  };
}

class SubprocessTestee implements OpsTestee {
  readonly #words: readonly string[];
  readonly #patienceMs: number;
  #process: TesteeProcess | undefined;
  #nextId = 1;

  constructor(words: readonly string[], patienceMs: number) {
    this.#words = words;
    this.#patienceMs = patienceMs;
  }

  async restart(): Promise<void> {
    await this.close();
    try {
      this.#process = new TesteeProcess(this.#words);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new TesteeFailure("gone", `cannot start ${this.#words.join(" ")}: ${why}`);
    }
  }

  ask(request: OpRequest): Promise<Answer> {
    return this.askLine(JSON.stringify({ id: this.#nextId++, ...request }));
  }

  async askLine(line: string): Promise<Answer> {
    if (this.#process === undefined) throw new TesteeFailure("gone", "it was closed");
    return answerIn(await this.#process.exchange(line, this.#patienceMs), idOf(line));
  }

  async close(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.end();
  }
}

/** One process, line in, line out. After the first failure it fails for ever. */
class TesteeProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: string[] = [];
  #hasAnswered = false;
  #errorText = "";
  #failure: TesteeFailure | undefined;
  #wake: () => void = () => {};

  constructor([program, ...args]: readonly string[]) {
    if (program === undefined) throw new Error("the command is empty");
    this.#child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
    this.#input = this.#child.stdin.getWriter();
    const read = Promise.allSettled([this.#readLines(), this.#readErrors()]);
    this.#child.status.then(async ({ code, signal }) => {
      // What it wrote before it ended still counts, but a child of its own may hold the pipes open.
      await Promise.race([read, after(LAST_WORDS_MS)]);
      this.#fail("died", signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`);
    });
  }

  /** Sends a line and waits for the next one. @throws TesteeFailure */
  async exchange(request: string, patienceMs: number): Promise<string> {
    if (this.#lines.length > 0) this.#fail("rubbish", `it says, without being asked: ${this.#lines[0].slice(0, 200)}`);
    const waitMs = this.#hasAnswered ? patienceMs : Math.max(START_MS, patienceMs);
    const timer = setTimeout(() => this.#fail("hung", `no answer within ${waitMs} ms`), waitMs);
    try {
      if (this.#failure === undefined) {
        this.#input.write(utf8(`${request}\n`)).catch((error: unknown) => this.#fail("died", String(error)));
      }
      while (this.#lines.length === 0 && this.#failure === undefined) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
      const line = this.#lines.shift();
      if (line === undefined) throw this.#failure ?? new TesteeFailure("died", "it ended");
      this.#hasAnswered = true;
      return line;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends its input, then itself. */
  async end(): Promise<void> {
    this.#input.close().catch(() => {});
    const kill = () => {
      try {
        this.#child.kill("SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    };
    if (this.#failure !== undefined) kill();
    const timer = setTimeout(kill, GOODBYE_MS);
    await this.#child.status;
    clearTimeout(timer);
  }

  async #readLines(): Promise<void> {
    const decoder = new TextDecoder();
    let pending = "";
    for await (const chunk of this.#child.stdout) {
      // A failed one is no longer listened to, but its pipe is drained until it is killed.
      if (this.#failure !== undefined) continue;
      const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
      pending = lines.pop() ?? "";
      this.#lines.push(...lines);
      if (pending.length > MAX_LINE_BYTES || this.#lines.length > 1) {
        const what = this.#lines.length > 1 ? `${this.#lines.length} lines at once` : "an endless line";
        this.#lines.length = 0;
        pending = "";
        this.#fail("flooded", `its output is ${what}`);
      }
      this.#wake();
    }
  }

  async #readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) {
      this.#errorText = (this.#errorText + decoder.decode(chunk, { stream: true })).slice(-MAX_ERROR_TEXT);
    }
  }

  #fail(kind: TesteeFailure["kind"], message: string): void {
    const said = this.#errorText.trim().split("\n").at(-1) ?? "";
    this.#failure ??= new TesteeFailure(kind, said === "" ? message : `${message}; it said: ${said}`);
    this.#wake();
  }
}

function after(delayMs: number): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, delayMs)));
}
