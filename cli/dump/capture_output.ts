/** A capture file that is written, or standard output: pcap where its name says so, else pcapng. */
import { concatBytes } from "../../lib/base/bytes.ts";
import type { CaptureSecrets } from "../../lib/dissect/capture/captured_frame.ts";
import {
  type CaptureFormat,
  type CaptureWriter,
  type FrameToWrite,
  makeCaptureWriter,
} from "../../lib/dissect/capture/capture_writer.ts";
import { OutputFile } from "../peer/output_file.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { VERSION } from "../version.ts";

/** Bytes gathered before they are written. */
const BUFFER_BYTES = 256 * 1024;

export class CaptureOutput {
  /** For messages. */
  readonly name: string;
  readonly format: CaptureFormat;
  packets = 0;
  /** Packets that the format cannot hold, and the first reason. */
  refused = 0;
  refusal = "";
  readonly #write: (bytes: Uint8Array) => void;
  readonly #file: OutputFile | undefined;
  readonly #writer: CaptureWriter;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;

  /**
   * `path` `-` is standard output. `isSecret`: only the user may read the file.
   *
   * @throws CliError where the file cannot be written, or is `source` itself.
   */
  constructor(path: string, source: string, io: Io, isSecret = false) {
    this.name = path === "-" ? "standard output" : path;
    this.format = formatOf(path);
    if (path === "-") {
      if (io.stdoutIsTerminal) {
        throw new CliError("usage", "standard output is a terminal", "name a file, or pipe it on");
      }
      this.#write = (bytes) => io.stdout(bytes);
    } else {
      if (isSameFile(path, source)) {
        throw new CliError("usage", `${path} is the capture that is read`, "name another file to write to");
      }
      const file = new OutputFile(path, { isSecret });
      this.#file = file;
      this.#write = (bytes) => file.write(bytes);
    }
    this.#writer = makeCaptureWriter(this.format, `arcrtc ${VERSION}`);
  }

  frame(frame: FrameToWrite): void {
    const bytes = this.#writer.frame(frame);
    if (bytes.ok) {
      this.packets++;
      return this.#put(bytes.value);
    }
    if (this.refused++ === 0) this.refusal = bytes.fault.message;
  }

  /** False where the format has no place for keys. */
  secrets(secrets: CaptureSecrets): boolean {
    const bytes = this.#writer.secrets(secrets);
    if (bytes !== undefined) this.#put(bytes);
    return bytes !== undefined;
  }

  /** Writes out what has come so far. */
  flush(): void {
    if (this.#pieces.length === 0) return;
    this.#write(concatBytes(...this.#pieces));
    this.#pieces = [];
    this.#pieceBytes = 0;
  }

  close(): void {
    this.#put(this.#writer.end());
    this.flush();
    this.#file?.close();
  }

  #put(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    if (this.#pieceBytes >= BUFFER_BYTES) this.flush();
  }
}

/** By its name: pcapng unless it says otherwise. */
export function formatOf(path: string): CaptureFormat {
  return path.toLowerCase().endsWith(".pcap") ? "pcap" : "pcapng";
}

function isSameFile(a: string, b: string): boolean {
  try {
    return Deno.realPathSync(a) === Deno.realPathSync(b);
  } catch {
    return false;
  }
}
