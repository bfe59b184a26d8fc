/**
 * The outside of a command: streams, environment and terminal, passed in so that every command runs in a test without
 * a process around it.
 */
export interface Io {
  /** Data, and nothing but data when `--json` is given. */
  stdout(text: string): void;
  /** Progress, warnings and errors. */
  stderr(text: string): void;
  /** Lines of standard input, without their line ends; at most `maxLineBytes` each. */
  stdinLines(maxLineBytes: number): AsyncIterable<InputLine>;
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

/** The process's own streams. */
export function processIo(): Io {
  const encoder = new TextEncoder();
  const writeAll = (stream: { writeSync(b: Uint8Array): number }, text: string) => {
    const bytes = encoder.encode(text);
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
    stdout: (text) => quietOnClosedPipe(() => writeAll(Deno.stdout, text)),
    stderr: (text) => writeAll(Deno.stderr, text),
    stdinLines: (maxLineBytes) => splitLines(Deno.stdin.readable, maxLineBytes),
    env: (name) => Deno.env.get(name),
    stdinIsTerminal: Deno.stdin.isTerminal(),
    stdoutIsTerminal: Deno.stdout.isTerminal(),
    stderrIsTerminal: Deno.stderr.isTerminal(),
    get columns() {
      return Deno.stdout.isTerminal() ? Deno.consoleSize().columns : 100;
    },
  };
}

/** An {@link Io} that keeps what is written and reads from given text; for tests and in-process use. */
export class MemoryIo implements Io {
  out = "";
  err = "";
  readonly stdinIsTerminal = false;
  readonly stdoutIsTerminal = false;
  readonly stderrIsTerminal = false;
  readonly columns = 100;
  readonly #input: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(input = "", env: Readonly<Record<string, string>> = {}) {
    this.#input = input;
    this.#env = env;
  }

  stdout(text: string): void {
    this.out += text;
  }

  stderr(text: string): void {
    this.err += text;
  }

  stdinLines(maxLineBytes: number): AsyncIterable<InputLine> {
    const bytes = new TextEncoder().encode(this.#input);
    return splitLines(
      (async function* () {
        yield await Promise.resolve(bytes);
      })(),
      maxLineBytes,
    );
  }

  env(name: string): string | undefined {
    return this.#env[name];
  }
}
