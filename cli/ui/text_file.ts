import { CliError } from "./cli_error.ts";

/** @throws CliError where it cannot be read. */
export function readTextFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new CliError("usage", `cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
}
