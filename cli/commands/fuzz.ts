import type { Command } from "commander";
import { addFuzzOptions, type FuzzFlags } from "../fuzz/fuzz_options.ts";
import { addMinimiseCommand } from "../fuzz/minimise_command.ts";
import { addReplayCommand } from "../fuzz/replay_command.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
Cases are made from the message schemas and field tables, and by mutating a corpus; those that reach new code are kept.
The seed is printed: the same seed and --count make the same cases. What fails is made small and becomes a directory
with the case, a transcript and a capture.

Examples:
  arcrtc fuzz --list
  arcrtc fuzz 'packet.*' --time 10s
  arcrtc fuzz packet.rtcp --seed 7 --count 20000
  arcrtc fuzz --time 1m --json
`;

export function build(create: (name: string) => Command, context: CommandContext): Command {
  const { io, done } = context;
  const fuzz = addFuzzOptions(
    create("fuzz").description("Feeds malformed input to parsers, machines, programs and servers."),
  )
    // Otherwise it would take the flags of its subcommands for its own.
    .enablePositionalOptions()
    .addHelpText("after", HELP)
    .action(async (patterns: readonly string[], flags: FuzzFlags) => {
      const { runFuzz } = await import("../fuzz/run_fuzz.ts");
      done(await runFuzz(patterns, flags, io));
    });
  addReplayCommand(fuzz, create, context);
  addMinimiseCommand(fuzz, create, context);
  return fuzz;
}
