/** A file that a call writes as it goes: media, a capture, a key log. */
import { CliError } from "../ui/cli_error.ts";

export interface OutputOptions {
  /** Fails where there is such a file already, instead of emptying it. */
  readonly isNew?: boolean;
  /** Only the user may read it. */
  readonly isSecret?: boolean;
  /** Goes on at the end of what is there. */
  readonly append?: boolean;
}

export class OutputFile {
  readonly path: string;
  readonly #file: Deno.FsFile;
  #isClosed = false;

  /** @throws CliError where the file cannot be had; Deno.errors.AlreadyExists as `isNew` says. */
  constructor(path: string, { isNew = false, isSecret = false, append = false }: OutputOptions = {}) {
    this.path = path;
    try {
      this.#file = Deno.openSync(path, {
        write: true,
        create: !isNew,
        createNew: isNew,
        append,
        truncate: !append && !isNew,
        ...(isSecret ? { mode: 0o600 } : {}),
      });
      // The mode above is only for a file that is made here.
      if (isSecret && Deno.build.os !== "windows") Deno.chmodSync(path, 0o600);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) throw error;
      throw new CliError("usage", `cannot write ${path}: ${error instanceof Error ? error.message : error}`);
    }
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }

  /** Writes over what is there; the next `write` goes on at the end. */
  patch(offsetBytes: number, bytes: Uint8Array): void {
    this.#file.seekSync(offsetBytes, Deno.SeekMode.Start);
    this.write(bytes);
    this.#file.seekSync(0, Deno.SeekMode.End);
  }

  /** Harmless when called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.close();
  }
}
