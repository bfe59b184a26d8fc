/** From written settings to what the relay is started with. Every error says where the value stands and what to write. */
import type { HostPort } from "../../lib/base/address_table.ts";
import { chooseCryptoBackend } from "../../lib/net/crypto_choice.ts";
import type { NatsAddress } from "../../lib/net/nats_bus.ts";
import type { RelayServerOptions } from "../../lib/net/relay_server.ts";
import type { IoChoice } from "../../lib/net/udp_io.ts";
import { isIp } from "../../lib/signaling/messages/address.ts";
import { parseDurationMs } from "../peer/duration.ts";
import { tlsIdentity } from "../serve/serve_tls.ts";
import { parseBitrate } from "../ui/bitrate.ts";
import { CliError } from "../ui/cli_error.ts";
import { readImpairment } from "../ui/impairment.ts";
import type { Io } from "../ui/io.ts";
import { chooseUdpIo } from "../ui/io_backend.ts";
import { natsAddress } from "../ui/nats_url.ts";
import { relaySecret } from "../ui/relay_secret.ts";
import { LOG_FORMS, type LogForm } from "../ui/event_log.ts";
import type { SettingName, Written, WrittenSettings } from "./relay_settings.ts";

export interface RelayPlan {
  readonly io: IoChoice;
  readonly server: RelayServerOptions;
  /** Where it publishes its status. */
  readonly nats: NatsAddress | undefined;
  readonly drainMs: number;
  readonly json: boolean;
  readonly log: LogForm;
}

/** Two bound addresses for a session, and some for those who are not: what a UDP socket's table holds. */
const MAX_SESSIONS = 1_000_000;
const MAX_WORKERS = 64;

/** Reads every setting; loads or makes the certificate. @throws CliError */
export async function planRelay(written: WrittenSettings, io: Io, unixMs: number): Promise<RelayPlan> {
  const read = new SettingReader(written);
  const hosts = read.hosts();
  const at = (port: number): HostPort[] => hosts.map((host) => ({ host, port }));
  const udpPort = read.whole("udp-port", 0, 65_535) ?? 0;
  const tls = await tlsIdentity(
    {
      host: hosts[0],
      ...read.optional("cert"),
      ...read.optional("key"),
      selfSigned: read.isOn("self-signed"),
    },
    unixMs,
  );
  const httpPort = read.whole("http-port", 0, 65_535);
  const impair = read.impairment();
  const json = read.isOn("json");
  const udpIo = chooseUdpIo(io, written.io?.text);
  const workers = read.whole("workers", 1, MAX_WORKERS);
  const isNative = udpIo.name === "native";
  if (!isNative && workers > 1) {
    throw new CliError(
      "usage",
      `--workers ${workers} needs --io native: ${udpIo.why}`,
      "on Linux, give Deno --allow-ffi; --io deno forwards on one thread",
    );
  }
  const server: RelayServerOptions = {
    ...(isNative ? { workers } : {}),
    relayId: read.id(),
    secret: requireSecret(written.secret, io),
    crypto: chooseCryptoBackend("auto").backend,
    udp: read.isOn("udp") ? at(udpPort) : [],
    tcp: read.isOn("tcp") ? at(read.whole("tcp-port", 0, 65_535) ?? udpPort) : [],
    ...(tls === undefined ? {} : { tls: at(read.whole("tls-port", 0, 65_535) ?? 0), tlsIdentity: tls }),
    ...(httpPort === undefined ? {} : { http: { host: read.httpHost(), port: httpPort } }),
    limits: {
      maxSessions: read.whole("max-sessions", 1, MAX_SESSIONS),
      sessionBps: read.rate("max-bitrate"),
      totalBps: read.rate("max-total-bitrate") ?? Infinity,
      sessionPps: read.whole("max-packets", 1, 10_000_000),
      bindingsPerSource: read.whole("max-bindings", 1, 1_000_000),
      messagesPerSource: read.whole("max-messages", 1, 1_000_000),
      queueMs: read.duration("queue-time"),
    },
    connectionLimits: {
      maxConnections: read.whole("max-connections", 1, 1_000_000),
      maxPerAddress: read.whole("max-per-address", 1, 1_000_000),
      bindTimeoutMs: read.duration("bind-timeout"),
    },
    ...(impair === undefined ? {} : { impairment: impair }),
  };
  if (server.udp?.length === 0 && server.tcp?.length === 0 && tls === undefined) {
    throw new CliError(
      "usage",
      "nothing is left to listen on",
      "leave out --no-udp or --no-tcp, or give a certificate",
    );
  }
  return {
    server,
    io: udpIo,
    nats: natsAddress(written.nats?.text, written.nats?.where ?? "--nats", written["nats-ca"]?.text, io),
    drainMs: read.duration("drain"),
    json,
    log: read.logForm() ?? (json ? "none" : "text"),
  };
}

