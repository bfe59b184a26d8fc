import type { Command } from "commander";
import { addPingOptions, type PingFlags } from "../ping/ping_options.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
Asks with the protocol's own HEARTBEAT, which every server and relay answers. What does not is asked with WebSocket pings,
then by opening TCP connections, and it is said so.

Each probe has two delays: from the moment it was sent, and from the moment it was due, which is what somebody waits who
keeps to a schedule. The noise of this program itself is measured first, over loopback, and nothing below it is claimed.
The answers are held against each other: a peer whose time stamps, clock or echoes are wrong is found out (exit code 1).

relay://host:port is the way through a relay, to a peer of our own behind it: it gives one way's delay, and each loss
its direction. It takes the relay's secret.

Levels of --slo: p50 to p99.99, min, mean, median, max, stddev, jitter (us, ms, s), also as planned-p99; loss, late,
duplicates, reordered (%). A level that too few answers decide counts as missed.

Examples:
  arcrtc ping udp://127.0.0.1:7480 -c 3
  arcrtc ping ws://127.0.0.1:7480/plain tcp://127.0.0.1:7481 -c 3 --interval 200ms
  arcrtc ping --compare udp://127.0.0.1:7480 tcp://127.0.0.1:7481 ws://127.0.0.1:7480 -c 20 --interval 50ms
  arcrtc ping --compare udp://127.0.0.1:3478 relay://127.0.0.1:3478 --relay-secret @relay.secret -c 20 --interval 50ms
  arcrtc ping tcp://127.0.0.1:7481 --slo 'p90<5s,loss<=10%' --json
  arcrtc ping udp://127.0.0.1:7480 --budget --histogram
  arcrtc ping ws://127.0.0.1:7480 --method websocket-ping -c 2 --csv
  arcrtc ping tcp://127.0.0.1:7481 --flood -c 50 --quiet
  arcrtc ping udp://127.0.0.1:9 -c 1  # exit code 4: nobody is there
`;

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  return addPingOptions(
    create("ping").description(
      "Measures the way to a server, or to and through a relay, and holds its answers against each other.",
    ),
  )
    .addHelpText("after", HELP)
    .action(async (targets: readonly string[], flags: PingFlags) => {
      const { runPing } = await import("../ping/run_ping.ts");
      done(await runPing(targets, flags, io));
    });
}
