/** A line over a WebSocket: a unit a text frame, as it is; Phoenix arrays are the case's business. */
import type { Socket } from "node:net";
import type { IncomingMessage } from "node:http";
// @ts-types="@types/ws"
import { WebSocket, WebSocketServer } from "ws";
import { readHttpHead } from "../../lib/net/http_head.ts";
import { tlsClientOptions, type TlsTrust } from "../../lib/net/open_stream.ts";
import { MAX_MESSAGE_BYTES } from "../../lib/net/signaling_link.ts";
import { PLAIN_SUBPROTOCOL, WEBSOCKET_OPTIONS } from "../../lib/net/websocket_link.ts";
import type { Line, LineChannel } from "./line.ts";
import { Breach } from "./outcome.ts";
import { withoutSignatures } from "../transcript.ts";

/** A frame may be too long, and shall be read all the same. */
const MAX_PAYLOAD_BYTES = 2 * MAX_MESSAGE_BYTES;

export interface WebSocketWish {
  readonly url: URL;
  readonly format: "plain" | "phoenix";
  readonly trust: TlsTrust;
  /** Frames are binary, which the protocol does not know. */
  readonly binary?: boolean;
}

/** To a server under test. */
export function webSocketChannel(line: Line, wish: WebSocketWish, timeoutMs: number): Promise<LineChannel> {
  const { url, format, trust, binary = false } = wish;
  const socket = new WebSocket(url, format === "plain" ? [PLAIN_SUBPROTOCOL] : [], {
    ...tlsClientOptions(trust),
    ...WEBSOCKET_OPTIONS,
    handshakeTimeout: timeoutMs,
    maxPayload: MAX_PAYLOAD_BYTES,
  });
  const channel = channelOver(line, socket, `${url.protocol}//${url.host}${url.pathname}`, binary);
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => resolve(channel));
  });
}

/** A WebSocket that the target has opened to us, and what it asked for. */
export interface ServedChannel extends LineChannel {
  /** Path and query. */
  readonly path: string;
  /** Subprotocols that it offered; ours is confirmed, else the first. */
  readonly protocols: readonly string[];
}

/**
 * The other way round: the target is the client of this connection, and gets its WebSocket whatever it asks for.
 *
 * @throws Breach where it asks for none in time
 */
export async function servedChannel(
  line: Line,
  socket: Socket,
  timeoutMs: number,
  binary: boolean,
): Promise<ServedChannel> {
  const { promise, resolve, reject } = Promise.withResolvers<ServedChannel>();
  const fails = (got: string) => reject(new Breach("a WebSocket handshake", got));
  const timer = setTimeout(() => fails(`nothing within ${timeoutMs} ms`), timeoutMs);
  let protocols: readonly string[] = [];
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    handleProtocols: (offered: Set<string>) => {
      protocols = [...offered];
      return offered.has(PLAIN_SUBPROTOCOL) ? PLAIN_SUBPROTOCOL : protocols[0] ?? false;
    },
    ...WEBSOCKET_OPTIONS,
  });
  server.once("wsClientError", (error: Error) => fails(error.message));
  socket.once("close", () => fails("the end of the connection"));
  readHttpHead(socket, (head, rest) => {
    if (head === undefined) return fails("what is no HTTP request");
    const { url: path } = head;
    // Of a request `ws` reads these alone: the method and the headers.
    server.handleUpgrade(head as unknown as IncomingMessage, socket, rest, (webSocket) => {
      const name = `a WebSocket of the peer under test at ${withoutSignatures(path)}`;
      resolve({ ...channelOver(line, webSocket, name, binary), path, protocols });
    });
  });
  return await promise.finally(() => clearTimeout(timer));
}

function channelOver(line: Line, socket: WebSocket, name: string, binary: boolean): LineChannel {
  const decoder = new TextDecoder();
  socket.on("error", (error: Error) => line.ended(error.message));
  socket.on("message", (data: Uint8Array, isBinary: boolean) => {
    if (!isBinary) return line.took(new Uint8Array(data));
    line.ended("it sent a binary frame");
    socket.terminate();
  });
  socket.on("close", (code: number, reason: { toString(): string }) => line.ended(`closed (${code} ${reason})`));
  return {
    name,
    send: (unit) => socket.send(binary ? unit : decoder.decode(unit)),
    close: () => socket.terminate(),
  };
}
