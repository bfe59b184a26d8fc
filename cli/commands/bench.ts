import type { Command } from "commander";
import type { BenchFlags } from "../bench/run_bench.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
What this machine can do, with nothing else installed. Without flags it takes about half a minute:

  parse      reading a packet's header in place
  protect    ArcSRTP with each crypto backend and suite, parsing, index and nonce included
  unprotect  the same back, a copy of the packet included
  relay      a relay with each UDP backend, its load generator in another thread of this same process: as many packets
             as pass, and single ones at a pace, which gives the delay
  timer      how late timers are
  startup    how long a process takes to start (needs --allow-run)

A backend that cannot serve here is named with the reason. Figures of a busy machine are worse; a warning says so. What
others do on the same machine is for 'deno task bench:peers', in a checkout.

Examples:
  arcrtc bench --quick                                # every measurement, but short: a first look
  arcrtc bench --only relay,timer --seconds 0.5
  arcrtc bench --only parse --quick --json
`;

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  return create("bench")
    .description("Measures this machine: packets, protection, the relay, timers, start-up.")
    .option("--only <areas>", "of parse, protect, unprotect, relay, timer, startup; with commas between")
    .option("--quick", "a tenth of the time for each figure")
    .option("--seconds <number>", "for each figure (default: 0.3)")
    .option("--json", "one JSON document on stdout: arcrtc.bench/1")
    .addHelpText("after", HELP)
    .action(async (flags: BenchFlags) => {
      const { runBench } = await import("../bench/run_bench.ts");
      done(await runBench(flags, io));
    });
}
