/** What a TCP stream carries, by how it begins. */
import { startsLikeNats } from "./nats_reader.ts";
import { walkFrames } from "./framed_reader.ts";
import { latin1 } from "./http_head.ts";
import { walkWebSocketFrames } from "./websocket_reader.ts";

export type StreamKind = "framed" | "http" | "websocket" | "nats" | "tls" | "other";

/** Bytes that a guess needs at least: a frame's length and two bytes of its unit. */
export const GUESS_BYTES = 4;

const HTTP_START = /^(?:GET |HTTP|PUT |POST|HEAD|OPTI|DELE|PATC|CONN)/;
const TLS_CONTENT_FIRST = 20;
const TLS_CONTENT_LAST = 23;

/**
 * The kind of the stream whose bytes begin with `bytes[start..end)`, at least {@link GUESS_BYTES}. A stream that was under
 * way when the capture began is looked at where a segment begins: senders write whole records.
 */
export function guessStream(bytes: Uint8Array, start: number, end: number, isFromStart: boolean): StreamKind {
  if (startsLikeNats(bytes, start, end)) return "nats";
  if (HTTP_START.test(latin1(bytes, start, Math.min(end, start + 4)))) return "http";
  const isTls = bytes[start] >= TLS_CONTENT_FIRST && bytes[start] <= TLS_CONTENT_LAST && bytes[start + 1] === 3;
  if (isTls && bytes[start + 2] <= 4) return "tls";
  const frames = walkFrames(bytes, start, end);
  if (isFromStart) return frames === "no" ? "other" : "framed";
  const messages = walkWebSocketFrames(bytes, start, end);
  // A short framed unit reads as a WebSocket's continuation frame too, which is no way to begin.
  if (frames === "exact") return "framed";
  if (messages === "exact") return "websocket";
  if (frames === "part" || messages === "part") return frames === "part" ? "framed" : "websocket";
  return "other";
}
