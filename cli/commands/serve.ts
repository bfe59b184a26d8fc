import type { Command } from "commander";
import { addServeOptions, type ServeFlags } from "../serve/serve_options.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
Peers meet here: the server passes their signaling on, never their media. It speaks WebSocket (Phoenix channels at
/socket/websocket, plain arcrtc.v1.json at /plain) and TCP, and needs no other service. /healthz and /metrics
(Prometheus) are on the WebSocket's port; the UDP port answers heartbeats, to measure the way.

A token is a JWT with the claims session, peer and exp. Its algorithm is the key's: HS256 for --auth-secret, ES256 or
HS256 for the keys of --auth-jwks.

With --relay each peer is told of two relays, the same as the other peer's, with tokens of its own. Which two depends on
the session, so that all relays get their share. A relay is asked over UDP every second; one that does not answer,
as none does that drains, is left out within 5 s, until it answers again. After a relay may come ;metrics=URL (its
/metrics: busy ones are then spared), ;tcp=PORT and ;tls=PORT (where it listens besides UDP); a shell wants quotes around those.

With --nats two peers of a session may be at two servers of one NATS server or cluster, and relays that publish there are
spared when they are busy. What the bus loses peers repeat; while it is down, it is tried again, and sessions whose peers
are at one server go on.

The first SIGTERM or Ctrl-C stops accepting and lets sessions end, for --drain at most; the second ends at once.

Examples:
  arcrtc serve --open
  arcrtc serve --open --port 0 --json
  arcrtc serve --open --self-signed
  arcrtc serve --host 0.0.0.0 --auth-secret @secret.txt --cert cert.pem --key key.pem
  arcrtc serve --open --relay eu-1@127.0.0.1:3478,eu-2@127.0.0.1:3480/10 --relay-secret @relay.secret
  arcrtc serve --open --nats nats://127.0.0.1:4222 --server-id eu-1
  arcrtc serve --auth-jwks jwks.json --max-sessions 500 --rate 20 --log json
`;

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  return addServeOptions(create("serve").description("A signaling server: lets two peers find each other and agree."))
    .addHelpText("after", HELP)
    .action(async (flags: ServeFlags) => {
      const { runServe } = await import("../serve/run_serve.ts");
      done(await runServe(flags, io));
    });
}
