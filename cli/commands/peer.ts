import type { Command } from "commander";
import { addPeerOptions, type PeerFlags } from "../peer/peer_options.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
Two peers meet at a signaling server in a session; the media goes straight between them. 'arcrtc peer listen --help' and
'arcrtc peer call --help' show the flags.

Examples:
  arcrtc serve --open
  arcrtc peer listen --signal ws://127.0.0.1:7480 --session 6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55 --receive out
  arcrtc peer call --signal ws://127.0.0.1:7480 --session 6f1d3b0e-8a4c-4a52-9d0a-3f6e2b7c1d55 --send test:video
`;

const MEDIA_HELP = `
Media: --send takes Ogg Opus, IVF (VP9, AV1), Annex B (H.264, H.265), ADTS AAC, WAV and .g722 files. Each audio file is a
stream; several video files of one codec are renditions of one stream, best first, between which the quality rule
switches at key frames. --receive writes files of the same kinds: video-vp9.ivf, audio-opus.opus, ...; nothing is
overwritten. The call ends when both sides have sent everything, after --duration, or with Ctrl-C (summary, exit code 130).

Keys while it runs: r new keys, q end.

Trust: without --pin, --require-identity or --identity-ca the signaling server vouches for the peer; the command says so.
--identity self makes a certificate for this call; with --keystore (armoricore-keys files, encrypted under
ARMORICORE_MASTER_KEY) certificate and peer id stay the same from call to call, so that others can pin them.

Key log (--keylog, mode 0600; the same lines are in --pcap as a decryption secrets block of type 0x4172634b "ArcK"):
  ARCRTC_MASTER session_id epoch hex        one line for each epoch: the secret that all keys derive from
  ARCRTC_SUITE session_id suite authentication
  ARCRTC_STREAM session_id peer_id json     STREAM_START: whose packets are protected with which keys
`;

const PATH_HELP = `
Paths: straight over UDP, a relay over UDP (lower PRIORITY first), straight over TCP, a relay over TCP or TLS; the best
one that answers is used. Relays come from the server and from --relay; the latter are bound before the call, so that the
other peer learns our public address and NAT. 'arcrtc relay token' makes tokens for ;token=; --tls-ca and --insecure hold
for relays over TLS, too. --path is for tests: direct is straight over UDP or TCP, relay is through relays over either,
tcp is no UDP at all.
`;

const LISTEN_EXAMPLES = `
Examples:
  arcrtc peer listen --signal ws://127.0.0.1:7480
  arcrtc peer listen --signal wss://rtc.example:7480 --tls-ca ca.pem --keystore ~/.arcrtc --pin AB:CD:... --receive out
  arcrtc peer listen --signal tcp://127.0.0.1:7481 --send test:audio --wait 30s --json
`;

const CALL_EXAMPLES = `
Examples:
  arcrtc peer call --signal ws://127.0.0.1:7480 --session UUID --send talk.opus --send camera.ivf --receive out
  arcrtc peer call --signal ws://127.0.0.1:7480 --session UUID --send 720.ivf --send 360.ivf --send 180.ivf --loop
  arcrtc peer call --signal tls://rtc.example:7481 --tls-pin AB:CD:... --session UUID --send test:video --duration 10s
  arcrtc peer call --signal ws://127.0.0.1:7480 --session UUID --send test:tone --pcap call.pcapng --json
  arcrtc peer call --signal ws://127.0.0.1:7480 --session UUID --relay r1@relay.example:3478 \\
      --relay 'r1@relay.example:5349;tls' --relay-secret @relay.secret --explain-path
`;

export function build(create: (name: string) => Command, { io, done }: CommandContext): Command {
  const side = (name: string, role: "caller" | "callee", description: string, examples: string) =>
    addPeerOptions(create(name).description(description))
      .addHelpText("after", MEDIA_HELP + PATH_HELP + examples)
      .action(async (flags: PeerFlags) => {
        const { runPeer } = await import("../peer/run_peer.ts");
        done(await runPeer(role, flags, io));
      });
  return create("peer")
    .helpCommand(false)
    .description("One end of a call: sends media files or test media, writes what it receives.")
    .addHelpText("after", HELP)
    .addCommand(side("listen", "callee", "Waits in a session for another peer to call.", LISTEN_EXAMPLES))
    .addCommand(side("call", "caller", "Calls the peer that waits, or will come, in a session.", CALL_EXAMPLES));
}
