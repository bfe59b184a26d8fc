/** SPEC clause 1.4 for a signaling server: what strangers and peers may send it, while an honest pair talks. */
import { utf8 } from "../../../lib/base/bytes.ts";
import { PLAIN_SUBPROTOCOL } from "../../../lib/net/websocket_link.ts";
import type { Case } from "../../case.ts";
import { PhoenixLine } from "../../drive/phoenix_line.ts";
import { type Line, messageOf } from "../../drive/line.ts";
import { BARE_LISTENERS, PLAIN_WAYS, type ServerWorld } from "../../drive/server_world.ts";
import type { Voice } from "../../drive/world.ts";
import { framed } from "../../drive/socket_channel.ts";
import { Bystanders } from "./bystanders.ts";
import { heavyTexts, Malformed } from "./malformed.ts";
import { badFrames, badHeads, CONTINUATION, handshakeText, TEXT, webSocketFrame } from "./websocket_bytes.ts";

/** Connections that are open at a time beside the honest ones: far from any limit of an address. */
const AT_A_TIME = 8;
const CONNECTIONS = 32;
const MESSAGES = 30;
/** Of the storm: hostile connections that come and go in each round, beside honest ones. */
const ROUNDS = 12;
/** What nobody may be made to hold: far beyond any message. */
const TOO_MUCH_BYTES = 2 * 1024 * 1024;
const PIECE_BYTES = 32 * 1024;

