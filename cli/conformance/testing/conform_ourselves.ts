/**
 * `deno task conform`: this project's own programs before the whole suite, as anybody's would be: `arcrtc testee`, `serve`,
 * `relay` and `peer` as processes, over sockets, with a capture of a call. Flags go to `arcrtc conformance`.
 */
import { toHex } from "../../../lib/base/bytes.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { ArcrtcProcess } from "../../peer/testing/arcrtc_process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const CAPTURE = new URL("../../../fixtures/captures/call-relay", import.meta.url).pathname;

function command(...words: readonly string[]): string {
  return [Deno.execPath(), "run", "--quiet", "-A", MAIN, ...words].join(" ");
}

async function conform(flags: readonly string[]): Promise<number> {
  const secret = toHex(new SystemRng().fill(new Uint8Array(32)));
  const authSecret = toHex(new SystemRng().fill(new Uint8Array(32)));
  const relay = new ArcrtcProcess([
    ...["relay", "--secret", secret, "--udp-port", "0", "--tcp-port", "0", "--tls-port", "0", "--self-signed"],
    // Cases about priority meet the limit of a session.
    ...["--max-bitrate", "5M", "--json"],
  ]);
  const started = [relay];
  try {
    const { urls: places } = await relay.event("listening");
    const [udp] = places.udp;
    const server = new ArcrtcProcess([
      ...["serve", "--auth-secret", authSecret, "--port", "0", "--max-per-address", "2000"],
      ...["--relay", `relay@${udp.replace(/^udp:\/\//, "")}`, "--relay-secret", secret, "--json"],
    ]);
    started.push(server);
    const { urls } = await server.event("listening");
    const served: readonly string[] = [urls.phoenix, urls.plain, urls.stream, urls.udp];
    const relays: readonly string[] = [udp, ...places.tcp, ...places.tls];
    const peer = [
      "--signal {signal} --session {session} --peer-id {peer} --reduced-header --send test:audio --send test:video",
      "--relay=suite@{relay};token={relay_token} --tls-ca={ca}",
    ].join(" ");
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "-A", MAIN, "conformance", "--command", command("testee")],
        ...served.flatMap((url) => ["--target", url]),
        ...["--auth-secret", authSecret],
        ...relays.flatMap((url) => ["--relay", url]),
        ...["--relay-secret", secret, "--insecure"],
        ...["--peer-call", command("peer", "call", peer), "--peer-listen", command("peer", "listen", peer)],
        ...["--capture", `${CAPTURE}.pcap`, "--keylog", `${CAPTURE}.keys`],
        ...flags,
      ],
      stdin: "null",
    }).spawn().status;
    return code;
  } finally {
    for (const process of started) await process.kill();
  }
}

if (import.meta.main) Deno.exit(await conform(Deno.args));
