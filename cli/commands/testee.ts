import type { Command } from "commander";
import { chooseCrypto, cryptoOption } from "../ui/crypto_backend.ts";
import { jsonLine } from "../ui/envelope.ts";
import { VERSION } from "../version.ts";
import type { CommandContext } from "./command_entry.ts";

const HELP = `
One request per line, one answer per line, in order:
  {"id": 1, "op": "rtp.parse", "hex": "80ef..."}   ->   {"id": 1, "ok": {...}}
An answer has ok, fault (the input is bad), unsupported (no such op) or error (the request is malformed).
It ends with its input, never on bad input. {"op": "hello"} lists the ops.

Ops of the bridge to WebRTC, whose fields conformance/README.md has:
  bridge.sdp_to_connect  bridge.connect_to_sdp    SDP to CONNECT or CONNECT_ACK, and back
  bridge.rtp_to_arcrtp   bridge.arcrtp_to_rtp     unprotected packets, by a map
  bridge.rtcp            bridge.map               RTCP by it; the map of SDP and STREAM_STARTs
  bridge.select                                   ArcRTC, WebRTC or hybrid for a client

Examples:
  echo '{"id": 1, "op": "hello"}' | arcrtc testee
  echo '{"id": 2, "op": "unit.classify", "hex": "80c8"}' | arcrtc testee --crypto noble
  echo '{"id": 3, "op": "bridge.select", "supports_webrtc": true}' | arcrtc testee
`;

export function build(create: (name: string) => Command, { io }: CommandContext): Command {
  return create("testee")
    .description("Drives this library over JSON lines: the interface of the conformance suite.")
    .addOption(cryptoOption())
    .addHelpText("after", HELP)
    .action(async (options: { crypto?: string }) => {
      const { ownTestee } = await import("../../conformance/testee/own.ts");
      const { lineTooLong, MAX_LINE_BYTES } = await import("../../conformance/testee/testee.ts");
      const testee = ownTestee({ version: VERSION, crypto: chooseCrypto(io, options.crypto).backend, readFile });
      if (io.stdinIsTerminal) io.stderr("reading requests, one JSON object per line; Ctrl-D ends\n");
      for await (const line of io.stdinLines(MAX_LINE_BYTES)) {
        io.stdout(line.kind === "too_long" ? jsonLine(lineTooLong()) : `${testee.answerLine(line.text)}\n`);
      }
    });
}

/** A file of `keystore.open`. Whatever keeps it from being read, there is no key in it for us. */
function readFile(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch {
    return undefined;
  }
}