export const CASES: readonly Case[] = [
  ...BARE_LISTENERS.map((listener): Case => ({
    id: `robustness/server-noise-${listener}`,
    requirements: ["ARC-ROBUST-connection"],
    title: `Noise on connections to the ${listener} listener costs those connections and nobody else's`,
    needs: "server",
    run: async (world) => {
      const malformed = new Malformed(world.rng);
      const { random } = malformed;
      // First, so that a target without it skips.
      const first = await world.bytes("noise", listener);
      const honest = await Bystanders.join(world);
      await first.send(malformed.noise(2000));
      const hello = framed(utf8(JSON.stringify(world.heartbeat(world.otherId, 1, world.otherId))));
      await throughConnections(CONNECTIONS, async (i) => {
        const line = await world.bytes(`noise ${i}`, listener);
        await line.send(random.bool() ? malformed.noise(600) : malformed.mutated(hello));
        if (random.bool()) await line.send(malformed.noise(600));
        return line;
      }, () => honest.talk());
      await honest.areServed();
      first.close();
      await honest.areServed();
    },
  })),
  ...PLAIN_WAYS.map((way): Case => ({
    id: `robustness/server-messages-${way}`,
    requirements: ["ARC-ROBUST-connection"],
    title: `Malformed messages over ${way} of a peer that has joined cost at most its connection`,
    needs: "server",
    run: async (world) => {
      if (world.target[way] === undefined) world.skip(`needs a --target that is its ${way} listener`);
      const honest = await Bystanders.join(world);
      const malformed = new Malformed(world.rng);
      const voice = { sessionId: world.otherId, peerId: world.otherId };
      const line = await world.joined("hostile", voice, way);
      for (let i = 0; i < MESSAGES; i++) {
        await line.send(malformed.message({ ...voice, unixMs: world.timestamp }));
        if (i % 10 === 9) await honest.talk();
      }
      await answersOrIsOver(world, line, voice);
      await honest.areServed();
    },
  })),
  {
    id: "robustness/server-messages-phoenix",
    requirements: ["ARC-ROBUST-connection"],
    title: "Malformed Phoenix frames of a peer that has joined cost at most its connection",
    needs: "server",
    run: async (world) => {
      const voice = { sessionId: world.otherId, peerId: world.otherId };
      const peer = await world.phoenixPeer("hostile", voice);
      const honest = await Bystanders.join(world);
      const malformed = new Malformed(world.rng);
      const { line } = peer;
      for (const text of badPhoenix(PhoenixLine.topicOf(voice.sessionId))) await line.send(utf8(text));
      await honest.talk();
      for (let i = 0; i < MESSAGES; i++) {
        const message = new TextDecoder().decode(malformed.message({ ...voice, unixMs: world.timestamp }));
        await line.send(
          malformed.mutatedJson(`["1","${i}","${PhoenixLine.topicOf(voice.sessionId)}","HEARTBEAT",${message}]`),
        );
      }
      const isOver = await peer.ask("phoenix", "heartbeat", {}, null).then(() => false, () => true);
      if (isOver) await line.closedByTarget();
      await honest.areServed();
    },
  },
  {
    id: "robustness/server-heads",
    requirements: ["ARC-ROBUST-connection"],
    title: "Requests that are no HTTP, or none that a server has, cost their connections and nobody else's",
    needs: "server",
    run: async (world) => {
      const url = webSocketUrl(world);
      const honest = await Bystanders.join(world);
      const malformed = new Malformed(world.rng);
      const listener = world.target.plain === undefined ? "phoenix" : "plain";
      const right = utf8(handshakeText(url, PLAIN_SUBPROTOCOL, malformed.random));
      const heads = [
        ...Object.values(badHeads(url)),
        ...Array.from({ length: CONNECTIONS }, () => malformed.mutated(right)),
      ];
      await throughConnections(heads.length, async (i) => {
        const line = await world.bytes(`head ${i}`, listener);
        await line.send(heads[i]);
        return line;
      }, () => honest.newcomer());
      await honest.areServed();
    },
  },
  {
    id: "robustness/server-frames",
    requirements: ["ARC-ROBUST-connection"],
    title: "WebSocket frames that break RFC 6455 cost their connections and nobody else's",
    needs: "server",
    run: async (world) => {
      const honest = await Bystanders.join(world);
      const malformed = new Malformed(world.rng);
      const frames = [
        ...Object.values(badFrames()),
        ...Array.from(
          { length: CONNECTIONS },
          () => [malformed.mutated(webSocketFrame(TEXT, utf8('{"type":"HEARTBEAT"}')))],
        ),
      ];
      await throughConnections(frames.length, async (i) => {
        const line = await shakenHands(world, `frames ${i}`, malformed);
        for (const frame of frames[i]) await line.send(frame);
        return line;
      }, () => honest.talk());
      await honest.areServed();
    },
  },
  {
    id: "robustness/server-byte-by-byte",
    requirements: ["ARC-ROBUST-connection"],
    title: "A handshake and a frame that come byte by byte are understood, while others leave theirs half done",
    needs: "server",
    run: async (world) => {
      const url = webSocketUrl(world);
      const malformed = new Malformed(world.rng);
      const listener = world.target.plain === undefined ? "phoenix" : "plain";
      const text = handshakeText(url, PLAIN_SUBPROTOCOL, malformed.random);
      for (let i = 0; i < AT_A_TIME; i++) {
        const half = await world.bytes(`half done ${i}`, listener);
        await half.send(utf8(text.slice(0, malformed.random.below(text.length))));
      }
      const line = await world.bytes("slow", listener);
      for (const byte of utf8(text)) await line.send(Uint8Array.of(byte));
      await line.next("a switch to WebSocket", (bytes) => isSwitch(bytes));
      const beat = utf8(JSON.stringify(world.heartbeat(world.callerId, 7)));
      for (const byte of webSocketFrame(TEXT, beat)) await line.send(Uint8Array.of(byte));
      if (listener === "phoenix") return;
      await line.eventually("the HEARTBEAT_ACK", (bytes) => new TextDecoder().decode(bytes).includes("HEARTBEAT_ACK"));
    },
  },
  {
    id: "robustness/server-storm",
    requirements: ["ARC-ROBUST-connection"],
    title: "While connections with malformed requests come and go, every honest one is let in, and a pair talks",
    needs: "server",
    run: async (world) => {
      const url = webSocketUrl(world);
      const malformed = new Malformed(world.rng);
      const listener = world.target.plain === undefined ? "phoenix" : "plain";
      const honest = await Bystanders.join(world);
      const heads = Object.values(badHeads(url));
      const right = utf8(handshakeText(url, PLAIN_SUBPROTOCOL, malformed.random));
      const hostile = async (i: number) => {
        const line = await world.bytes(`storm ${i}`, listener);
        await line.send(malformed.random.bool() ? heads[i % heads.length] : malformed.mutated(right));
        // At once, or with its end: the server is in the middle of it.
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
      const url = webSocketUrl(world);
      const line = await world.bytes("endless", world.target.plain === undefined ? "phoenix" : "plain");
      await line.send(utf8(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n`));
      await isCutOff(world, line, () => utf8(`x: ${"y".repeat(PIECE_BYTES)}\r\n`));
    },
  },
  {
    id: "robustness/server-endless-fragments",
    requirements: ["ARC-ROBUST-held"],
    title: "A message in fragments that does not end is cut off, or refused as too_large",
    needs: "server",
    run: async (world) => {
      const line = await shakenHands(world, "endless", new Malformed(world.rng));
      const piece = new Uint8Array(PIECE_BYTES).fill(0x20);
      await line.send(webSocketFrame(TEXT, piece, { fin: false }));
      await isCutOff(world, line, () => webSocketFrame(CONTINUATION, piece, { fin: false }));
    },
  },
  {
    id: "robustness/server-endless-frame",
    requirements: ["ARC-ROBUST-held"],
    title: "A frame of a gigabyte is cut off, or refused as too_large, long before it has come",
    needs: "server",
    run: async (world) => {
      const line = await shakenHands(world, "endless", new Malformed(world.rng));
      const piece = new Uint8Array(PIECE_BYTES).fill(0x20);
      await line.send(webSocketFrame(TEXT, piece, { announced: 1n << 30n }));
      await isCutOff(world, line, () => piece);
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
  ...PLAIN_WAYS.map((way): Case => ({
    id: `robustness/server-heavy-${way}`,
    requirements: ["ARC-ROBUST-time"],
    title: `Heavy messages over ${way} are answered in time, and others are served meanwhile`,
    needs: "server",
    run: async (world) => {
      if (world.target[way] === undefined) world.skip(`needs a --target that is its ${way} listener`);
      const honest = await Bystanders.join(world);
      const voice = { sessionId: world.otherId, peerId: world.otherId };
      const line = await world.joined("hostile", voice, way);
      for (const text of Object.values(heavyTexts())) {
        await line.send(utf8(text));
        await honest.talk();
      }
      await answersOrIsOver(world, line, voice);
    },
  })),
  {
    id: "robustness/server-udp-noise",
    requirements: ["ARC-ROBUST-amplification", "ARC-ROBUST-connection"],
    title: "Noise on the UDP port is not answered, and malformed messages with no more than they bring",
    needs: "server",
    run: async (world) => {
      const line = await world.udp("stranger");
      const malformed = new Malformed(world.rng);
      for (let i = 0; i < CONNECTIONS; i++) await line.send(malformed.packet());
      await world.nilHeartbeat(line, 1);
      for (let i = 0; i < 4; i++) {
        const unit = malformed.message({ ...world.caller, unixMs: world.timestamp });
        await line.send(unit);
        await requireNoGain(world, line, unit, 2 + i);
      }
    },
  },
];

/** Opens connections a few at a time, and closes each few once `meanwhile` is done. */
async function throughConnections(
  count: number,
  open: (i: number) => Promise<Line>,
  meanwhile: () => Promise<void>,
): Promise<void> {
  for (let i = 0; i < count; i += AT_A_TIME) {
    const few = Array.from({ length: Math.min(AT_A_TIME, count - i) }, (_, k) => open(i + k));
    const lines = await Promise.all(few);
    await meanwhile();
    for (const line of lines) line.close();
  }
}

function webSocketUrl(world: ServerWorld): URL {
  const url = world.target.plain ?? world.target.phoenix;
  if (url === undefined) world.skip("needs --target ws://HOST:PORT");
  const withToken = new URL(url);
  const { token } = world.credentials(world.caller);
  if (token !== undefined) withToken.searchParams.set("token", token);
  return withToken;
}

/** A bare connection that has become a WebSocket. */
async function shakenHands(world: ServerWorld, name: string, { random }: Malformed): Promise<Line> {
  const url = webSocketUrl(world);
  const line = await world.bytes(name, world.target.plain === undefined ? "phoenix" : "plain");
  await line.send(utf8(handshakeText(url, world.target.plain === undefined ? undefined : PLAIN_SUBPROTOCOL, random)));
  await line.next("a switch to WebSocket", isSwitch);
  return line;
}

function isSwitch(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes).startsWith("HTTP/1.1 101");
}

/** More and more of the same: the connection ends, or its sender is told, before it has brought too much. */
async function isCutOff(world: ServerWorld, line: Line, piece: () => Uint8Array): Promise<void> {
  for (let sent = 0; sent < TOO_MUCH_BYTES; sent += PIECE_BYTES) {
    await line.send(piece());
    if (sent % (8 * PIECE_BYTES) === 0) await world.pass(1);
  }
  const told = line.eventually("the end of the connection, or too_large", (bytes) => {
    const text = new TextDecoder().decode(bytes);
    return text.includes("too_large") || /^HTTP\/1\.1 4/.test(text);
  });
  // It ended: that is what was due.
  const isOver = await told.then(() => false, () => true);
  if (isOver) await line.closedByTarget();
}

/** A HEARTBEAT is answered still, unless the connection is over: then the same peer may come again. */
async function answersOrIsOver(world: ServerWorld, line: Line, voice: Voice): Promise<void> {
  const beat = world.heartbeat(voice.peerId, 4711, voice.sessionId);
  await line.say(beat);
  const isOver = await line.eventually("an answer", (unit) => {
    const { type, code, sequence } = messageOf(unit);
    return (type === "HEARTBEAT_ACK" && sequence === 4711) || code === "rate_limited";
  }).then(() => false, () => true);
  if (isOver) await line.closedByTarget();
}

/** What came for the unit, by the time that a HEARTBEAT behind it is answered: one datagram, and no larger. */
async function requireNoGain(world: ServerWorld, line: Line, unit: Uint8Array, sequence: number): Promise<void> {
  const beat = { ...world.heartbeat(world.callerId, sequence, NIL), pad: "0".repeat(300) };
  await line.say(beat);
  const answers = await line.before("the HEARTBEAT_ACK", (one) => messageOf(one).sequence === sequence);
  const bytes = answers.reduce((sum, { length }) => sum + length, 0);
  world.require(
    answers.length <= 1 && bytes <= unit.length,
    `at most one answer of ${unit.length} bytes`,
    `${answers.length} of ${bytes}`,
  );
}

const NIL = "00000000-0000-0000-0000-000000000000";

/** Texts that are no Phoenix frame, or frames of nothing that there is. */
function badPhoenix(topic: string): readonly string[] {
  return [
    "",
    "null",
    "{}",
    "[]",
    "[1,2,3,4,5]",
    `["1","1","${topic}","HEARTBEAT"]`,
    `["1","1","${topic}","HEARTBEAT",{},{}]`,
    `[{},[],"${topic}","HEARTBEAT",{}]`,
    `["1","1",null,"phx_join",{}]`,
    `["1","1","arcrtc:","phx_join",{}]`,
    `["1","1","arcrtc:not-an-id","phx_join",{"peer_id":"x"}]`,
    `["1","1","${topic}","phx_join",null]`,
    `["1","1","${topic}","phx_join",{"peer_id":7}]`,
    `["1","1","${topic}","phx_leave",[]]`.replace("phx_leave", "phx_close"),
    `["1","1","phoenix","no-such-event",{}]`,
    `["1","1","${topic}","phx_reply",{"status":"ok","response":{}}]`,
    `["1","1","${topic}","__proto__",{"__proto__":{}}]`,
    `["1","1","${topic}","HEARTBEAT",${"[".repeat(5000)}${"]".repeat(5000)}]`,
    `["1","1","${topic}","HEARTBEAT",{"type":"CONNECT"}]`,
    `["${"9".repeat(5000)}","${"9".repeat(5000)}","${topic}","HEARTBEAT",{}]`,
  ];
}
