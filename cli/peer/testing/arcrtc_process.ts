/** `arcrtc` as a process of its own, with the permissions that its table entry names; its `--json` lines as they come. */
import { COMMANDS } from "../../commands/registry.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

// deno-lint-ignore no-explicit-any
export type Line = any;

export class ArcrtcProcess {
  /** Every line until now; one that is no JSON stands as `{not_json: text}`. */
  readonly lines: Line[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #read: Promise<void>;
  readonly #waiting = new Set<() => void>();
  #isOver = false;

  /** In the network namespace of this name, where one is given. */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, namespace?: string) {
    const entry = COMMANDS.find(({ name }) => name === args[0]);
    const native = args.includes("native") ? entry?.nativePermissions?.split(" ") ?? [] : [];
    const permissions = [...entry?.permissions.split(" ") ?? [], ...native];
    const words = [Deno.execPath(), "run", "--quiet", "--no-prompt", ...permissions, MAIN, ...args];
    // `ip netns exec` becomes the program itself: its process id is the program's.
    const [program, ...rest] = namespace === undefined ? words : ["ip", "netns", "exec", namespace, ...words];
    this.#child = new Deno.Command(program, {
      args: rest,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", ...env },
    }).spawn();
    this.#stderr = new Response(this.#child.stderr).text();
    this.#read = this.#readLines();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async #readLines(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.lines.push(parseLine(part));
      this.#look();
    }
    if (rest !== "") this.lines.push(parseLine(rest));
    this.#isOver = true;
    this.#look();
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** The first line with this `event`; throws with the process's words where it ends without one. */
  async event(name: string): Promise<Line> {
    const find = () => this.lines.find(({ event }) => event === name);
    await new Promise<void>((resolve) => {
      const look = () => {
        if (find() === undefined && !this.#isOver) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
    const found = find();
    if (found === undefined) {
      throw new Error(`no '${name}' came:\n${JSON.stringify(this.lines)}\n${await this.#stderr}`);
    }
    return found;
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async end(): Promise<{ readonly code: number; readonly stderr: string; readonly summary: Line }> {
    const { code } = await this.#child.status;
    await this.#read;
    return { code, stderr: await this.#stderr, summary: this.lines.at(-1) };
  }

  /** Whatever state it is in: for the end of a test that has failed. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.end();
  }
}

function parseLine(text: string): Line {
  try {
    return JSON.parse(text);
  } catch {
    return { not_json: text };
  }
}
