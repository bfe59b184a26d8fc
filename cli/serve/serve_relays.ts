/** What peers are told of relays: `--relay`, `--relay-secret`, `--relay-token-ttl`. */
import type { ServedRelay, ServerRelayOptions } from "../../lib/net/server_relays.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { relaySecret } from "../ui/relay_secret.ts";
import { parsePort, parseRelaySite } from "../ui/relay_site.ts";

export interface RelayFlags {
  readonly relay?: readonly string[];
  readonly relaySecret?: string;
  readonly relayTokenTtl: number;
}

/** More would be asked every second and never chosen from. */
const MAX_RELAYS = 64;
/** Time for a call to be set up, and for a clock that is a little off. */
const MIN_TTL_MS = 60_000;

const FORM = "ID@HOST:PORT[/PRIORITY][;metrics=URL][;tcp=PORT][;tls=PORT]";

/** Undefined without relays. @throws CliError */
export function servedRelays(flags: RelayFlags, io: Io): ServerRelayOptions | undefined {
  const sites = (flags.relay ?? []).flatMap((list) => list.split(",")).map(parseRelay);
  if (sites.length === 0) {
    if (flags.relaySecret === undefined) return undefined;
    throw new CliError("usage", "--relay-secret is given and no relay", `name the relays: --relay ${FORM}`);
  }
  if (sites.length > MAX_RELAYS) {
    throw new CliError("usage", `there are ${sites.length} relays, the limit is ${MAX_RELAYS}`, "leave some out");
  }
  const twice = sites.find(({ id }, i) => sites.findIndex((other) => other.id === id) !== i);
  if (twice !== undefined) {
    throw new CliError("usage", `two relays have the id ${twice.id}`, "peers tell relays apart by their ids");
  }
  const secret = relaySecret(flags.relaySecret, "--relay-secret", io);
  if (secret === undefined) {
    throw new CliError(
      "usage",
      "--relay needs --relay-secret",
      "give the secret that the relays were started with: --relay-secret @FILE, or ARCRTC_RELAY_SECRET",
    );
  }
  if (flags.relayTokenTtl < MIN_TTL_MS) {
    throw new CliError(
      "usage",
      "--relay-token-ttl is shorter than a minute",
      "a token must last as long as its call: 24h is the default",
    );
  }
  return { sites, secret, tokenTtlMs: flags.relayTokenTtl };
}

/** @throws CliError that says what is wrong with which one. */
export function parseRelay(text: string): ServedRelay {
  const wrong = (why: string) => new CliError("usage", `--relay ${text}: ${why}`, `a relay is ${FORM}`);
  const [place, ...options] = text.trim().split(";");
  const site = parseRelaySite(place, wrong);
  const given = new Map<string, string>();
  for (const option of options) {
    const [, name = "", value = ""] = /^(metrics|tcp|tls)=(.+)$/.exec(option) ?? [];
    if (name === "") throw wrong(`'${option}' is neither metrics=URL nor tcp=PORT nor tls=PORT`);
    if (given.has(name)) throw wrong(`${name} is given twice`);
    given.set(name, value);
  }
  const portOf = (value: string): number => {
    const port = parsePort(value);
    if (port === undefined) throw wrong(`a port is 1 to 65535, not ${value}`);
    return port;
  };
  const [metrics, tcp, tls] = ["metrics", "tcp", "tls"].map((name) => given.get(name));
  if (metrics !== undefined && !isWebUrl(metrics)) {
    throw wrong(`${metrics} is no http or https URL, or has a password in it`);
  }
  return {
    id: site.id,
    host: site.host,
    ports: {
      udp: site.port,
      ...(tcp === undefined ? {} : { tcp: portOf(tcp) }),
      ...(tls === undefined ? {} : { tls: portOf(tls) }),
    },
    priority: site.priority,
    ...(metrics === undefined ? {} : { metricsUrl: metrics }),
  };
}

function isWebUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // A password would stand in every message about the URL.
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}
