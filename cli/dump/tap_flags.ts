/** `--listen` and `--proxy`: where to listen, and whom to hand on to. */
import type { HostPort } from "../../lib/base/address_table.ts";
import { CliError } from "../ui/cli_error.ts";

export interface TapPlan {
  /** As it was written, for messages. */
  readonly text: string;
  /** As it was written: WebSocket is TCP to a proxy, and shown as what it is. */
  readonly scheme: string;
  readonly protocol: "udp" | "tcp";
  readonly listen: HostPort;
  /** Its host may be a name. */
  readonly target: HostPort | undefined;
}

/** WebSockets are byte streams to a proxy. */
const PROTOCOLS: Readonly<Record<string, TapPlan["protocol"]>> = { udp: "udp", tcp: "tcp", ws: "tcp" };
const PLACE = /^([a-z]+):\/\/(\[[^\]]+\]|[^:/[\]]+):(\d{1,5})\/?$/i;
const MAX_PORT = 65_535;

/** @throws CliError */
export function parseListen(text: string): TapPlan {
  const { scheme, protocol, address } = parsePlace("--listen", text);
  if (scheme === "ws") {
    throw new CliError(
      "usage",
      `--listen ${text}: a WebSocket needs somebody who answers`,
      "arcrtc serve answers; dump --proxy ws://HOST:PORT=ws://HOST:PORT stands in front of it",
    );
  }
  return { text, scheme, protocol, listen: address, target: undefined };
}

/** @throws CliError */
export function parseProxy(text: string): TapPlan {
  const [from, to, ...more] = text.split("=");
  if (to === undefined || more.length > 0) {
    throw new CliError(
      "usage",
      `--proxy ${text} is not understood`,
      "it takes A=B: udp://127.0.0.1:3479=udp://192.0.2.1:3478",
    );
  }
  const listen = parsePlace("--proxy", from);
  const target = parsePlace("--proxy", to.includes("://") ? to : `${from.slice(0, from.indexOf(":"))}://${to}`);
  if (target.scheme !== listen.scheme) {
    throw new CliError("usage", `--proxy ${text} begins with one protocol and ends with another`, "take one for both");
  }
  if (target.address.port === 0) throw new CliError("usage", `--proxy ${text}: nobody listens at port 0`);
  const { scheme, protocol, address } = listen;
  return { text, scheme, protocol, listen: address, target: target.address };
}

interface Place {
  readonly scheme: string;
  readonly protocol: TapPlan["protocol"];
  readonly address: HostPort;
}

function parsePlace(flag: string, text: string): Place {
  const [, written, host, port] = PLACE.exec(text) ?? [];
  if (written === undefined) {
    throw new CliError("usage", `${flag} ${text} is not understood`, "it takes udp://HOST:PORT, tcp:// or ws://");
  }
  const scheme = written.toLowerCase();
  const protocol = PROTOCOLS[scheme];
  if (protocol === undefined) {
    const hint = scheme === "tls" || scheme === "wss"
      ? "what TLS carries cannot be read on the way; --keylog opens media captured elsewhere"
      : "it takes udp://, tcp:// or ws://";
    throw new CliError("usage", `${flag} ${text}: ${scheme}:// cannot be listened to`, hint);
  }
  if (Number(port) > MAX_PORT) throw new CliError("usage", `${flag} ${text}: ports end at ${MAX_PORT}`);
  return { scheme, protocol, address: { host: host.replace(/^\[|\]$/g, ""), port: Number(port) } };
}
