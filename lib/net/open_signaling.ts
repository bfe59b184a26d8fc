/** From a signaling URL to an open link: `ws://`, `wss://` (Phoenix or plain), `tcp://`, `tls://`. */
import type { TLSSocket } from "node:tls";
import type { IncomingMessage } from "node:http";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import { NetError } from "./net_error.ts";
import { checkPin, connectionError, openStream, tlsClientOptions, type TlsTrust } from "./open_stream.ts";
import { joinPhoenix } from "./phoenix_link.ts";
import { MAX_MESSAGE_BYTES, type SignalingLink, type SignalingLinkEvents } from "./signaling_link.ts";
import { certificateSha256, streamLink } from "./stream_link.ts";
import { PLAIN_SUBPROTOCOL, WEBSOCKET_OPTIONS, webSocketLink } from "./websocket_link.ts";

/** Where Phoenix listens unless the URL says otherwise (SPEC ARC-TRANSPORT-phoenix-url). */
const PHOENIX_PATH = "/socket/websocket";

/** A Phoenix frame is a message and a little more: references, topic, event. */
const MAX_FRAME_BYTES = MAX_MESSAGE_BYTES + 1024;

export interface SignalingTarget {
  /** `ws://host:port[/path]`, `wss://`, `tcp://host:port`, `tls://host:port`. */
  readonly url: string;
  /** How WebSocket frames look. Left out: plain where the path ends with `/plain`, else Phoenix. */
  readonly format?: "phoenix" | "plain";
  readonly sessionId: string;
  readonly peerId: string;
  /**
   * JWT that the server asks for; goes into the query of a WebSocket URL. Over TCP and TLS the first message carries it
   * (SPEC ARC-TRANSPORT-plain-join), which is `EndpointConfig.token`'s business.
   */
  readonly token?: string;
  readonly trust: TlsTrust;
  readonly timeoutMs: number;
}

/**
 * Opens a link. The events begin only when the promise has resolved.
 *
 * @throws NetError; TypeError for a URL that is none of these.
 */
export async function openSignaling(target: SignalingTarget, events: SignalingLinkEvents): Promise<SignalingLink> {
  const url = parseSignalingUrl(target.url);
  const { sessionId, peerId, timeoutMs, trust } = target;
  if (url.protocol === "tcp:" || url.protocol === "tls:") {
    const tls = url.protocol === "tls:" ? trust : undefined;
    const socket = await openStream(unbracket(url.hostname), Number(url.port), tls, timeoutMs);
    return streamLink(socket, `${url.protocol}//${url.host}`, events);
  }
  const format = webSocketFormat(url, target.format);
  if (format === "phoenix") {
    if (url.pathname === "/" || url.pathname === "") url.pathname = PHOENIX_PATH;
    url.searchParams.set("vsn", "2.0.0");
  }
  if (target.token !== undefined) url.searchParams.set("token", target.token);
  const open = (linkEvents: SignalingLinkEvents) => openWebSocket(url, format, trust, timeoutMs, linkEvents);
  return format === "phoenix" ? await joinPhoenix(open, { sessionId, peerId }, timeoutMs, events) : await open(events);
}

/**
 * True where a link to `target` joins a channel, which its URL authorises: no message then carries the token
 * (SPEC ARC-SIG-heartbeat-token).
 *
 * @throws TypeError for a URL that is none of signaling.
 */
export function hasChannels(target: Pick<SignalingTarget, "url" | "format">): boolean {
  const url = parseSignalingUrl(target.url);
  return url.protocol.startsWith("ws") && webSocketFormat(url, target.format) === "phoenix";
}

function webSocketFormat(url: URL, format: SignalingTarget["format"]): "phoenix" | "plain" {
  return format ?? (url.pathname.endsWith("/plain") ? "plain" : "phoenix");
}

/** Throws a TypeError that says what a signaling URL looks like. */
export function parseSignalingUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const known = url !== undefined && ["ws:", "wss:", "tcp:", "tls:"].includes(url.protocol) && url.hostname !== "";
  const stream = url?.protocol === "tcp:" || url?.protocol === "tls:";
  if (!known || (stream && url.port === "")) {
    throw new TypeError(`'${text}' is no signaling URL: need ws://host:port, wss://host:port, tcp:// or tls://`);
  }
  return url;
}

function openWebSocket(
  url: URL,
  format: "phoenix" | "plain",
  trust: TlsTrust,
  timeoutMs: number,
  events: SignalingLinkEvents,
): Promise<SignalingLink> {
  // The name goes into logs, so the query with its token stays out of it.
  const name = `${url.protocol}//${url.host}${url.pathname}`;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, format === "plain" ? [PLAIN_SUBPROTOCOL] : [], {
      ...tlsClientOptions(trust),
      ...WEBSOCKET_OPTIONS,
      handshakeTimeout: timeoutMs,
      maxPayload: MAX_FRAME_BYTES,
    });
    let certificate: string | undefined;
    socket.once("upgrade", (response: IncomingMessage) => {
      certificate = certificateSha256(response.socket as TLSSocket);
    });
    socket.once("unexpected-response", (_request: unknown, response: IncomingMessage) => {
      socket.terminate();
      reject(new NetError("refused", `${name} answers ${response.statusCode} ${response.statusMessage ?? ""}`.trim()));
    });
    const failed = (error: Error) => {
      const isOther = /subprotocol/i.test(error.message);
      reject(isOther ? new NetError("refused", `${name}: ${error.message}`) : connectionError(name, error));
    };
    socket.once("error", failed);
    socket.once("open", () => {
      socket.removeListener("error", failed);
      try {
        checkPin(trust, certificate, name);
        if (format === "plain" && socket.protocol !== PLAIN_SUBPROTOCOL) {
          throw new NetError("refused", `${name} does not speak ${PLAIN_SUBPROTOCOL}`);
        }
      } catch (error) {
        socket.terminate();
        socket.once("error", () => {});
        return reject(error);
      }
      resolve(webSocketLink(socket, name, certificate, events));
    });
  });
}

/** URL keeps the brackets of an IPv6 host, sockets don't want them. */
function unbracket(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
