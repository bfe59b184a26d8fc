/** The client's links against servers that do not do what they should; against ours see signaling_server_test.ts. */
import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
// @ts-types="@types/ws"
import { type WebSocket, WebSocketServer } from "ws";
import { utf8 } from "../base/bytes.ts";
import { NetError, type NetErrorKind } from "./net_error.ts";
import { hasChannels, openSignaling, parseSignalingUrl } from "./open_signaling.ts";
import { ANNA, SESSION, stop, TestPeer } from "./testing/signaling_rig.ts";

function open(url: string, events: TestPeer = new TestPeer(), timeoutMs = 4000) {
  return openSignaling({ url, sessionId: SESSION, peerId: ANNA, trust: {}, timeoutMs }, events);
}

function failsWith(kind: NetErrorKind, message: RegExp) {
  return (error: unknown) => error instanceof NetError && error.kind === kind && message.test(error.message);
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A TCP server that does with each socket what it is told. */
async function tcpServer(accepted: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    accepted(socket);
  });
  const address = await listening(server);
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return { address, close };
}

/** A WebSocket server that gets one connection and the first frame on it. */
async function webSocketServer(onFrame: (socket: WebSocket, frame: [string, string, string]) => void) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => false });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => {
    socket.on("message", (data) => onFrame(socket, JSON.parse(data.toString())));
  });
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of server.clients) socket.terminate();
      server.close(() => resolve());
    });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

Deno.test("a URL that is no signaling URL is refused with what one looks like", () => {
  for (const url of ["", "localhost:7480", "http://x", "tcp://x", "tls://x", "ws://", "udp://x:1"]) {
    assert.throws(() => parseSignalingUrl(url), /no signaling URL: need ws:\/\//, url);
  }
  for (const url of ["ws://x", "wss://x:1/y", "tcp://x:1", "tls://[::1]:2"]) assert.ok(parseSignalingUrl(url));
});

Deno.test("nobody there, nobody answering, somebody else: each has its kind of error", async () => {
  const gone = await tcpServer(() => {});
  await gone.close();
  for (const scheme of ["ws", "tcp"]) {
    await assert.rejects(open(`${scheme}://${gone.address}`), failsWith("unreachable", /cannot reach/));
  }
  const mute = await tcpServer(() => {});
  await assert.rejects(open(`ws://${mute.address}`, new TestPeer(), 50), failsWith("unreachable", /cannot reach ws:/));
  await mute.close();
  const page = await tcpServer((socket) => socket.end("HTTP/1.1 418 Teapot\r\ncontent-length: 0\r\n\r\n"));
  await assert.rejects(open(`ws://${page.address}`), failsWith("refused", /answers 418 Teapot/));
  await page.close();
  const other = await webSocketServer(() => {});
  await assert.rejects(open(`ws://${other.address}/plain`), failsWith("refused", /subprotocol/));
  await assert.rejects(open(`ws://${other.address}`, new TestPeer(), 500), failsWith("unreachable", /does not answer/));
  await other.close();
});

Deno.test("Phoenix: a server's refusal is told in its own words", async () => {
  const responses: [object, RegExp][] = [
    [{ reason: "unmatched topic" }, /refuses the join: unmatched topic$/],
    [{ code: "busy", message: "full" }, /refuses the join: busy: full$/],
    [{ odd: 1 }, /refuses the join: \{"odd":1\}$/],
  ];
  for (const [response, message] of responses) {
    const server = await webSocketServer((socket, [joinRef, ref, topic]) => {
      socket.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status: "error", response }]));
    });
    await assert.rejects(open(`ws://${server.address}`), failsWith("refused", message));
    await server.close();
  }
});

Deno.test("ARC-TRANSPORT-phoenix-reply: a reply belongs to the frame with its reference, and another is nobody's", async () => {
  const refusal = (message: string) => ({ type: "ERROR", code: "busy", message, timestamp: 1 });
  const server = await webSocketServer((socket, [joinRef, ref, topic]) => {
    const isJoin = ref === joinRef;
    for (const foreign of ["99", "02", "", null]) {
      const response = refusal(`to ${foreign}`);
      socket.send(JSON.stringify([joinRef, foreign, topic, "phx_reply", { status: "error", response }]));
    }
    const payload = isJoin ? { status: "ok", response: {} } : { status: "error", response: refusal(`to ${ref}`) };
    socket.send(JSON.stringify([joinRef, ref, topic, "phx_reply", payload]));
  });
  const peer = new TestPeer();
  peer.link = await open(`ws://${server.address}`, peer);
  peer.say(stop());
  assert.deepEqual(await peer.next(), refusal("to 2"));
  peer.link.close();
  await server.close();
});

