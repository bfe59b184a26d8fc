/** What can be probed: `udp://host:port`, `tcp://`, `tls://`, `ws://`, `wss://`; `relay://` is the way through one. */
import { parseSignalingUrl } from "./open_signaling.ts";
import type { TlsTrust } from "./open_stream.ts";

export type ProbeProtocol = "relay" | "udp" | "tcp" | "tls" | "ws" | "wss";

export interface ProbeTarget {
  /** As it was named, without a query, which may hold a token. */
  readonly name: string;
  readonly protocol: ProbeProtocol;
  /** Name or IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly url: URL;
  /** How WebSocket frames look; undefined for all others. */
  readonly format: "phoenix" | "plain" | undefined;
  readonly trust: TlsTrust;
  /** What a relay's tokens are issued with: for the way through it we are both peers. Secret. */
  readonly relaySecret: Uint8Array | undefined;
  /** JWT for servers whose Phoenix topics must be joined first. */
  readonly token: string | undefined;
}

export interface ProbeTargetOptions {
  readonly format?: "phoenix" | "plain" | undefined;
  readonly trust?: TlsTrust;
  readonly token?: string | undefined;
  readonly relaySecret?: Uint8Array | undefined;
}

/** Throws a TypeError that says what a target looks like. */
export function parseProbeTarget(text: string, options: ProbeTargetOptions = {}): ProbeTarget {
  const datagram = /^(udp|relay):/i.exec(text)?.[1].toLowerCase() as "udp" | "relay" | undefined;
  let url: URL;
  try {
    // Non-special schemes keep host and port alike, so UDP is judged as TCP is.
    url = parseSignalingUrl(datagram === undefined ? text : text.replace(/^[a-z]+:/i, "tcp:"));
  } catch {
    throw new TypeError(`'${text}' is no target: need udp://host:port, tcp://, tls://, ws://, wss:// or relay://`);
  }
  const protocol = datagram ?? url.protocol.slice(0, -1) as ProbeProtocol;
  const isWebSocket = protocol === "ws" || protocol === "wss";
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  return {
    name: `${protocol}://${url.host}${isWebSocket && url.pathname !== "/" ? url.pathname : ""}`,
    protocol,
    host,
    port: Number(url.port) || (protocol === "wss" ? 443 : 80),
    url,
    format: isWebSocket ? options.format ?? (url.pathname.endsWith("/plain") ? "plain" : "phoenix") : undefined,
    trust: options.trust ?? {},
    token: options.token,
    relaySecret: options.relaySecret,
  };
}
