/** The flags of `arcrtc serve`. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_SERVER_LIMITS } from "../../lib/net/signaling_limits.ts";
import { MAX_MESSAGE_BYTES } from "../../lib/net/signaling_link.ts";
import { parseDurationMs } from "../peer/duration.ts";
import { LOG_FORMS, type LogForm } from "../ui/event_log.ts";
import type { BusFlags } from "./serve_bus.ts";
import type { RelayFlags } from "./serve_relays.ts";

/** As commander hands them over. */
export interface ServeFlags extends BusFlags, RelayFlags {
  readonly host: string;
  readonly port: number;
  readonly tcpPort?: number;
  readonly tcp: boolean;
  readonly udpPort?: number;
  readonly udp: boolean;
  readonly open?: boolean;
  readonly authSecret?: string;
  readonly authJwks?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly selfSigned?: boolean;
  readonly maxSessions: number;
  readonly maxConnections: number;
  readonly maxPerAddress?: number;
  readonly rate: number;
  readonly maxMessage: number;
  readonly sendBuffer: number;
  readonly idle: number;
  readonly joinTimeout: number;
  readonly drain: number;
  readonly log?: LogForm;
  readonly json?: boolean;
}

export function addServeOptions(command: Command): Command {
  const limits = DEFAULT_SERVER_LIMITS;
  const count = (flags: string, text: string, value: number, most: number) =>
    new Option(flags, text).argParser(wholeNumber(1, most)).default(value);
  return command
    .option("--host <ip>", "address to listen on", "127.0.0.1")
    .addOption(new Option("--port <port>", "WebSocket; 0 lets the system choose").argParser(port).default(7480))
    .addOption(
      new Option("--tcp-port <port>", "TCP, or TLS with a certificate (default: the next after --port)").argParser(
        port,
      ),
    )
    .option("--no-tcp", "no TCP or TLS")
    .addOption(new Option("--udp-port <port>", "UDP, for heartbeats only (default: as --port)").argParser(port))
    .option("--no-udp", "no UDP")
    .option("--open", "anybody may join; on this machine's own addresses only")
    .option("--auth-secret <text>", "joins need a JWT signed HS256 with this; @FILE reads it (or ARCRTC_AUTH_SECRET)")
    .option("--auth-jwks <file>", "joins need a JWT signed with one of these keys, ES256 or HS256; a file or https URL")
    .option("--cert <pem>", "certificate (chain): wss:// and tls://, TLS 1.3 only")
    .option("--key <pem>", "the private key of --cert")
    .option("--self-signed", "make a certificate for this run and print its fingerprint")
    .addOption(
      new Option(
        "--relay <relay>",
        "hand out this relay: ID@HOST:PORT[/PRIORITY], lower first; for several, repeat it or use commas",
      ).argParser((text, before: readonly string[] = []) => [...before, text]),
    )
    .option("--relay-secret <hex>", "the secret shared with the relays; @FILE reads it (or ARCRTC_RELAY_SECRET)")
    .addOption(
      new Option("--relay-token-ttl <time>", "how long a peer may bind to its relays").argParser(time)
        .default(86_400_000, "24h"),
    )
    .option("--nats <url>", "share sessions over this NATS server; @FILE reads the URL (or ARCRTC_NATS)")
    .option("--nats-ca <pem>", "who has signed the certificate of --nats tls://... (default: the system's authorities)")
    .option("--server-id <name>", "this server's name among those that share sessions (default: a random one)")
    .addOption(count("--max-sessions <n>", "sessions at a time", limits.maxSessions, 10_000_000))
    .addOption(count("--max-connections <n>", "connections at a time", limits.maxConnections, 1_000_000))
    .addOption(
      new Option(
        "--max-per-address <n>",
        `connections of one address (default: ${limits.maxPerAddress}; with --open: no limit of its own)`,
      ).argParser(wholeNumber(1, 1_000_000)),
    )
    .addOption(count("--rate <n>", "messages per second and connection", limits.messagesPerSecond, 1_000_000))
    .addOption(count("--max-message <bytes>", "longest message", MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES))
    .addOption(count("--send-buffer <bytes>", "what may wait for a slow reader", limits.sendBufferBytes, 1 << 30))
    .addOption(new Option("--idle <time>", "silence that ends a connection").argParser(time).default(90_000, "90s"))
    .addOption(
      new Option("--join-timeout <time>", "time to finish the handshake and join").argParser(time)
        .default(10_000, "10s"),
    )
    .addOption(
      new Option("--drain <time>", "time that sessions get to end after SIGTERM or Ctrl-C").argParser(time)
        .default(10_000, "10s"),
    )
    .addOption(
      new Option("--log <form>", "events on standard error (default: text; none with --json)").choices(LOG_FORMS),
    )
    .option("--json", "addresses as a JSON line on standard output, then one line per event");
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

const port = wholeNumber(0, 65_535);

function time(text: string): number {
  const durationMs = /^0+$/.test(text) ? 0 : parseDurationMs(text);
  if (durationMs === undefined) throw new InvalidArgumentError("It takes a time such as 500ms, 10s, 2m or 1h.");
  return durationMs;
}
