/** `arcrtc fuzz figures`: how much was fuzzed, from the output of runs. */
import type { Command } from "commander";
import type { CommandContext } from "../commands/command_entry.ts";
import { EXIT } from "../exit_codes.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonDocument } from "../ui/envelope.ts";
import { figuresOf, figuresTable, sumOf, withTable } from "./figures.ts";

const HELP = `
Adds up executions and seconds of each target over the runs, and prints a table in Markdown.

Examples:
  arcrtc fuzz --time 1h --json > run1.jsonl
  arcrtc fuzz figures run1.jsonl run2.jsonl
  arcrtc fuzz figures run*.jsonl --into fixtures/corpus/README.md
`;

interface FiguresFlags {
  readonly into?: string;
  readonly json?: boolean;
}

export function addFiguresCommand(
  fuzz: Command,
  create: (name: string) => Command,
  { io, done }: CommandContext,
): Command {
  const figures = create("figures")
    .description("Adds up what runs with --json have executed.")
    .argument("<run...>", "files with the output of arcrtc fuzz --json")
    .option("--into <file>", "replaces the table between <!-- figures --> and <!-- /figures --> there")
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", HELP)
    .action((paths: readonly string[], flags: FiguresFlags) => {
      const sum = figuresOf(paths.map(read).join("\n"));
      if (sum.size === 0) throw new CliError("usage", `${paths.join(", ")}: no figures`, "need the output of --json");
      const table = figuresTable(sum);
      if (flags.into !== undefined) replaceTable(flags.into, table);
      if (flags.json) {
        const targets = [...sum].map(([target, each]) => ({ target, ...each }));
        io.stdout(jsonDocument(envelope("fuzz", { kind: "figures", ...sumOf(sum), targets })));
      } else if (flags.into === undefined) io.stdout(table);
      done(EXIT.ok);
    });
  return fuzz.addCommand(figures);
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new CliError("usage", `cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

function replaceTable(path: string, table: string): void {
  const replaced = withTable(read(path), table);
  if (replaced === undefined) {
    throw new CliError(
      "usage",
      `${path} has no place for figures`,
      "a line <!-- figures --> and one <!-- /figures -->",
    );
  }
  try {
    Deno.writeTextFileSync(path, replaced);
  } catch (error) {
    throw new CliError("usage", `cannot write ${path}: ${error instanceof Error ? error.message : error}`);
  }
}
