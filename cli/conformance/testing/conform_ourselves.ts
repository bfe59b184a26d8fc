/**
 * `deno task conform`: this project's own programs before the whole suite, as anybody's would be: `arcrtc testee`, `serve`,
 * `relay` and `peer` as processes, over sockets, with a capture of a call. Flags go to `arcrtc conformance`.
 *
 * Peers, of which the suite starts some hundreds, are run from a bundle: from its sources, a peer spends more time on
 * loading than on its call. With a `nats-server` the suite is another server on its bus; without one it says so of each
 * case that needs it.
 */
import { PlayedSite } from "../../../conformance/drive/played_sites.ts";
import { formatHostPort } from "../../../lib/base/address_table.ts";
import { toHex } from "../../../lib/base/bytes.ts";
import { systemClock } from "../../../lib/net/clock.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { NATS_SERVER_ABSENT, NatsServer } from "../../../lib/net/testing/nats_server.ts";
import { EXIT } from "../../exit_codes.ts";
import { ArcrtcProcess } from "../../peer/testing/arcrtc_process.ts";
import { bundleProgram } from "../../testing/bundle.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const CAPTURE = new URL("../../../fixtures/captures/call-relay", import.meta.url).pathname;

function command(program: string, ...words: readonly string[]): string {
  return [Deno.execPath(), "run", "--quiet", "-A", "--unstable-net", program, ...words].join(" ");
}

/** Enough for a server to choose from. */
const PLAYED_RELAYS = 5;

/** Places that are free over UDP and TCP alike, for the relays that the suite plays. */
async function freePlaces(): Promise<readonly string[]> {
  const sites = Array.from(
    { length: PLAYED_RELAYS },
    () => new PlayedSite({ host: "127.0.0.1", port: 0 }, systemClock()),
  );
  for (const site of sites) await site.close();
  return sites.map(({ place }) => formatHostPort(place));
}

async function conform(flags: readonly string[]): Promise<number> {
  const directory = await Deno.makeTempDir();
  if (NATS_SERVER_ABSENT !== undefined) console.error(`no bus: ${NATS_SERVER_ABSENT}`);
  const bus = NATS_SERVER_ABSENT === undefined ? await NatsServer.start() : undefined;
  try {
    const onBus = bus === undefined ? [] : ["--nats", bus.url];
    const together = await conformTogether(await bundleProgram(directory), onBus, flags);
    return together === EXIT.ok ? await conformOpenOverTls(flags) : together;
  } finally {
    await bus?.stop();
    await Deno.remove(directory, { recursive: true });
  }
}

/** `onBus` is what programs and suite take to be on the bus. */
async function conformTogether(bundle: string, onBus: readonly string[], flags: readonly string[]): Promise<number> {
  const secret = toHex(new SystemRng().fill(new Uint8Array(32)));
  const authSecret = toHex(new SystemRng().fill(new Uint8Array(32)));
  const relay = new ArcrtcProcess([
    ...["relay", "--secret", secret, "--udp-port", "0", "--tcp-port", "0", "--tls-port", "0", "--self-signed"],
    // Cases about priority meet the limit of a session.
    ...["--max-bitrate", "5M", "--http-port", "0", "--json", ...onBus],
  ]);
  const started = [relay];
  try {
    const { urls: places } = await relay.event("listening");
    const [udp] = places.udp;
    const played = await freePlaces();
    const server = new ArcrtcProcess([
      ...["serve", "--auth-secret", authSecret, "--port", "0", "--max-per-address", "2000", ...onBus],
      ...["--relay", `relay@${udp.replace(/^udp:\/\//, "")}`, "--relay-secret", secret, "--json"],
      ...played.flatMap((place, i) => ["--relay", `played-${i + 1}@${place};metrics=http://${place}/metrics`]),
    ]);
    started.push(server);
    const { urls } = await server.event("listening");
    const served: readonly string[] = [urls.phoenix, urls.plain, urls.stream, urls.udp];
    const relays: readonly string[] = [udp, ...places.tcp, ...places.tls];
    const peer = [
      "--signal {signal} --session {session} --peer-id {peer} --reduced-header --send test:audio --send test:video",
      "--relay=suite@{relay};token={relay_token} --tls-ca={ca} --token={token}",
    ].join(" ");
    return await runSuite([
      ...["--command", command(MAIN, "testee")],
      ...served.flatMap((url) => ["--target", url]),
      ...["--auth-secret", authSecret, ...onBus],
      ...relays.flatMap((url) => ["--relay", url]),
      ...["--relay-secret", secret, "--insecure", "--relay-metrics", places.metrics[0]],
      ...[
        "--relay-command",
        command(MAIN, "relay", "--secret {secret} --udp-port {port} --no-tcp --http-port {metrics}"),
      ],
      ...["--relay-drain", "sh -c 'kill -TERM {pid}'"],
      ...played.flatMap((place) => ["--play-relay", `udp://${place}`]),
      ...["--peer-call", command(bundle, "peer", "call", peer)],
      ...["--peer-listen", command(bundle, "peer", "listen", peer)],
      ...["--capture", `${CAPTURE}.pcap`, "--keylog", `${CAPTURE}.keys`],
      ...flags,
    ]);
  } finally {
    for (const process of started) await process.kill();
  }
}

/** What one server cannot be at once: one that wants tokens and listens without TLS, and one that does neither. */
async function conformOpenOverTls(flags: readonly string[]): Promise<number> {
  const server = new ArcrtcProcess([
    ...["serve", "--open", "--self-signed", "--port", "0", "--max-per-address", "2000", "--json"],
  ]);
  try {
    const { urls } = await server.event("listening");
    const served: readonly string[] = [urls.phoenix, urls.plain, urls.stream];
    const code = await runSuite([
      ...served.flatMap((url) => ["--target", url]),
      ...["--insecure", "--area", "transport", "--area", "robustness", ...flags],
    ]);
    // The flags may name cases that are not among these.
    return code === EXIT.nothingSelected ? EXIT.ok : code;
  } finally {
    await server.kill();
  }
}

async function runSuite(flags: readonly string[]): Promise<number> {
  const args = ["run", "--quiet", "-A", MAIN, "conformance", ...flags];
  const { code } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn().status;
  return code;
}

if (import.meta.main) Deno.exit(await conform(Deno.args));
