/** `arcrtc fuzz minimise-corpus`: its flags and help. */
import type { Command } from "commander";
import type { CommandContext } from "../commands/command_entry.ts";

const HELP = `
Reads the corpus of fixtures/, vectors, media and captures there, and --corpus; writes --out, a file for each target.

Examples:
  arcrtc fuzz minimise-corpus --out corpus-small
  arcrtc fuzz minimise-corpus 'packet.*' --corpus found --out corpus-small
`;

export interface MinimiseFlags {
  readonly corpus?: string;
  readonly out: string;
  readonly json?: boolean;
}

export function addMinimiseCommand(
  fuzz: Command,
  create: (name: string) => Command,
  { io, done }: CommandContext,
): Command {
  const minimise = create("minimise-corpus")
    .description("Keeps of a corpus the fewest and smallest cases that reach the same code.")
    .argument("[target...]", "names or patterns (default: all)")
    .option("--corpus <dir>", "further cases")
    .requiredOption("--out <dir>", "where the files go")
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", HELP)
    .action(async (patterns: readonly string[], flags: MinimiseFlags) => {
      const { minimiseCorpus } = await import("./minimise_corpus.ts");
      done(await minimiseCorpus(patterns, flags, io));
    });
  return fuzz.addCommand(minimise);
}