Deno.test("Phoenix: what follows the join's answer at once is not lost, and comes after the link is there", async () => {
  const server = await webSocketServer((socket, [joinRef, ref, topic]) => {
    socket.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status: "ok", response: {} }]));
    socket.send(JSON.stringify([joinRef, null, topic, "STREAM_STOP", stop()]));
    socket.send("no frame");
    socket.send(JSON.stringify([joinRef, joinRef, topic, "phx_close", {}]));
  });
  const seen: string[] = [];
  let isOpen = false;
  const ended = new Promise<string>((resolve) => {
    openSignaling({ url: `ws://${server.address}`, sessionId: SESSION, peerId: ANNA, trust: {}, timeoutMs: 4000 }, {
      message: (unit) => seen.push(`${isOpen} ${unit}`),
      closed: resolve,
    }).then(() => isOpen = true);
  });
  assert.equal(await ended, "the server closed the channel");
  assert.deepEqual(seen, [`true ${JSON.stringify(stop())}`, "true no frame"]);
  await server.close();
});

Deno.test("ARC-UNIT-frame-split: a stream link reads messages however they are cut, and writes them framed", async () => {
  const message = utf8(JSON.stringify(stop()));
  const frame = new Uint8Array([message.length >> 8, message.length & 255, ...message]);
  let received = new Uint8Array(0);
  let whole: () => void = () => {};
  const server = await tcpServer((socket) => {
    for (const byte of frame) socket.write(new Uint8Array([byte]));
    socket.write(new Uint8Array([...frame, ...frame]));
    socket.on("data", (chunk: Uint8Array) => {
      received = new Uint8Array([...received, ...chunk]);
      if (received.length === frame.length) whole();
    });
  });
  const peer = new TestPeer();
  peer.link = await open(`tcp://${server.address}`, peer);
  for (let i = 0; i < 3; i++) assert.deepEqual(await peer.next(), stop());
  const sent = new Promise<void>((resolve) => whole = resolve);
  peer.say(stop());
  await sent;
  assert.deepEqual(received, frame);
  peer.link.close();
  peer.link.close();
  assert.equal(await peer.end(), "closed here");
  peer.say(stop());
  await server.close();
});

Deno.test("a stream that ends or breaks in the middle of a unit is over, with why", async () => {
  const ends: [Uint8Array, RegExp][] = [
    [new Uint8Array([0, 5, 0x7b]), /in the middle of a unit/],
    [new Uint8Array([0, 0]), /length of 1 or more/],
    [new Uint8Array(0), /closed by the other side/],
  ];
  for (const [bytes, why] of ends) {
    const server = await tcpServer((socket) => socket.end(bytes));
    const peer = new TestPeer();
    peer.link = await open(`tcp://${server.address}`, peer);
    assert.match(await peer.end(), why);
    await server.close();
  }
});

Deno.test("a closed link cuts off a side that neither reads nor ends", async () => {
  const server = await tcpServer((socket) => socket.pause());
  const peer = new TestPeer();
  const link = peer.link = await open(`tcp://${server.address}`, peer);
  // More than the system takes by itself.
  const text = "x".repeat(60_000);
  for (let i = 0; i < 1000 && link.bufferedBytes < 1_000_000; i++) {
    link.send(text);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.ok(link.bufferedBytes >= 1_000_000);
  link.close();
  while (link.bufferedBytes > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await server.close();
});

Deno.test("ARC-SIG-heartbeat-token: only a transport without channels needs the token in its messages", () => {
  const channels = (url: string, format?: "phoenix" | "plain") => hasChannels(format ? { url, format } : { url });
  assert.deepEqual(["ws://a:1", "wss://a/socket/websocket"].map((url) => channels(url)), [true, true]);
  assert.deepEqual(["ws://a:1/plain", "tcp://a:1", "tls://a:1"].map((url) => channels(url)), [false, false, false]);
  assert.deepEqual([channels("ws://a:1", "plain"), channels("ws://a:1/plain", "phoenix")], [false, true]);
});
