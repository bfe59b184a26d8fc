/**
 * The settings of `arcrtc relay` in one table: flags, environment, configuration file and help are made from it. It loads
 * nothing of the relay, so that help is quick.
 */
import type { Command } from "commander";
import { DEFAULT_RELAY_CONNECTION_LIMITS } from "../../lib/net/relay_server_limits.ts";
import { IMPAIRMENT_SETTINGS } from "../../lib/relay/impairment.ts";
import { DEFAULT_RELAY_LIMITS } from "../../lib/relay/limits.ts";

export interface Setting {
  /** What the flag takes; none for a switch. */
  readonly takes?: string;
  readonly about: string;
  /** As it would be written; absent: unset. */
  readonly default?: string;
  /** A switch that is on by default: its flag is `--no-...`. */
  readonly isOn?: true;
}

const limits = DEFAULT_RELAY_LIMITS;
const connections = DEFAULT_RELAY_CONNECTION_LIMITS;

/** By the flag's name; `max-sessions` is ARCRTC_RELAY_MAX_SESSIONS and `max_sessions` in the file. */
export const RELAY_SETTINGS = {
  id: { takes: "name", about: "the relay's name in answers and status", default: "relay" },
  secret: { takes: "text", about: "what the signaling server signs tokens with, hex; @FILE reads it" },
  host: { takes: "ips", about: "addresses to listen on, with commas between", default: "127.0.0.1" },
  "udp-port": { takes: "port", about: "UDP; 0 lets the system choose", default: "3478" },
  udp: { about: "no UDP", isOn: true },
  "tcp-port": { takes: "port", about: "TCP (default: as --udp-port)" },
  tcp: { about: "no TCP", isOn: true },
  "tls-port": { takes: "port", about: "TLS, when there is a certificate", default: "5349" },
  cert: { takes: "pem", about: "certificate (chain) for TLS 1.3" },
  key: { takes: "pem", about: "the private key of --cert" },
  "self-signed": { about: "make a certificate for this run and print its fingerprint" },
  "http-port": { takes: "port", about: "/metrics, /healthz and /status (default: none)" },
  "http-host": { takes: "ip", about: "address of --http-port", default: "127.0.0.1" },
  nats: { takes: "url", about: "publish load and state on this NATS server; @FILE reads the URL (or ARCRTC_NATS)" },
  "nats-ca": { takes: "pem", about: "who has signed the certificate of --nats tls://..." },
  "max-bitrate": { takes: "rate", about: "bits per second of one session", default: rateText(limits.sessionBps) },
  "max-total-bitrate": { takes: "rate", about: "bits per second of all sessions (default: no limit)" },
  "max-packets": { takes: "n", about: "packets per second of one session", default: String(limits.sessionPps) },
  "max-sessions": { takes: "n", about: "sessions at a time", default: String(limits.maxSessions) },
  "max-bindings": { takes: "n", about: "bindings of one source address", default: String(limits.bindingsPerSource) },
  "max-messages": {
    takes: "n",
    about: "plain messages per second of one source address",
    default: String(limits.messagesPerSource),
  },
  "max-connections": { takes: "n", about: "TCP and TLS connections", default: String(connections.maxConnections) },
  "max-per-address": { takes: "n", about: "connections of one address", default: String(connections.maxPerAddress) },
  "queue-time": { takes: "time", about: "what a limit may hold back", default: `${limits.queueMs}ms` },
  "bind-timeout": {
    takes: "time",
    about: "how long a connection may be unbound",
    default: `${connections.bindTimeoutMs / 1000}s`,
  },
  drain: { takes: "time", about: "time that sessions get to end after SIGTERM or Ctrl-C", default: "60s" },
  impair: { takes: "spec", about: `a bad network: ${Object.keys(IMPAIRMENT_SETTINGS).join(", ")}; see below` },
  seed: { takes: "n", about: "what --impair draws from; the same seed does the same", default: "1" },
  io: { takes: "backend", about: "UDP sockets: auto, deno or native; native forwards in threads", default: "auto" },
  workers: {
    takes: "n",
    about: "threads that forward, with --io native; 1 a processor is the most that helps",
    default: "1",
  },
  log: { takes: "form", about: "events on standard error: text, json or none (default: text; none with --json)" },
  json: { about: "addresses as a JSON line on standard output, then one line per event" },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof RELAY_SETTINGS;

export const SETTING_NAMES = Object.keys(RELAY_SETTINGS) as SettingName[];

/** A setting as somebody wrote it, and where, for errors. */
export interface Written {
  readonly text: string;
  readonly where: string;
}

export type WrittenSettings = Readonly<Partial<Record<SettingName, Written>>>;

export function addRelayOptions(command: Command): Command {
  command.option("-c, --config <file>", "settings as a JSON object, names as the flags' with _ for -");
  for (const name of SETTING_NAMES) {
    const setting: Setting = RELAY_SETTINGS[name];
    const flag = setting.isOn ? `--no-${name}` : `--${name}`;
    const about = setting.default === undefined ? setting.about : `${setting.about} (default: ${setting.default})`;
    command.option(setting.takes === undefined ? flag : `${flag} <${setting.takes}>`, about);
  }
  return command;
}

/** `20M` for 20,000,000. */
export function rateText(bps: number): string {
  return bps % 1e6 === 0 ? `${bps / 1e6}M` : bps % 1e3 === 0 ? `${bps / 1e3}k` : String(bps);
}
