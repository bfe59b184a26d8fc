import { CliError } from "./cli_error.ts";
import type { Io } from "./io.ts";

/** The most that a command takes from a file or from standard input as a whole. */
export const MAX_INPUT_BYTES = 64 * 1024 * 1024;

/** The bytes of a file that was named on the command line; `-` is standard input. */
export async function readInputFile(path: string, io: Io): Promise<Uint8Array> {
  const bytes = path === "-" ? await io.stdinBytes(MAX_INPUT_BYTES) : readFile(path);
  if (bytes !== undefined) return bytes;
  throw new CliError("usage", `${path === "-" ? "standard input" : path} is larger than ${MAX_INPUT_BYTES} bytes`);
}

function readFile(path: string): Uint8Array | undefined {
  try {
    return Deno.statSync(path).size > MAX_INPUT_BYTES ? undefined : Deno.readFileSync(path);
  } catch (error) {
    throw new CliError("usage", `cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
}
