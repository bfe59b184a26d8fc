/** Bytes of WebSocket handshakes and frames (RFC 6455), right and wrong. */
import { utf8 } from "../../../lib/base/bytes.ts";
import type { CaseRandom } from "../../../lib/fuzz/target.ts";

export const TEXT = 1;
export const CONTINUATION = 0;
export const CLOSE = 8;
export const PING = 9;

export interface FrameWish {
  readonly fin?: boolean;
  /** RSV1 to RSV3. */
  readonly reserved?: number;
  readonly isMasked?: boolean;
  /** What the frame says of its length; as it is where left out. */
  readonly announced?: bigint;
}

/** A client's frame; the mask is zero, so that the payload can be read. */
export function webSocketFrame(opcode: number, payload: Uint8Array, wish: FrameWish = {}): Uint8Array {
  const { fin = true, reserved = 0, isMasked = true, announced = BigInt(payload.length) } = wish;
  const mask = isMasked ? 0x80 : 0;
  const length = announced < 126n
    ? [mask | Number(announced)]
    : announced < 0x1_0000n
    ? [mask | 126, Number(announced >> 8n), Number(announced & 0xffn)]
    : [mask | 127, ...Array.from({ length: 8 }, (_, i) => Number((announced >> BigInt(8 * (7 - i))) & 0xffn))];
  return Uint8Array.of(
    (fin ? 0x80 : 0) | (reserved << 4) | opcode,
    ...length,
    ...(isMasked ? [0, 0, 0, 0] : []),
    ...payload,
  );
}

/** The request of a client that becomes a WebSocket. */
export function handshakeText(
  { pathname, search, host }: URL,
  protocol: string | undefined,
  random: CaseRandom,
): string {
  return [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${btoa(String.fromCharCode(...random.bytes(16)))}`,
    "Sec-WebSocket-Version: 13",
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    "\r\n",
  ].join("\r\n");
}

/** Heads that are no requests, or requests of nobody. */
export function badHeads(url: URL): Readonly<Record<string, Uint8Array>> {
  const { pathname, host } = url;
  const upgrade = (lines: readonly string[], first = `GET ${pathname} HTTP/1.1`) =>
    utf8([first, `Host: ${host}`, "Upgrade: websocket", "Connection: Upgrade", ...lines, "\r\n"].join("\r\n"));
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  const version = "Sec-WebSocket-Version: 13";
  return {
    "nothing": new Uint8Array(0),
    "an empty line": utf8("\r\n\r\n"),
    "a method alone": utf8("GET"),
    "a method in lower case": upgrade([key, version], `get ${pathname} HTTP/1.1`),
    "no version": upgrade([key, version], `GET ${pathname}`),
    "a version of another protocol": upgrade([key, version], `GET ${pathname} RTSP/1.0`),
    "a target with a blank": upgrade([key, version], `GET ${pathname} x HTTP/1.1`),
    "a target that is no path": upgrade([key, version], "GET %%%zz HTTP/1.1"),
    "a target that cannot be decoded": upgrade([key, version], "GET /%ff%zz?token=%e0%a4 HTTP/1.1"),
    "a long target": upgrade([key, version], `GET /${"a".repeat(12_000)} HTTP/1.1`),
    "a line without a colon": upgrade([key, version, "nonsense"]),
    "a name with a blank": upgrade([key, version, "a b: c"]),
    "a line that goes on": upgrade([key, version, "x: a", " b"]),
    "a zero in a value": upgrade([key, version, "x: a\0b"]),
    "bytes beyond ASCII": Uint8Array.of(...upgrade([key]).slice(0, -4), 0xff, 0xfe, 0x0d, 0x0a, 0x0d, 0x0a),
    "lone line feeds": utf8(`GET ${pathname} HTTP/1.1\nHost: ${host}\n\n`),
    "a name of a prototype": upgrade([key, version, "__proto__: x", "constructor: y"]),
    "no key": upgrade([version]),
    "a key that is none": upgrade(["Sec-WebSocket-Key: %%%", version]),
    "another version of WebSocket": upgrade([key, "Sec-WebSocket-Version: 99"]),
    "an unknown subprotocol": upgrade([key, version, "Sec-WebSocket-Protocol: ,,,;=, x y"]),
    "an extension that is none": upgrade([key, version, 'Sec-WebSocket-Extensions: permessage-deflate; a="']),
    "a thousand headers": upgrade([key, version, ...Array.from({ length: 1000 }, (_, i) => `x${i}: y`)]),
    "a body that never comes": utf8(`POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 99999999\r\n\r\n`),
    "a body in pieces": utf8(`POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nx`),
    "two requests at once": utf8(`GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n`),
    "HTTP/2": utf8("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "TLS": Uint8Array.of(0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03),
    "SSH": utf8("SSH-2.0-x\r\n"),
  };
}

/** Frames that break RFC 6455, by what is wrong with them. */
export function badFrames(): Readonly<Record<string, readonly Uint8Array[]>> {
  const text = utf8("{}");
  const frame = webSocketFrame;
  return {
    "no mask": [frame(TEXT, text, { isMasked: false })],
    "reserved bits": [frame(TEXT, text, { reserved: 7 })],
    "a compressed frame": [frame(TEXT, text, { reserved: 4 })],
    "an unknown opcode": [frame(5, text)],
    "an unknown control opcode": [frame(11, text)],
    "a ping in fragments": [frame(PING, text, { fin: false })],
    "a ping of 200 bytes": [frame(PING, new Uint8Array(200))],
    "a length with its top bit set": [frame(TEXT, text, { announced: 1n << 63n })],
    "a length of four exabytes": [frame(TEXT, text, { announced: 1n << 62n })],
    "a continuation of nothing": [frame(CONTINUATION, text)],
    "a text inside of a text": [frame(TEXT, text, { fin: false }), frame(TEXT, text)],
    "a text that is not UTF-8": [frame(TEXT, Uint8Array.of(0x7b, 0xff, 0xc0, 0x80, 0x7d))],
    "half a character in each fragment": [
      frame(TEXT, Uint8Array.of(0xf0, 0x9f), { fin: false }),
      frame(CONTINUATION, Uint8Array.of(0x7d)),
    ],
    "a close of one byte": [frame(CLOSE, Uint8Array.of(3))],
    "a close with a code that nobody may send": [frame(CLOSE, Uint8Array.of(3, 0xed))],
    "a close whose reason is not UTF-8": [frame(CLOSE, Uint8Array.of(3, 0xe8, 0xff, 0xff))],
    "a binary frame of nothing": [frame(2, new Uint8Array(0))],
    "half a frame": [frame(TEXT, text).slice(0, 3)],
  };
}
