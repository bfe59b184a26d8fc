/** SPEC clause 1.4 for a server's listeners: heads, frames and handshakes that are none, or never end. */
import { utf8 } from "../../../lib/base/bytes.ts";
import type { Case } from "../../case.ts";
import type { Line } from "../../drive/line.ts";
import { BARE_LISTENERS, type ServerWorld } from "../../drive/server_world.ts";
import { framed } from "../../drive/socket_channel.ts";
import { Bystanders } from "./bystanders.ts";
import { AT_A_TIME, isSwitch, throughConnections, WebSocketDoor } from "./connections.ts";
import { Malformed } from "./malformed.ts";
import { badFrames, badHeads, CONTINUATION, TEXT, webSocketFrame } from "./websocket_bytes.ts";

const MUTATIONS = 24;
/** Of the storm: hostile connections come and go in each round, beside honest ones. */
const ROUNDS = 8;
/** What nobody may be made to hold: far beyond any message. */
const TOO_MUCH_BYTES = 2 * 1024 * 1024;
const PIECE_BYTES = 32 * 1024;

export const CASES: readonly Case[] = [
  {
    id: "robustness/server-heads",
    requirements: ["ARC-ROBUST-connection"],
    title: "Requests that are no HTTP, or none that a server has, cost their connections and nobody else's",
    needs: "server",
    run: async (world) => {
      const malformed = new Malformed(world.rng);
      const door = new WebSocketDoor(world, malformed);
      const honest = await Bystanders.join(world);
      const heads = [
        ...Object.values(badHeads(door.url)),
        ...Array.from({ length: MUTATIONS }, () => malformed.mutated(door.request)),
      ];
      await throughConnections(heads.map((head) => [head]), (i) => door.bare(`head ${i}`), () => honest.newcomer());
      await honest.areServed();
    },
  },
  {
    id: "robustness/server-frames",
    requirements: ["ARC-ROBUST-connection"],
    title: "WebSocket frames that break RFC 6455 cost their connections and nobody else's",
    needs: "server",
    run: async (world) => {
      const malformed = new Malformed(world.rng);
      const door = new WebSocketDoor(world, malformed);
      const honest = await Bystanders.join(world);
      const right = webSocketFrame(TEXT, utf8('{"type":"HEARTBEAT"}'));
      const frames = [
        ...Object.values(badFrames()),
        ...Array.from({ length: MUTATIONS }, () => [malformed.mutated(right)]),
      ];
      await throughConnections(frames, (i) => door.opened(`frames ${i}`), () => honest.talk());
      await honest.areServed();
    },
  },
  {
    id: "robustness/server-byte-by-byte",
    requirements: ["ARC-ROBUST-connection"],
    title: "A handshake and a frame that come byte by byte are understood, while others leave theirs half done",
    needs: "server",
    run: async (world) => {
      const malformed = new Malformed(world.rng);
      const door = new WebSocketDoor(world, malformed);
      for (let i = 0; i < AT_A_TIME; i++) {
        const half = door.request.slice(0, malformed.random.below(door.request.length));
        await (await door.bare(`half done ${i}`)).send(half);
      }
      const line = await door.bare("slow");
      for (const byte of door.request) await line.send(Uint8Array.of(byte));
      await line.next("a switch to WebSocket", isSwitch);
      const beat = utf8(JSON.stringify(world.heartbeat(world.callerId, 7)));
      for (const byte of webSocketFrame(TEXT, beat)) await line.send(Uint8Array.of(byte));
      if (door.listener === "phoenix") return;
      await line.eventually("the HEARTBEAT_ACK", (bytes) => new TextDecoder().decode(bytes).includes("HEARTBEAT_ACK"));
    },
  },
  {
    id: "robustness/server-storm",
    requirements: ["ARC-ROBUST-connection"],
    title: "While connections with malformed requests come and go, every honest one is let in, and a pair talks",
    needs: "server",
    run: async (world) => {
      const malformed = new Malformed(world.rng);
      const door = new WebSocketDoor(world, malformed);
      const honest = await Bystanders.join(world);
      const heads = Object.values(badHeads(door.url));
      const storm = Array.from(
        { length: ROUNDS * AT_A_TIME },
        (_, i) => malformed.random.bool() ? heads[i % heads.length] : malformed.mutated(door.request),
      );
      const hostile = async (i: number) => {
        const line = await door.bare(`storm ${i}`);
        await line.send(storm[i]);
        // The server is in the middle of it.
        line.close();
      };
      for (let round = 0; round < ROUNDS; round++) {
        const strangers = Array.from({ length: AT_A_TIME }, (_, i) => hostile(AT_A_TIME * round + i));
        await Promise.all([...strangers, honest.newcomer(), honest.newcomer(), honest.talk()]);
      }
      await honest.areServed();
    },
  },
  {
    id: "robustness/server-endless-head",
    requirements: ["ARC-ROBUST-held"],
    title: "A request whose head does not end is cut off",
    needs: "server",
    run: async (world) => {
      const door = new WebSocketDoor(world, new Malformed(world.rng));
      const line = await door.bare("endless");
      await line.send(utf8(`GET ${door.url.pathname} HTTP/1.1\r\nHost: ${door.url.host}\r\n`));
      await isCutOff(world, line, utf8(`x: ${"y".repeat(PIECE_BYTES)}\r\n`));
    },
  },
  {
    id: "robustness/server-endless-fragments",
    requirements: ["ARC-ROBUST-held"],
    title: "A message in fragments that does not end is cut off, or refused as too_large",
    needs: "server",
    run: async (world) => {
      const line = await new WebSocketDoor(world, new Malformed(world.rng)).opened("endless");
      const piece = new Uint8Array(PIECE_BYTES).fill(0x20);
      await line.send(webSocketFrame(TEXT, piece, { fin: false }));
      await isCutOff(world, line, webSocketFrame(CONTINUATION, piece, { fin: false }));
    },
  },
  {
    id: "robustness/server-endless-frame",
    requirements: ["ARC-ROBUST-held"],
    title: "A frame of a gigabyte is cut off, or refused as too_large, long before it has come",
    needs: "server",
    run: async (world) => {
      const line = await new WebSocketDoor(world, new Malformed(world.rng)).opened("endless");
      const piece = new Uint8Array(PIECE_BYTES).fill(0x20);
      await line.send(webSocketFrame(TEXT, piece, { announced: 1n << 30n }));
      await isCutOff(world, line, piece);
    },
  },
  {
    id: "robustness/server-half-open",
    requirements: ["ARC-ROBUST-held", "ARC-ROBUST-connection"],
    title: "Connections that begin something and leave it half done keep nobody out",
    needs: "server",
    run: async (world) => {
      const listeners = BARE_LISTENERS.filter((one) => world.target[one] !== undefined);
      const honest = await Bystanders.join(world);
      const message = framed(utf8(JSON.stringify(world.heartbeat(world.otherId, 1, world.otherId))));
      for (const listener of listeners) {
        const whole = listener === "stream" ? message : utf8(`GET /plain HTTP/1.1\r\nUpgrade: websocket\r\nx: `);
        for (let i = 0; i < AT_A_TIME; i++) {
          const line = await world.bytes(`${listener} ${i}`, listener);
          await line.send(whole.slice(0, Math.floor((i * whole.length) / AT_A_TIME)));
        }
      }
      await honest.areServed();
    },
  },
  {
    id: "robustness/server-handshakes",
    requirements: ["ARC-ROBUST-connection", "ARC-ROBUST-held"],
    title: "Handshakes of TLS that are none, or half done, cost their connections and nobody else's",
    needs: "server",
    run: async (world) => {
      const listeners = BARE_LISTENERS.filter((listener) => world.isTls(listener));
      if (listeners.length === 0) world.skip("needs --target tls://HOST:PORT or wss://HOST:PORT");
      const honest = await Bystanders.join(world);
      const malformed = new Malformed(world.rng);
      for (const listener of listeners) {
        for (let i = 0; i < AT_A_TIME; i++) {
          const line = await world.bytes(`${listener} ${i}`, listener, { belowTls: true });
          await line.send(malformed.handshake());
          if (malformed.random.bool()) line.close();
        }
        await honest.talk();
      }
      await honest.areServed();
    },
  },
];

/** More and more of the same: the connection ends, or its sender is told, before it has brought too much. */
async function isCutOff(world: ServerWorld, line: Line, piece: Uint8Array): Promise<void> {
  for (let sent = 0; sent < TOO_MUCH_BYTES; sent += PIECE_BYTES) {
    await line.send(piece);
    if (sent % (8 * PIECE_BYTES) === 0) await world.pass(1);
  }
  const told = line.eventually("the end of the connection, or too_large", (bytes) => {
    const text = new TextDecoder().decode(bytes);
    return text.includes("too_large") || /^HTTP\/1\.1 4/.test(text);
  });
  const isOver = await told.then(() => false, () => true);
  if (isOver) await line.closedByTarget();
}
