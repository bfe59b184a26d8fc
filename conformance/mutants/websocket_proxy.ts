/** Stands in front of a server's WebSocket listener and changes what passes. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
// @ts-types="@types/ws"
import { WebSocket, WebSocketServer } from "ws";

/** What becomes of a frame: itself, others, or none. What was binary goes on as text. */
export interface FrameChange {
  /** `answer` says something to the client meanwhile. */
  readonly toServer?: (text: string, answer: (text: string) => void) => readonly string[];
  readonly toClient?: (text: string) => readonly string[];
  /** False lets a client in that offers no subprotocol that the server takes. */
  readonly confirmsProtocol?: boolean;
  /** False keeps from the server which subprotocols the client offers. */
  readonly offersProtocol?: boolean;
  /** Path and query that the server is asked for, out of what the client asks for. */
  readonly path?: (path: string) => string;
  /** What goes to the server is binary. */
  readonly sendsBinary?: boolean;
}

export interface WebSocketProxy {
  /** Path and query of the server's URL, at another place. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startWebSocketProxy(upstream: string, change: FrameChange): Promise<WebSocketProxy> {
  const { toServer = asIs, toClient = asIs, path = String } = change;
  const { confirmsProtocol = true, offersProtocol = true, sendsBinary = false } = change;
  const sockets = new Set<WebSocket>();
  const listener = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered: Set<string>) => confirmsProtocol ? [...offered][0] ?? false : false,
  });
  const server = createServer();
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Uint8Array) => {
    const protocol = offersProtocol ? request.headers["sec-websocket-protocol"] : undefined;
    const there = new WebSocket(new URL(path(request.url ?? "/"), upstream), protocol === undefined ? [] : [protocol]);
    listener.handleUpgrade(request, socket, head as Parameters<typeof listener.handleUpgrade>[2], (here) => {
      const waiting: string[] = [];
      const send = (text: string) => {
        if (there.readyState === there.OPEN) there.send(sendsBinary ? new TextEncoder().encode(text) : text);
        else waiting.push(text);
      };
      sockets.add(here).add(there);
      here.on("message", (data: { toString(): string }) => {
        for (const text of toServer(data.toString(), (answer) => here.send(answer))) send(text);
      });
      there.on("open", () => waiting.splice(0).forEach(send));
      there.on("message", (data: { toString(): string }) => {
        for (const text of toClient(data.toString())) here.send(text);
      });
      for (const [one, other] of [[here, there], [there, here]]) {
        one.on("error", () => other.terminate());
        one.on("close", () => other.close());
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { pathname, search } = new URL(upstream);
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}${search}`,
    async stop() {
      for (const socket of sockets) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function asIs(text: string): readonly string[] {
  return [text];
}
