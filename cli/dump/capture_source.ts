/** Where a capture comes from: a file, read in pieces, or standard input as it comes. */
import { CliError } from "../ui/cli_error.ts";
import { type Io, MemoryIo } from "../ui/io.ts";

const CHUNK_BYTES = 256 * 1024;

export interface CaptureSource {
  /** For messages. */
  readonly name: string;
  /** Undefined for standard input. */
  readonly sizeBytes: number | undefined;
  /** True where bytes come as they are captured: what is known is to be shown at once. */
  readonly isLive: boolean;
  /** True where only an interrupt ends it: that is then no interruption. */
  readonly endsByInterrupt?: boolean;
  /** What there is to say of the source itself at the end. */
  summary?(): readonly string[];
  /** Pieces, each borrowed until the next; may be asked for again where the source is a file. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Ends the pieces early. */
  stop(): void;
}

/** @throws CliError where a file cannot be read, or standard input is a terminal. */
export function openSource(path: string, io: Io): CaptureSource {
  return path === "-" ? standardInput(io) : captureFile(path);
}

function captureFile(path: string): CaptureSource {
  const sizeBytes = attempt(path, () => {
    const { isDirectory, size } = Deno.statSync(path);
    if (isDirectory) throw new Error("it is a directory");
    return size;
  });
  let isStopped = false;
  return {
    name: path,
    sizeBytes,
    isLive: false,
    async *chunks() {
      const file = attempt(path, () => Deno.openSync(path));
      const buffer = new Uint8Array(CHUNK_BYTES);
      try {
        while (!isStopped) {
          const count = attempt(path, () => file.readSync(buffer));
          if (count === null) return;
          yield buffer.subarray(0, count);
        }
      } finally {
        file.close();
      }
    },
    stop: () => isStopped = true,
  };
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new CliError("usage", `cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

function standardInput(io: Io): CaptureSource {
  if (io.stdinIsTerminal) {
    throw new CliError("usage", "standard input is a terminal", "pipe a capture in: tcpdump -w - | arcrtc dump -");
  }
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let isStopped = false;
  return {
    name: "standard input",
    sizeBytes: undefined,
    isLive: true,
    async *chunks() {
      // A test's input is all there; a process's comes as it comes.
      if (io instanceof MemoryIo) {
        yield await io.stdinBytes(Number.MAX_SAFE_INTEGER) ?? new Uint8Array(0);
        return;
      }
      reader = Deno.stdin.readable.getReader();
      while (!isStopped) {
        const { value, done } = await reader.read();
        if (done) return;
        yield value;
      }
    },
    stop() {
      isStopped = true;
      reader?.cancel().catch(() => {});
    },
  };
}