/** @throws CliError when there is none, or one that cannot be used. */
export function requireSecret(written: Written | undefined, io: Io): Uint8Array {
  const secret = relaySecret(written?.text, written?.where ?? "--secret", io);
  if (secret !== undefined) return secret;
  throw new CliError(
    "usage",
    "there is no secret to check tokens with",
    "openssl rand -hex 32 > FILE makes one; relay and signaling server take the same, as @FILE",
  );
}

/** Reads written settings by kind. Where none is written there is no value. */
class SettingReader {
  readonly #written: WrittenSettings;

  constructor(written: WrittenSettings) {
    this.#written = written;
  }

  optional(name: "cert" | "key"): { readonly cert?: string; readonly key?: string } {
    const written = this.#written[name];
    return written === undefined ? {} : { [name]: written.text };
  }

  isOn(name: SettingName): boolean {
    return this.#read(name, "it takes true or false", (text) => SWITCH[text.toLowerCase()]) ?? false;
  }

  whole(name: "tcp-port" | "http-port", least: number, most: number): number | undefined;
  whole(name: SettingName, least: number, most: number): number;
  whole(name: SettingName, least: number, most: number): number | undefined {
    return this.#read(name, `it takes a whole number from ${least} to ${most}`, (text) => {
      const value = Number(text);
      return /^\d+$/.test(text) && value >= least && value <= most ? value : undefined;
    });
  }

  rate(name: "max-total-bitrate"): number | undefined;
  rate(name: SettingName): number;
  rate(name: SettingName): number | undefined {
    return this.#read(name, "it takes bits per second such as 500k, 20M or 1G", (text) => {
      const bps = parseBitrate(text) ?? 0;
      return bps >= 1000 ? bps : undefined;
    });
  }

  duration(name: SettingName): number {
    const words = "it takes a time such as 500ms, 10s, 2m or 1h";
    return this.#read(name, words, (text) => /^0+$/.test(text) ? 0 : parseDurationMs(text)) ?? 0;
  }

  hosts(): readonly string[] {
    const words = "it takes IP addresses: 127.0.0.1 is this machine, 0.0.0.0 every IPv4 address, :: every IPv6 one";
    const hosts = this.#read("host", words, (text) => {
      const list = text.split(",").map((host) => host.trim());
      return list.every(isIp) && new Set(list).size === list.length ? list : undefined;
    });
    return hosts ?? [];
  }

  httpHost(): string {
    return this.#read("http-host", "it takes an IP address", (text) => isIp(text) ? text : undefined) ?? "127.0.0.1";
  }

  id(): string {
    const words = "it takes 1 to 64 letters, digits and . _ -";
    return this.#read("id", words, (text) => /^[\w.-]{1,64}$/.test(text) ? text : undefined) ?? "";
  }

  logForm(): LogForm | undefined {
    return this.#read("log", `it takes ${LOG_FORMS.join(", ")}`, (text) => LOG_FORMS.find((form) => form === text));
  }

  impairment(): RelayServerOptions["impairment"] {
    const written = this.#written.impair;
    if (written === undefined) return undefined;
    return {
      impairment: readImpairment(written.text, written.where, "relay"),
      seed: this.whole("seed", 0, 0xffff_ffff),
    };
  }

  #read<T>(name: SettingName, words: string, parse: (text: string) => T | undefined): T | undefined {
    const written = this.#written[name];
    if (written === undefined) return undefined;
    const value = parse(written.text);
    if (value !== undefined) return value;
    throw new CliError("usage", `${written.where}: '${written.text}' cannot be used`, words);
  }
}

const SWITCH: Readonly<Record<string, boolean>> = { true: true, false: false, "1": true, "0": false };
