/** `arcrtc serve`, from flags to exit code. */
import { parseHex } from "../../lib/base/bytes.ts";
import { unwrap } from "../../lib/base/parsed.ts";
import { writeFingerprint } from "../../lib/crypto/certificate.ts";
import { isLoopback } from "../../lib/net/address_key.ts";
import { systemClock } from "../../lib/net/clock.ts";
import { ListenError } from "../../lib/net/listen.ts";
import type { ServerEvent } from "../../lib/net/signaling_events.ts";
import { SignalingServer, type SignalingServerOptions } from "../../lib/net/signaling_server.ts";
import { EXIT } from "../exit_codes.ts";
import { formatDuration } from "../peer/duration.ts";
import { onInterrupt } from "../peer/interrupt.ts";
import { CliError } from "../ui/cli_error.ts";
import { envelope, jsonLine } from "../ui/envelope.ts";
import { eventLog } from "../ui/event_log.ts";
import type { Io } from "../ui/io.ts";
import { painter } from "../ui/style.ts";
import type { ServeFlags } from "./serve_options.ts";
import { serverOptions } from "./serve_plan.ts";

/** What the command itself has to say, beside the server. */
type ServeEvent = ServerEvent | { readonly event: "stopped"; readonly sessions_cut_off: number };

/** Serves until a signal comes and the sessions have ended. @throws CliError before it has begun. */
export async function runServe(flags: ServeFlags, io: Io): Promise<number> {
  const clock = systemClock();
  const json = flags.json === true;
  const unixMs = () => clock.nowMs() + clock.unixOffsetMs;
  const log = eventLog<ServeEvent>("serve", io, { form: flags.log ?? (json ? "none" : "text"), json, unixMs });
  const options: SignalingServerOptions = { ...await serverOptions(flags, io, clock), log };
  const server = await start(options);
  const stopped = new Promise<void>((resolve) => onInterrupt(resolve));
  io.stdout(json ? jsonLine(envelope("serve", addresses(server, options))) : greeting(server, options, io));
  for (const text of warnings(options, unixMs())) {
    io.stderr(`${painter(io, "stderr")("yellow", "warning:")} ${text}\n`);
  }
  await stopped;
  if (server.sessions > 0 && !json) {
    const sessions = server.sessions === 1 ? "1 session" : `${server.sessions} sessions`;
    io.stderr(`waiting for ${sessions}, at most ${formatDuration(flags.drain)}; once more ends at once\n`);
  }
  const cutOff = await server.drain(flags.drain);
  log({ event: "stopped", sessions_cut_off: cutOff });
  return EXIT.ok;
}

async function start(options: SignalingServerOptions): Promise<SignalingServer> {
  try {
    return await SignalingServer.start(options);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new CliError("usage", error.message, listenHint(error));
  }
}

function listenHint({ kind, address }: ListenError): string | undefined {
  switch (kind) {
    case "in_use":
      return "end what listens there, or take other ports: --port, --tcp-port, --udp-port; 0 is any free one";
    case "not_permitted":
      return address.port < 1024 ? "ports below 1024 are the system's; take a higher one" : "give --allow-net to Deno";
    case "bad_address":
      return "--host takes an address of this machine; 127.0.0.1 is always one, 0.0.0.0 is all of them";
    case "other":
      return undefined;
  }
}

/** How people and the pins of `arcrtc peer` write it. */
function fingerprint(options: SignalingServerOptions): string | undefined {
  return options.tls === undefined ? undefined : writeFingerprint(unwrap(parseHex(options.tls.fingerprintSha256)));
}

function addresses(server: SignalingServer, options: SignalingServerOptions): object {
  const sha256 = fingerprint(options);
  return {
    event: "listening",
    urls: server.urls,
    auth: options.auth.name,
    ...(options.relays === undefined ? {} : { relays: options.relays.sites.map(({ id }) => id) }),
    ...(options.bus === undefined ? {} : { bus: options.bus.name, server_id: options.bus.serverId }),
    ...(sha256 === undefined ? {} : { certificate_sha256: sha256 }),
  };
}

function greeting(server: SignalingServer, options: SignalingServerOptions, io: Io): string {
  const paint = painter(io, "stdout");
  const { phoenix = "", plain, stream, udp, health, metrics } = server.urls;
  const sha256 = fingerprint(options);
  const rows: [string, string | undefined][] = [
    ["phoenix", phoenix],
    ["plain", plain],
    [options.tls === undefined ? "tcp" : "tls", stream],
    ["udp", udp && `${udp}  (heartbeats only)`],
    ["health", health],
    ["metrics", metrics],
    ["joins", options.auth.name === "open" ? "open to anybody on this machine" : "with a token (JWT)"],
    ["relays", options.relays?.sites.map(({ id }) => id).join(", ")],
    ["bus", options.bus && `${options.bus.name}, as ${options.bus.serverId}`],
    ["sha256", sha256],
  ];
  const pin = sha256 === undefined ? "" : ` --tls-pin ${sha256}`;
  const url = new URL(phoenix);
  return [
    "listening; Ctrl-C ends it",
    ...rows.flatMap(([name, value]) => value === undefined ? [] : [`  ${paint("cyan", name.padEnd(7))}  ${value}`]),
    `try: arcrtc peer listen --signal ${url.protocol}//${url.host}${pin}`,
    "",
  ].join("\n");
}

function warnings({ tls, webSocket, auth }: SignalingServerOptions, unixMs: number): string[] {
  const texts: string[] = [];
  if (tls === undefined && auth.name !== "open" && !isLoopback(webSocket?.host ?? "")) {
    texts.push("without TLS tokens can be read on the way: use --cert and --key, or put a TLS proxy in front");
  }
  if (tls !== undefined && tls.notAfterUnixMs < unixMs) {
    texts.push(`the certificate has expired on ${new Date(tls.notAfterUnixMs).toISOString().slice(0, 10)}`);
  }
  return texts;
}
