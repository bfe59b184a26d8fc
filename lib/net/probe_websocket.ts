/**
 * Probes over a WebSocket whose server may know nothing of ArcRTC: ping frames, which every server answers, and
 * HEARTBEATs in Phoenix frames before anything is joined (SPEC ARC-TRANSPORT-server-nil-heartbeat).
 */
import type { TLSSocket } from "node:tls";
import type { IncomingMessage } from "node:http";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import { utf8 } from "../base/bytes.ts";
import type { Rng } from "../base/rng.ts";
import { uuidV4 } from "../base/uuid.ts";
import { isJsonObject, type JsonObject, writeJson } from "../signaling/json_value.ts";
import { parsePhoenixFrame, topicOf } from "../signaling/phoenix_frame.ts";
import type { Clock } from "./clock.ts";
import { NetError } from "./net_error.ts";
import { checkPin, connectionError, tlsClientOptions } from "./open_stream.ts";
import { FOREIGN_END, type ProbeChannel, type ProbeChannelEvents } from "./probe_channel.ts";
import type { ProbeTarget } from "./probe_target.ts";
import { MAX_MESSAGE_BYTES } from "./signaling_link.ts";
import { PHOENIX_PATH } from "./signaling_routes.ts";
import { certificateSha256 } from "./stream_link.ts";
import { PLAIN_SUBPROTOCOL, WEBSOCKET_OPTIONS } from "./websocket_link.ts";

/** Times ping frames. Throws NetError. */
export async function openWebSocketPing(
  target: ProbeTarget,
  timeoutMs: number,
  clock: Clock,
  events: ProbeChannelEvents,
): Promise<ProbeChannel> {
  const socket = await connect(target, timeoutMs);
  socket.on("pong", (data: { toString(): string }) => {
    const receivedMs = clock.nowMs();
    const sequence = Number(data.toString());
    if (Number.isSafeInteger(sequence)) events.echo(sequence, receivedMs);
  });
  return channelOver(socket, "websocket-ping", clock, events, ({ sequence }) => socket.ping(utf8(String(sequence))));
}

/** Pushes HEARTBEATs on a topic that is never joined. Throws NetError. */
export async function openPhoenixProbe(
  target: ProbeTarget,
  timeoutMs: number,
  clock: Clock,
  rng: Rng,
  events: ProbeChannelEvents,
): Promise<ProbeChannel> {
  const topic = topicOf(uuidV4(rng));
  const socket = await connect(target, timeoutMs);
  socket.on("message", (data: { toString(): string }, isBinary: boolean) => {
    const receivedMs = clock.nowMs();
    const message = isBinary ? undefined : messageIn(data.toString());
    if (message !== undefined) events.unit(writeJson(message), receivedMs);
  });
  return channelOver(
    socket,
    "heartbeat",
    clock,
    events,
    ({ sequence, text }) => socket.send(`[null,"${sequence}","${topic}","HEARTBEAT",${text}]`),
  );
}

/** The message that a frame carries: a push, or the ERROR in the reply to one. */
function messageIn(text: string): JsonObject | undefined {
  const frame = parsePhoenixFrame(text);
  if (!frame.ok) return undefined;
  const { event, payload } = frame.value;
  if (event !== "phx_reply") return payload;
  return payload.status === "error" && isJsonObject(payload.response) ? payload.response : undefined;
}

function channelOver(
  socket: WebSocket,
  method: ProbeChannel["method"],
  clock: Clock,
  events: ProbeChannelEvents,
  write: (question: Parameters<ProbeChannel["send"]>[0]) => void,
): ProbeChannel {
  let isOpen = true;
  const over = (why: string) => {
    if (!isOpen) return;
    isOpen = false;
    socket.terminate();
    events.closed(why);
  };
  socket.on("close", (code: number) => over(`closed by the other side (${code})`));
  socket.on("error", (error: Error) => over(error.message));
  return {
    method,
    isDatagram: false,
    ...FOREIGN_END,
    send(question) {
      if (!isOpen || socket.readyState !== socket.OPEN) return undefined;
      const sentMs = clock.nowMs();
      write(question);
      return sentMs;
    },
    close() {
      isOpen = false;
      // The other side may be silent for ever: a prober does not wait for its goodbye.
      socket.terminate();
    },
  };
}

function connect(target: ProbeTarget, timeoutMs: number): Promise<WebSocket> {
  const { trust, name } = target;
  const url = new URL(target.url);
  if (target.format === "phoenix") {
    if (url.pathname === "/") url.pathname = PHOENIX_PATH;
    url.searchParams.set("vsn", "2.0.0");
  }
  if (target.token !== undefined) url.searchParams.set("token", target.token);
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, target.format === "plain" ? [PLAIN_SUBPROTOCOL] : [], {
      ...tlsClientOptions(trust),
      ...WEBSOCKET_OPTIONS,
      handshakeTimeout: timeoutMs,
      maxPayload: 2 * MAX_MESSAGE_BYTES,
    });
    let certificate: string | undefined;
    const failed = (error: Error) => reject(error instanceof NetError ? error : connectionError(name, error));
    socket.on("error", failed);
    socket.once("upgrade", (response: IncomingMessage) => {
      certificate = certificateSha256(response.socket as TLSSocket);
    });
    socket.once("unexpected-response", (_request: unknown, { statusCode }: IncomingMessage) => {
      failed(new NetError("refused", `${name} answers ${statusCode}`));
      socket.terminate();
    });
    socket.once("open", () => {
      try {
        checkPin(trust, certificate, name);
      } catch (error) {
        socket.terminate();
        return reject(error);
      }
      socket.removeListener("error", failed);
      resolve(socket);
    });
  });
}
