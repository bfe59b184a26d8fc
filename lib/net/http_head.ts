/**
 * Reads the head of one HTTP request from a fresh connection: all that a WebSocket handshake or a small page needs.
 *
 * Not by `node:http`: where many connections with malformed requests come and go, its parser, in the Deno that is pinned,
 * takes what one connection sends for what another does, so that honest clients were refused for the bytes of strangers
 * (about one in 2,000, found by fuzzing).
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

export interface HttpHead {
  readonly method: string;
  /** As it stands in the request line: a path, or whatever else a client writes there. */
  readonly url: string;
  /** By lower-case name; the values of a repeated one are joined with commas (RFC 9110 §5.3). */
  readonly headers: Readonly<Record<string, string>>;
}

/** Longer heads are refused. */
const MAX_HEAD_BYTES = 16_384;
const END_OF_HEAD = "\r\n\r\n";

/** What a request begins with: others are answered at once, such as a client that tries TLS. */
const METHOD = /^[A-Z]+( |$)/;
const MAX_METHOD = 16;

/**
 * Calls `done` once: with the head and what came behind it, or with undefined where what comes is no head; never where
 * the socket ends before. From then on nothing of this listens to the socket.
 */
export function readHttpHead(socket: Socket, done: (head: HttpHead | undefined, rest: Buffer) => void): void {
  let received: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    const known = Math.max(0, received.length - END_OF_HEAD.length + 1);
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf(END_OF_HEAD, known, "latin1");
    const mayBecome = received.length < MAX_HEAD_BYTES && METHOD.test(received.toString("latin1", 0, MAX_METHOD));
    if (end < 0 && mayBecome) return;
    socket.removeListener("data", onData);
    const isWhole = end >= 0 && end < MAX_HEAD_BYTES;
    done(isWhole ? parseHttpHead(received.toString("latin1", 0, end)) : undefined, received.subarray(end + 4));
  };
  socket.on("data", onData);
}

/** RFC 9112 §3: the method, the target, the version; of the targets those without blanks and controls. */
const REQUEST_LINE = /^([A-Z]+) ([\x21-\x7e]+) HTTP\/1\.[01]$/;
/** RFC 9110 §5.6.2: a token. A name with a blank behind it, and a continued line, are none (RFC 9112 §5.1, §5.2). */
const NAME = /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/;
const NO_VALUE = /[\r\n\0]/;

/** The head of a request, without the empty line that ends it; undefined where it is none. */
export function parseHttpHead(text: string): HttpHead | undefined {
  const [requestLine, ...lines] = text.split("\r\n");
  const [, method, url] = REQUEST_LINE.exec(requestLine) ?? [];
  if (method === undefined || url === undefined) return undefined;
  // Without a prototype, a header of any name is only a header.
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (!NAME.test(name) || NO_VALUE.test(value)) return undefined;
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return { method, url, headers };
}
