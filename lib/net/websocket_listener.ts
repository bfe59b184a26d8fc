/** Accepts WebSockets over HTTP or HTTPS, and answers plain requests with small pages. */
import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
// @ts-types="@types/ws"
import { type WebSocket, WebSocketServer } from "ws";
import type { HostPort } from "../base/address_table.ts";
import type { Clock } from "./clock.ts";
import type { ConnectionGate } from "./connection_gate.ts";
import { type HttpHead, readHttpHead } from "./http_head.ts";
import { listenConnections, type Listener } from "./stream_listener.ts";
import type { TlsIdentity } from "./tls_identity.ts";
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
export function listenWebSocket<Format>(
  address: HostPort,
  tls: TlsIdentity | undefined,
  maxPayloadBytes: number,
  gate: ConnectionGate,
  clock: Clock,
  handlers: WebSocketHandlers<Format>,
): Promise<Listener> {
  // The subprotocol is decided before the handshake is answered; `ws` asks for it in between.
  let chosenProtocol: string | undefined;
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxPayloadBytes,
    handleProtocols: () => chosenProtocol ?? false,
    ...WEBSOCKET_OPTIONS,
  });
  const upgrade = (socket: Socket, head: HttpHead, rest: Buffer) => {
    const remote = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    const refuse = (status: number, text: string) => {
      answer(socket, status, text);
      handlers.refused(remote, text);
    };
    const request = readUpgrade(head);
    if (request === undefined) return refuse(400, "the request's URL cannot be read");
    const verdict = handlers.judge(request);
    if (verdict.kind === "refuse") return refuse(verdict.status, verdict.text);
    const refusal = gate.promote(socket);
    if (refusal === "gone") return void socket.destroy();
    if (refusal === "full") return refuse(503, "the server has its connections; try later");
    if (refusal === "address_full") return refuse(429, "this address has its connections; try later");
    chosenProtocol = verdict.protocol;
    // Of a request `ws` reads these alone: the method and the headers.
    webSockets.handleUpgrade(head as unknown as IncomingMessage, socket, rest, (webSocket) => {
      handlers.accepted(webSocket, verdict.format, verdict.token, remote);
    });
  };
  return listenConnections(address, tls, gate, clock, (socket) => {
    // Inside TLS this is another socket than the gate's, and an error that nobody hears would end the process.
    socket.on("error", () => {});
    readHttpHead(socket, (head, rest) => {
      if (head === undefined) answer(socket, 400, "this is no HTTP request");
      else if (wantsUpgrade(head)) upgrade(socket, head, rest);
      else answerPage(socket, head, handlers.page);
    });
  });
}

function wantsUpgrade({ headers }: HttpHead): boolean {
  return headers["upgrade"] !== undefined && /(^|,)[ \t]*upgrade[ \t]*(,|$)/i.test(headers["connection"] ?? "");
}

function readUpgrade({ url, headers }: HttpHead): UpgradeRequest | undefined {
  const full = `http://server${url}`;
  if (!url.startsWith("/") || !URL.canParse(full)) return undefined;
  const protocols = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  return { url: new URL(full), protocols, origin: headers["origin"] };
}

function answerPage(socket: Socket, { method, url }: HttpHead, pageOf: (path: string) => Page): void {
  if (method !== "GET" && method !== "HEAD") return answer(socket, 405, "only GET is answered here");
  const page = pageOf(url.split("?")[0]);
  sendPage(socket, method === "HEAD" ? { ...page, body: "" } : page, byteLength(page.body));
}

function answer(socket: Socket, status: number, text: string): void {
  const body = `${text}\n`;
  sendPage(socket, { status, contentType: "text/plain; charset=utf-8", body }, byteLength(body));
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** One page per connection: a kept-alive one would be cut off by the gate in the middle of its idling. */
function sendPage(socket: Socket, { status, contentType, body }: Page, contentLength: number): void {
  if (!socket.writable) return void socket.destroy();
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? "Refused"}\r\nconnection: close\r\ncontent-type: ${contentType}\r\n` +
      `content-length: ${contentLength}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n${body}`,
  );
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  426: "Upgrade Required",
  429: "Too Many Requests",
  503: "Service Unavailable",
};
