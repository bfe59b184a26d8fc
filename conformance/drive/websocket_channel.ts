/** A line over a WebSocket: a unit a frame, as it is; Phoenix arrays are the case's business. */
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import { tlsClientOptions, type TlsTrust } from "../../lib/net/open_stream.ts";
import { MAX_MESSAGE_BYTES } from "../../lib/net/signaling_link.ts";
import { PLAIN_SUBPROTOCOL, WEBSOCKET_OPTIONS } from "../../lib/net/websocket_link.ts";
import type { Line, LineChannel } from "./line.ts";

export interface WebSocketWish {
  readonly url: URL;
  readonly format: "plain" | "phoenix";
  readonly trust: TlsTrust;
  /** Frames are binary, which the protocol does not know. */
  readonly binary?: boolean;
}

export function webSocketChannel(line: Line, wish: WebSocketWish, timeoutMs: number): Promise<LineChannel> {
  const { url, format, trust, binary = false } = wish;
  const socket = new WebSocket(url, format === "plain" ? [PLAIN_SUBPROTOCOL] : [], {
    ...tlsClientOptions(trust),
    ...WEBSOCKET_OPTIONS,
    handshakeTimeout: timeoutMs,
    maxPayload: 2 * MAX_MESSAGE_BYTES,
  });
  const decoder = new TextDecoder();
  return new Promise((resolve, reject) => {
    socket.on("error", (error: Error) => {
      line.ended(error.message);
      reject(error);
    });
    socket.on("message", (data: Uint8Array) => line.took(new Uint8Array(data)));
    socket.on("close", (code: number, reason: { toString(): string }) => line.ended(`closed (${code} ${reason})`));
    socket.once("open", () =>
      resolve({
        name: `${url.protocol}//${url.host}${url.pathname}`,
        send: (unit) => socket.send(binary ? unit : decoder.decode(unit)),
        close: () => socket.terminate(),
      }));
  });
}
