/** A signaling link over a plain WebSocket: subprotocol `arcrtc.v1.json`, one message per text frame (SPEC 6.1). */
// @ts-types="@types/ws"
import type { WebSocket } from "ws";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { CLOSE_TIMEOUT_MS, type SignalingLink, type SignalingLinkEvents } from "./signaling_link.ts";

export const PLAIN_SUBPROTOCOL = "arcrtc.v1.json";

/**
 * What client and server give `ws` alike. Compression costs memory per connection and tells lengths of secrets. (The
 * types of `ws` do not know `closeTimeout` yet.)
 */
export const WEBSOCKET_OPTIONS = { perMessageDeflate: false, closeTimeout: CLOSE_TIMEOUT_MS };

/** Sent on close by us: RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;
const POLICY_VIOLATION = 1008;

/** A close frame has room for this much text (RFC 6455 §5.5), in bytes; ours is ASCII. */
const MAX_CLOSE_TEXT = 123;

/** Wraps an open WebSocket; `peerCertificateSha256` is what its TLS layer saw, if there is one. */
export function webSocketLink(
  socket: WebSocket,
  name: string,
  peerCertificateSha256: string | undefined,
  events: SignalingLinkEvents,
): SignalingLink {
  let open = true;
  const finish = (why: string) => {
    if (!open) return;
    open = false;
    events.closed(why);
  };
  socket.on("message", (data: { toString(): string }, isBinary: boolean) => {
    // Messages are text: a binary frame is handed on as no JSON at all (SPEC ARC-TRANSPORT-websocket-binary).
    if (open) events.message(isBinary ? EMPTY_BYTES : data.toString());
  });
  socket.on("ping", () => events.heard?.());
  socket.on("pong", () => events.heard?.());
  socket.on("error", (error: Error) => finish(error.message));
  socket.on("close", (code: number, reason: { toString(): string }) => {
    const text = reason.toString();
    finish(`closed by the other side (${code}${text === "" ? "" : `: ${text}`})`);
  });
  return {
    name,
    peerCertificateSha256,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(text) {
      if (open && socket.readyState === socket.OPEN) socket.send(text);
    },
    close(why) {
      if (why === undefined) socket.close(NORMAL_CLOSURE);
      else socket.close(POLICY_VIOLATION, why.slice(0, MAX_CLOSE_TEXT));
      finish(why ?? "closed here");
    },
  };
}
