import type { Command } from "commander";
import { addFuzzOptions, type FuzzFlags } from "../fuzz/fuzz_options.ts";
import { addChildCommand } from "../fuzz/child_command.ts";
import { addFiguresCommand } from "../fuzz/figures_command.ts";
import { addMinimiseCommand } from "../fuzz/minimise_command.ts";
import { addPromoteCommand } from "../fuzz/promote_command.ts";
import { addReplayCommand } from "../fuzz/replay_command.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
Cases are made from the message schemas and field tables, and by mutating a corpus; those that reach new code are kept.
The seed is printed: the same seed and --count make the same cases, to the bit with --no-coverage (V8 may put counted
code away in between). What fails is made small and becomes a directory with the case, a transcript and a capture, so
that arcrtc fuzz replay needs no seed.

A program (--command) is judged by a second, independent reading of the specification, and must neither grow nor slow down.
Two programs (--command A --against B) are asked the same: where they differ, one of them is wrong, also where that second
reading says nothing. A finding shows both answers and, where it is decided, who is right and by which clause. Faults are
compared as far as the specification fixes them, never in wording or offset; what only one of them supports is counted.
A server (--target), a relay (--relay) and a peer from within its call (--target with --session) are asked after each case
whether they still live, never more often than --rate says; their answers are judged by the same reading and by the rules
that dump --check knows. What may fail by chance is tried several times: a finding says how often it failed.

Examples:
  arcrtc fuzz --list
  arcrtc fuzz 'packet.*' --time 10s
  arcrtc fuzz packet.rtcp --seed 7 --count 20000
  arcrtc fuzz --time 1m --json
  arcrtc fuzz --command 'arcrtc testee' --time 10s
  arcrtc fuzz --command 'arcrtc testee' --against 'arcrtc testee --crypto native' --time 10s
  arcrtc fuzz --target ws://127.0.0.1:7480 --time 10s
  arcrtc fuzz --target ws://127.0.0.1:7480 --session 11111111-1111-4111-8111-111111111111  # the peer that waits there
  arcrtc fuzz --relay 127.0.0.1:3478 --relay-secret @relay.secret --time 10s
  arcrtc fuzz --relay 127.0.0.1:3478 --pid 4711 --time 10s
  arcrtc fuzz --relay tls://127.0.0.1:5349 --insecure --time 10s
  arcrtc fuzz --time 1h --json > run.jsonl && arcrtc fuzz figures run.jsonl
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
  addPromoteCommand(fuzz, create, context);
  addMinimiseCommand(fuzz, create, context);
  addFiguresCommand(fuzz, create, context);
  addChildCommand(fuzz, create, context);
  return fuzz;
}
