/** Where a relay is, as every command writes it: ID@HOST:PORT[/PRIORITY]. */
import { isHost } from "../../lib/signaling/messages/address.ts";
import type { CliError } from "./cli_error.ts";

export interface RelaySite {
  readonly id: string;
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** The lower is the better. */
  readonly priority: number;
}

const MAX_PRIORITY = 65_535;

/** `wrong` makes the error out of what is wrong. @throws CliError */
export function parseRelaySite(text: string, wrong: (why: string) => CliError): RelaySite {
  const match = /^([^@]*)@(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})(?:\/(\d{1,5}))?$/.exec(text);
  if (match === null) throw wrong(text.includes("@") ? "there is no HOST:PORT after the @" : "there is no ID@");
  const [, id, ipv6, name = "", portText, priority = "0"] = match;
  const host = ipv6 ?? name;
  if (!/^[\w.-]{1,64}$/.test(id)) throw wrong("an ID has 1 to 64 letters, digits, dots, dashes and underscores");
  if (!isHost(host) || (ipv6 !== undefined) !== host.includes(":")) throw wrong(`'${host}' is no host name or address`);
  if (Number(priority) > MAX_PRIORITY) throw wrong(`a priority is 0 to ${MAX_PRIORITY}, lower first`);
  const port = parsePort(portText);
  if (port === undefined) throw wrong(`a port is 1 to 65535, not ${portText}`);
  return { id, host, port, priority: Number(priority) };
}

/** 1 to 65535; undefined for anything else. */
export function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535 ? Number(text) : undefined;
}
