/** Corpus directories: a file for each target, a case a line. */
import { CliError } from "../ui/cli_error.ts";

/** Adds the cases that the file does not have yet, and answers how many. */
export function appendCorpus(directory: string, targetName: string, cases: readonly string[]): number {
  const path = `${directory}/${targetName}.txt`;
  const known = new Set(existingLines(path));
  const news = cases.filter((line) => !known.has(line));
  if (news.length === 0) return 0;
  try {
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeTextFileSync(path, news.map((line) => `${line}\n`).join(""), { append: true });
  } catch (error) {
    throw new CliError("usage", `cannot write ${path}: ${error instanceof Error ? error.message : error}`);
  }
  return news.length;
}

function existingLines(path: string): readonly string[] {
  try {
    return Deno.readTextFileSync(path).split("\n").filter((line) => line !== "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Writes a target's file anew; one without cases is removed. */
export function writeCorpus(directory: string, targetName: string, cases: readonly string[]): void {
  const path = `${directory}/${targetName}.txt`;
  try {
    Deno.mkdirSync(directory, { recursive: true });
    if (cases.length > 0) Deno.writeTextFileSync(path, cases.map((line) => `${line}\n`).join(""));
    else if (existingLines(path).length > 0) Deno.removeSync(path);
  } catch (error) {
    throw new CliError("usage", `cannot write ${path}: ${error instanceof Error ? error.message : error}`);
  }
}
