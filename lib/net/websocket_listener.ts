/** Accepts WebSockets over HTTP or HTTPS, and answers plain requests with small pages. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
// @ts-types="@types/ws"
import { type WebSocket, WebSocketServer } from "ws";
import type { HostPort } from "../base/address_table.ts";
import type { Clock } from "./clock.ts";
import type { ConnectionGate } from "./connection_gate.ts";
import { listenTcp } from "./listen.ts";
import type { Listener } from "./stream_listener.ts";
import { type TlsIdentity, tlsServerOptions } from "./tls_identity.ts";
import { WEBSOCKET_OPTIONS } from "./websocket_link.ts";

/** A request to become a WebSocket. */
export interface UpgradeRequest {
  readonly url: URL;
  /** Subprotocols that the client offers. */
  readonly protocols: readonly string[];
  /** Browsers name the page that asks; others leave it out. */
  readonly origin: string | undefined;
}

/** What becomes of it. `text` tells people what to do. */
export type UpgradeVerdict<Format> =
  | {
    readonly kind: "accept";
    readonly format: Format;
    /** The offered subprotocol to confirm; none where it is left out. */
    readonly protocol?: string;
    readonly token: string | undefined;
  }
  | { readonly kind: "refuse"; readonly status: number; readonly text: string };

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface WebSocketHandlers<Format> {
  judge(request: UpgradeRequest): UpgradeVerdict<Format>;
  accepted(socket: WebSocket, format: Format, token: string | undefined, remote: HostPort): void;
  /** A request was refused, before there was a WebSocket. */
  refused(remote: HostPort, why: string): void;
  page(path: string): Page;
}

/** @throws ListenError */
export async function listenWebSocket<Format>(
  address: HostPort,
  tls: TlsIdentity | undefined,
  maxPayloadBytes: number,
  gate: ConnectionGate,
  clock: Clock,
  handlers: WebSocketHandlers<Format>,
): Promise<Listener> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => answerPage(request, response, handlers);
  const server = tls === undefined
    ? createHttpServer(onRequest)
    : createHttpsServer(tlsServerOptions(tls), onRequest as Parameters<typeof createHttpsServer>[1]);
  // The subprotocol is decided before the handshake is answered; `ws` asks for it in between.
  let chosenProtocol: string | undefined;
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxPayloadBytes,
    handleProtocols: () => chosenProtocol ?? false,
    ...WEBSOCKET_OPTIONS,
  });
  const onUpgrade = (request: IncomingMessage, socket: Socket, head: Uint8Array) => {
    // Inside TLS this is another socket than the gate's, and nobody listens to it any more.
    socket.on("error", () => {});
    const remote = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    const refuse = (status: number, text: string) => {
      refuseUpgrade(socket, status, text);
      handlers.refused(remote, text);
    };
    const upgrade = readUpgrade(request);
    if (upgrade === undefined) return refuse(400, "the request's URL cannot be read");
    const verdict = handlers.judge(upgrade);
    if (verdict.kind === "refuse") return refuse(verdict.status, verdict.text);
    const refusal = gate.promote(socket);
    if (refusal === "gone") return void socket.destroy();
    if (refusal === "full") return refuse(503, "the server has its connections; try later");
    if (refusal === "address_full") return refuse(429, "this address has its connections; try later");
    chosenProtocol = verdict.protocol;
    webSockets.handleUpgrade(request, socket, head as Buffer, (webSocket) => {
      handlers.accepted(webSocket, verdict.format, verdict.token, remote);
    });
  };
  server.on("upgrade", onUpgrade);
  server.on("connection", (socket: Socket) => gate.enter(socket, clock.nowMs()));
  server.on("clientError", (_error: Error, socket: Socket) => {
    socket.on("error", () => {});
    refuseUpgrade(socket, 400, "this is no HTTP request");
  });
  const bound = await listenTcp(server, address);
  return {
    address: bound,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function readUpgrade({ url, headers }: IncomingMessage): UpgradeRequest | undefined {
  const full = `http://server${url ?? ""}`;
  if (url?.startsWith("/") !== true || !URL.canParse(full)) return undefined;
  const protocols = String(headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  return { url: new URL(full), protocols, origin: headers.origin };
}

/** One page per connection: a kept-alive one would be cut off by the gate in the middle of its idling. */
function answerPage(request: IncomingMessage, response: ServerResponse, handlers: WebSocketHandlers<unknown>): void {
  request.resume();
  const isRead = request.method === "GET" || request.method === "HEAD";
  const page = isRead
    ? handlers.page((request.url ?? "").split("?")[0])
    : { status: 405, contentType: "text/plain; charset=utf-8", body: "only GET is answered here\n" };
  response.writeHead(page.status, {
    "content-type": page.contentType,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    connection: "close",
  });
  response.end(page.body);
}

function refuseUpgrade(socket: Socket, status: number, text: string): void {
  if (!socket.writable) return void socket.destroy();
  const body = `${text}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? "Refused"}\r\nconnection: close\r\n` +
      `content-type: text/plain; charset=utf-8\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  426: "Upgrade Required",
  429: "Too Many Requests",
  503: "Service Unavailable",
};
