/** Peers to be probed by tests: as broken as a test wants them. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import { PacketBatch } from "../../base/batch.ts";
import { utf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from "../../packet/framing.ts";
import { heartbeatAck } from "../../signaling/heartbeat_ack.ts";
import type { Heartbeat } from "../../signaling/messages/heartbeat.ts";
import { parseMessage, writeMessage } from "../../signaling/parse_message.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { ProbeSettings } from "../probe_ways.ts";
import { SystemRng } from "../system_rng.ts";
import { openUdp } from "../udp_deno.ts";

/** What a peer sends back, in this order, when it has got its `index`-th heartbeat. */
export type Behaviour = (heartbeat: Heartbeat, index: number, good: GoodAnswer) => readonly string[];

/** The right answer, with changes that make it a wrong one; undefined takes a field out. */
export type GoodAnswer = (changes?: Record<string, unknown>) => string;

export interface TestPeer {
  readonly url: string;
  close(): Promise<void>;
}

export const PROBE_CLOCK: Clock = systemClock();

/** As most tests want them: short waits, since a test that waits for silence has to sit it out. */
export function probeSettings(changes: Partial<ProbeSettings> = {}): ProbeSettings {
  return { clock: PROBE_CLOCK, rng: new SystemRng(), timeoutMs: 400, sizeBytes: 320, ...changes };
}

/**
 * Answers datagrams. The first heartbeat, which only asks whether anybody is there, is answered rightly and not counted,
 * unless `greets` is false.
 */
export function udpPeer(behave: Behaviour, { greets = true } = {}): TestPeer {
  const socket = openUdp({ host: "127.0.0.1", port: 0 });
  let index = greets ? -1 : 0;
  const run = async () => {
    const incoming = new PacketBatch(1);
    const outgoing = new PacketBatch(8);
    while (await socket.receive(incoming)) {
      const heartbeat = unwrap(parseMessage(incoming.packet(0)));
      if (heartbeat.type !== "HEARTBEAT") continue;
      const from = socket.addresses.describe(incoming.addresses[0]);
      const good = answering(heartbeat, from === undefined ? undefined : { ip: from.host, port: from.port });
      const answers = index < 0 ? [good()] : behave(heartbeat, index, good);
      index++;
      outgoing.clear();
      for (const answer of answers) outgoing.push(utf8(answer), incoming.addresses[0]);
      await socket.send(outgoing);
    }
  };
  const ended = run();
  return {
    url: `udp://127.0.0.1:${socket.local.port}`,
    async close() {
      socket.close();
      await ended;
    },
  };
}

/** A WebSocket server that answers pings, as all do, and each text frame with what `answer` gives. */
export async function webSocketPeer(answer: (text: string) => readonly string[]): Promise<TestPeer> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => {
    socket.on("message", (data: { toString(): string }) => {
      for (const text of answer(data.toString())) socket.send(text);
    });
  });
  await new Promise<void>((resolve) => server.once("listening", () => resolve()));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const client of server.clients) client.terminate();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A TCP listener that reads, and writes what `answer` gives for each chunk. */
export async function tcpPeer(answer: (chunk: Uint8Array, socket: Socket) => void): Promise<TestPeer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("data", (chunk: Uint8Array) => answer(chunk, socket));
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Answers framed heartbeats rightly, but breaks the connection of the one that `breaks` is true for. */
export function framedPeer(breaks: (index: number) => boolean): Promise<TestPeer> {
  const readers = new Map<Socket, FrameReader>();
  let index = -1;
  return tcpPeer((chunk, socket) => {
    const reader = readers.get(socket) ?? new FrameReader();
    readers.set(socket, reader);
    reader.feed(chunk);
    while (reader.next()) {
      const heartbeat = unwrap(parseMessage(reader.bytes.subarray(reader.start, reader.end)));
      if (breaks(++index)) return void socket.destroy();
      if (heartbeat.type === "HEARTBEAT") socket.write(framed(answering(heartbeat, undefined)()));
    }
  });
}

export function framed(text: string): Uint8Array {
  const unit = utf8(text);
  const frame = new Uint8Array(FRAME_HEADER_BYTES + unit.length);
  writeFrame(unit, frame, 0);
  return frame;
}

/** A port on which nobody listens: it was free a moment ago. */
export async function nobodysPort(): Promise<number> {
  const peer = await tcpPeer(() => {});
  await peer.close();
  return Number(new URL(peer.url.replace("tcp:", "http:")).port);
}

function answering(heartbeat: Heartbeat, observed: { ip: string; port: number } | undefined): GoodAnswer {
  return (changes = {}) => {
    const nowUnixMs = Math.floor(PROBE_CLOCK.nowMs() + PROBE_CLOCK.unixOffsetMs);
    return JSON.stringify({ ...JSON.parse(writeMessage(heartbeatAck(heartbeat, nowUnixMs, observed))), ...changes });
  };
}
