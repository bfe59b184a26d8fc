import { type Command, Option } from "commander";
import type { DemoMedia } from "../peer/demo_media.ts";
import { addProtectionOptions, duration } from "../peer/peer_options.ts";
import type { DemoFlags } from "../peer/run_demo.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
A signaling server and two peers in one process, over WebSocket and UDP on loopback. Each peer sends this project's media
fixtures; the keys are changed in the middle; every frame that comes out is compared with the one that went in. Exits with
1 when a frame is missing or differs. Needs no network.

Examples:
  arcrtc demo --duration 1s
  arcrtc demo --duration 500ms --media all --json
  arcrtc demo --duration 500ms --cipher chacha20-poly1305 --auth none --reduced-header
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
    .option("--json", "one JSON document on stdout")
    .addHelpText("after", HELP)
    .action(async (flags: DemoFlags) => {
      const { runDemo } = await import("../peer/run_demo.ts");
      done(await runDemo(flags, io));
    });
}
