/** `arcrtc relay token`: what the signaling server does for a peer, by hand. */
import type { Command } from "commander";
import type { Io } from "../ui/io.ts";
import type { TokenFlags } from "./token_text.ts";

const HELP = `
Examples:
  arcrtc relay token --secret @relay.secret --session 11111111-1111-4111-8111-111111111111 --peer aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
  arcrtc relay token --secret @relay.secret --session 11111111-1111-4111-8111-111111111111 --peer aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa --ttl 10m --json
`;

export function addTokenCommand(relay: Command, create: (name: string) => Command, io: Io): Command {
  const token = create("token")
    .description("Makes the token that lets one peer of one session bind, for a time.")
    .option("--secret <text>", "the relay's secret, hex; @FILE reads it (or ARCRTC_RELAY_SECRET)")
    .requiredOption("--session <uuid>", "the session")
    .requiredOption("--peer <uuid>", "the peer")
    .option("--ttl <time>", "how long it is good", "1h")
    .option("--json", "token and expiry as a JSON document")
    .addHelpText("after", HELP)
    .action(async (flags: TokenFlags) => {
      const { tokenText } = await import("./token_text.ts");
      io.stdout(tokenText(flags, io));
    });
  relay.addCommand(token);
  return relay;
}
