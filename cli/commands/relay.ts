import type { Command } from "commander";
import { addTokenCommand } from "../relay/relay_token_command.ts";
import { addRelayOptions } from "../relay/relay_settings.ts";
import { IMPAIRMENT_HELP } from "../ui/impairment.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
Peers that cannot reach each other meet here. The relay forwards what they send, byte for byte, and holds no key that
would let it read media. Who may use it is decided by the signaling server, which shares --secret and gives out tokens
for one peer, one session and some time; 'arcrtc relay token' makes one by hand.

Under a limit packets leave in the order of their priority: audio first, then key frames, delta frames, and what can be
lost. Flags go before ARCRTC_RELAY_* (--max-bitrate is ARCRTC_RELAY_MAX_BITRATE), those before --config.

The first SIGTERM or Ctrl-C refuses new sessions and lets those that run end, for --drain at most; the second ends at
once.

With --nats it publishes its load and state each second, where servers that hand it out under its --id listen.

--impair makes the network bad, the same way for the same --seed:
${IMPAIRMENT_HELP}

Examples:
  arcrtc relay --secret @relay.secret
  arcrtc relay --secret @relay.secret --self-signed --http-port 9478
  arcrtc relay --secret @relay.secret --host 0.0.0.0 --cert cert.pem --key key.pem --max-bitrate 5M --max-total-bitrate 500M
  arcrtc relay --secret @relay.secret --id eu-1 --nats nats://127.0.0.1:4222
  arcrtc relay --config relay.json --log json
  arcrtc relay --secret @relay.secret --impair loss=2%,delay=30ms±10,reorder=1%,dup=0.1%,rebind=20s --seed 7
`;

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  const relay = addRelayOptions(create("relay").description("A relay: forwards media between peers that cannot meet."))
    // Otherwise it would take the flags of 'relay token' for its own.
    .enablePositionalOptions()
    .addHelpText("after", HELP)
    .action(async (_flags: unknown, command: Command) => {
      const { runRelay } = await import("../relay/run_relay.ts");
      done(await runRelay(command, io));
    });
  return addTokenCommand(relay, create, io);
}
