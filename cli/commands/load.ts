import type { Command } from "commander";
import { addLoadOptions, type LoadFlags } from "../load/load_options.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
Both ends of every session are here, so one clock measures: packets are ArcRTP with valid headers, a stream for each
priority, that a relay forwards like any call's; through a signaling server HEARTBEATs of joined peers take their place.

Delays are from the moment of sending; 'since due' counts from the schedule, which waits for nobody. Loss, duplicates and
order are told for each session and class. The last line says whether this program itself was the limit: its lateness,
its own delay (of packets from here straight to here), its processor, what it failed to read. What the system drops at
its sockets can be read only with all of Deno's permissions ('deno task arcrtc' grants them).

Levels of --slo: p50 to p99.99, min, mean, median, max, stddev, jitter (us, ms, s), also as planned-p99; loss,
duplicates, reordered (%); pr0- to pr3- in front of one: of this class alone. One that too few packets decide is missed.

Many sessions from one address need a relay that lets them in: arcrtc relay --max-bindings 2000 --max-messages 1000.

Examples:
  arcrtc load relay://127.0.0.1:3478 --relay-secret @relay.secret --duration 2s
  arcrtc load relay://127.0.0.1:3478 --relay-secret @relay.secret --sessions 20 --bitrate 300k --ramp 1s --duration 2s
  arcrtc load relay://127.0.0.1:3478 --relay-secret @relay.secret --fan-out 3 --mix pr0=1,pr3=1 --duration 2s --json
  arcrtc load relay://127.0.0.1:3478 --relay-secret @relay.secret --slo 'p90<5s,pr0-loss<50%' --duration 2s --csv
  arcrtc load ws://127.0.0.1:7480 --sessions 5 --pps 20 --duration 2s
  arcrtc load tcp://127.0.0.1:7481 --sessions 5 --pps 20 --duration 2s --quiet
`;

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  return addLoadOptions(
    create("load").description("Many synthetic peers and streams against a relay or a signaling server."),
  )
    .addHelpText("after", HELP)
    .action(async (target: string, flags: LoadFlags) => {
      const { runLoad } = await import("../load/run_load.ts");
      done(await runLoad(target, flags, io));
    });
}
