/** The head of an HTTP/1.1 message, as far as the WebSocket handshake needs it (RFC 9112, RFC 6455 §4). */

/** Servers refuse longer heads too. */
export const MAX_HEAD_BYTES = 16_384;

export interface HttpHead {
  /** `GET /socket/websocket HTTP/1.1` or `HTTP/1.1 101 Switching Protocols`. */
  readonly startLine: string;
  readonly isRequest: boolean;
  /** Of a response. */
  readonly status: number | undefined;
  /** True for a request or answer that turns the connection into a WebSocket. */
  readonly isWebSocket: boolean;
  /** Sec-WebSocket-Extensions, all of them in one. */
  readonly extensions: string;
}

/** One past the empty line that ends the head at `start`; -1 when it has not come. */
export function endOfHead(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 4 <= end; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at + 4;
  }
  return -1;
}

/** Reads the head `bytes[start..end)`. Never fails: what is no field is passed over. */
export function readHttpHead(bytes: Uint8Array, start: number, end: number): HttpHead {
  const [startLine, ...lines] = latin1(bytes, start, end).split("\r\n");
  const field = (name: string) =>
    lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim())
      .join(", ");
  const isRequest = !startLine.startsWith("HTTP/");
  const status = isRequest ? undefined : Number(/^HTTP\/\d\.\d (\d{3})/.exec(startLine)?.[1]) || undefined;
  const isWebSocket = /\bwebsocket\b/i.test(field("upgrade")) && (isRequest || status === 101);
  return { startLine, isRequest, status, isWebSocket, extensions: field("sec-websocket-extensions") };
}

/** Bytes as the characters of the same numbers. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]);
  return text;
}
