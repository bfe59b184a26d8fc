import { concatBytes } from "../../lib/base/bytes.ts";

/**
 * The outside of a command: streams, environment and terminal, passed in so that every command runs in a test without
 * a process around it.
 */
export interface Io {
  /** Data, and nothing but data when `--json` is given. */
  stdout(data: string | Uint8Array): void;
  /** Progress, warnings and errors. */
  stderr(text: string): void;
  /** Lines of standard input, without their line ends; at most `maxLineBytes` each. */
  stdinLines(maxLineBytes: number): AsyncIterable<InputLine>;
  /** All of standard input; undefined when it is longer than `maxBytes`. */
  stdinBytes(maxBytes: number): Promise<Uint8Array | undefined>;
  env(name: string): string | undefined;
  readonly stdinIsTerminal: boolean;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** Width of the terminal in columns; 100 where there is none. */
  readonly columns: number;
}

export type InputLine =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "too_long"; readonly bytes: number };

/** Cuts a byte stream into lines in bounded memory: what is over the limit is dropped and reported, not kept. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<InputLine> {
  const decoder = new TextDecoder();
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (): InputLine => {
    const tooLong = length > maxLineBytes;
    const whole = new Uint8Array(tooLong ? 0 : length);
    if (!tooLong) {
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
    }
    const line: InputLine = tooLong
      ? { kind: "too_long", bytes: length }
      : { kind: "line", text: decoder.decode(whole).replace(/\r$/, "") };
    parts = [];
    length = 0;
    return line;
  };
  const add = (part: Uint8Array) => {
    length += part.length;
    if (length <= maxLineBytes) parts.push(part.slice());
    else parts = [];
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

async function gather(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    parts.push(chunk);
  }
  return concatBytes(...parts);
}

/** The process's own streams. */
export function processIo(): Io {
  const encoder = new TextEncoder();
  const writeAll = (stream: { writeSync(b: Uint8Array): number }, data: string | Uint8Array) => {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  };
  const quietOnClosedPipe = (write: () => void) => {
    try {
      write();
    } catch (error) {
      // The reader (head, less) has left: the usual way to say so is to end quietly.
      if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
      throw error;
    }
  };
  return {
    stdout: (data) => quietOnClosedPipe(() => writeAll(Deno.stdout, data)),
    stderr: (text) => writeAll(Deno.stderr, text),
    stdinLines: (maxLineBytes) => splitLines(Deno.stdin.readable, maxLineBytes),
    stdinBytes: (maxBytes) => gather(Deno.stdin.readable, maxBytes),
    env: (name) => Deno.env.get(name),
    stdinIsTerminal: Deno.stdin.isTerminal(),
    stdoutIsTerminal: Deno.stdout.isTerminal(),
    stderrIsTerminal: Deno.stderr.isTerminal(),
    get columns() {
      return Deno.stdout.isTerminal() ? Deno.consoleSize().columns : 100;
    },
  };
}

/** An {@link Io} that keeps what is written and reads what it is given; for tests and in-process use. */
export class MemoryIo implements Io {
  /** Standard output: text as it was written, bytes as UTF-8. */
  out = "";
  /** The bytes among it. */
  outBytes: Uint8Array = new Uint8Array(0);
  err = "";
  readonly stdinIsTerminal = false;
  readonly stdoutIsTerminal = false;
  readonly stderrIsTerminal = false;
  readonly columns = 100;
  readonly #input: Uint8Array;
  readonly #env: Readonly<Record<string, string>>;

  constructor(input: string | Uint8Array = "", env: Readonly<Record<string, string>> = {}) {
    this.#input = typeof input === "string" ? new TextEncoder().encode(input) : input;
    this.#env = env;
  }

  stdout(data: string | Uint8Array): void {
    if (typeof data === "string") this.out += data;
    else {
      this.out += new TextDecoder().decode(data);
      this.outBytes = concatBytes(this.outBytes, data);
    }
  }

  stderr(text: string): void {
    this.err += text;
  }

  stdinLines(maxLineBytes: number): AsyncIterable<InputLine> {
    return splitLines(this.#chunks(), maxLineBytes);
  }

  stdinBytes(maxBytes: number): Promise<Uint8Array | undefined> {
    return gather(this.#chunks(), maxBytes);
  }

  env(name: string): string | undefined {
    return this.#env[name];
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(this.#input);
  }
}
