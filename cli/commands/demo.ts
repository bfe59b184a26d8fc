import { type Command, InvalidArgumentError, Option } from "commander";
import type { DemoMedia } from "../peer/demo_media.ts";
import { addProtectionOptions, duration } from "../peer/peer_options.ts";
import type { DemoFlags } from "../peer/run_demo.ts";
import { IMPAIRMENT_HELP } from "../ui/impairment.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
A signaling server and two peers in one process, over WebSocket and UDP on loopback. Each peer sends this project's media
fixtures; the keys are changed in the middle; every frame that comes out is compared with the one that went in. Exits with
1 when a frame is missing or differs. Needs no network.

With --relay the media goes through a relay in the same process. --impair makes the network bad: inside the relay, or
without one in front of both media sockets. Then frames of PR 0 and 1 (audio, key frames) may be missing as far as
repair cannot make good what was lost, a tenth of it; those of PR 2 and 3 are not repaired, and only counted.
${IMPAIRMENT_HELP}

Examples:
  arcrtc demo --duration 1s
  arcrtc demo --duration 500ms --media all --json
  arcrtc demo --duration 500ms --cipher chacha20-poly1305 --auth none --reduced-header
  arcrtc demo --duration 2s --relay
  arcrtc demo --duration 2s --relay --impair loss=2%,delay=30ms±10,reorder=1%,dup=0.1% --seed 7
`;

const MEDIA: readonly DemoMedia[] = ["default", "all"];
const DEFAULT_DURATION_MS = 10_000;
export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  const command = create("demo")
    .description("Shows a whole call on this machine and proves that every frame arrives.")
    .addOption(
      new Option("--duration <time>", "length of the media").argParser(duration).default(DEFAULT_DURATION_MS, "10s"),
    )
    .addOption(
      new Option("--media <what>", "default is VP9 and Opus; all is every codec at once")
        .choices(MEDIA).default("default"),
    );
  return addProtectionOptions(command)
    .option("--relay", "media goes through a relay of the demo's own")
    .option("--impair <spec>", "a bad network, such as loss=2%,delay=30ms±10; see below")
    .addOption(
      new Option("--seed <n>", "what --impair draws from; the same seed does the same (default: 1)").argParser(seed),
    )
    .option("--json", "one JSON document on stdout")
    .addHelpText("after", HELP)
    .action(async (flags: DemoFlags) => {
      const { runDemo } = await import("../peer/run_demo.ts");
      done(await runDemo(flags, io));
    });
}

function seed(text: string): number {
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value > 0xffff_ffff) {
    throw new InvalidArgumentError("It takes a whole number, 0 to 4294967295.");
  }
  return value;
}
