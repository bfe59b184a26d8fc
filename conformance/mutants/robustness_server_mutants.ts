/** Signaling servers that bad input harms: in their hub, on their UDP port, or by what stands in front of them. */
import { PacketBatch } from "../../lib/base/batch.ts";
import type { HostPort } from "../../lib/base/address_table.ts";
import { OPEN_AUTH } from "../../lib/net/join_auth.ts";
import { SignalingServer } from "../../lib/net/signaling_server.ts";
import { openUdp } from "../../lib/net/udp_deno.ts";
import type { HubOutput, SignalingHub } from "../../lib/signaling/hub.ts";
import { serverDriver } from "../drive/server_world.ts";
import { targetOf } from "../drive/testing.ts";
import type { Mutant, MutantHead } from "./mutant.ts";
import { hubMutant } from "./server_mutant.ts";
import { mutantIdentity } from "./mutant_identity.ts";
import { oneHandshakeAtATime, TcpProxy, type Weakness } from "./tcp_proxy.ts";

const ANY_PORT = { host: "127.0.0.1", port: 0 };
const END_OF_HEAD = "\r\n\r\n";
/** Longer than the suite waits for anything. */
const STALL_MS = 8000;
const MANY_BACKSLASHES = "\\".repeat(40);
const KEPT_BYTES = 100_000;

/** The server behind a proxy of bytes on each of its listeners; `make` is called once for all of them. */
function bytesMutant(head: MutantHead, make: () => Weakness, isTls = false): Mutant {
  return {
    ...head,
    async start() {
      const identity = isTls ? await mutantIdentity() : undefined;
      const tls = identity === undefined ? {} : { tls: identity };
      const server = await SignalingServer.start({ auth: OPEN_AUTH, webSocket: ANY_PORT, stream: ANY_PORT, ...tls });
      const trust = identity === undefined ? {} : { pinSha256: identity.fingerprintSha256 };
      const { phoenix, plain, stream } = targetOf(server.urls);
      if (phoenix === undefined || plain === undefined || stream === undefined) {
        throw new Error("a listener is missing");
      }
      const weakness = make();
      const webSocketProxy = await TcpProxy.start({ host: phoenix.hostname, port: Number(phoenix.port) }, weakness);
      const streamProxy = await TcpProxy.start(stream, weakness);
      for (const url of [phoenix, plain]) url.port = String(webSocketProxy.local.port);
      // A pin is the stream's alone: a WebSocket client knows authorities.
      const webSockets = isTls ? {} : { phoenix, plain };
      const target = { ...webSockets, stream: streamProxy.local, streamTls: isTls, trust };
      return {
        subjects: { server: serverDriver(target) },
        async stop() {
          await Promise.all([webSocketProxy.stop(), streamProxy.stop()]);
          await server.close();
        },
      };
    },
  };
}

/** The server with another UDP port, which answers each datagram as `answer` says. */
function udpMutant(head: MutantHead, answer: (unit: Uint8Array) => readonly Uint8Array[]): Mutant {
  return {
    ...head,
    async start() {
      const server = await SignalingServer.start({ auth: OPEN_AUTH, stream: ANY_PORT });
      const socket = openUdp(ANY_PORT);
      const ended = serve(socket, answer);
      const udp: HostPort = socket.local;
      return {
        subjects: { server: serverDriver({ ...targetOf(server.urls), udp }) },
        async stop() {
          socket.close();
          await ended;
          await server.close();
        },
      };
    },
  };
}

async function serve(socket: ReturnType<typeof openUdp>, answer: (unit: Uint8Array) => readonly Uint8Array[]) {
  const batch = new PacketBatch(1, 65_536);
  while (await socket.receive(batch)) {
    for (const unit of answer(batch.packet(0).slice())) {
      const out = new PacketBatch(1, 65_536);
      out.push(unit, batch.addresses[0]);
      await socket.send(out).catch(() => {});
    }
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function isHttp(bytes: Uint8Array): boolean {
  return /^[A-Z]{1,8}/.test(textOf(bytes.subarray(0, 8)));
}

/** Its first bytes are neither a request nor the length of a short unit. */
function isNoise({ received }: { readonly received: Uint8Array }): boolean {
  return received.length < 4000 && !isHttp(received) && received[0] !== 0;
}

export const SERVER_ROBUSTNESS_MUTANTS: readonly Mutant[] = [
  hubMutant(
    {
      id: "robustness/server-ends-all",
      broken: "ends all connections at one malformed message",
      breaks: ["ARC-ROBUST-connection"],
    },
    (Right) =>
      class extends Right {
        readonly #open = new Set<number>();
        readonly #ends: HubOutput[] = [];

        override open(id: number, nowMs: number): void {
          this.#open.add(id);
          super.open(id, nowMs);
        }

        override closed(id: number): void {
          this.#open.delete(id);
          super.closed(id);
        }

        override refuse(...args: Parameters<SignalingHub["refuse"]>) {
          this.#ends.push(...[...this.#open].map((to) => ({ kind: "close" as const, to, why: "bad input" })));
          return super.refuse(...args);
        }

        override poll(): HubOutput | undefined {
          return super.poll() ?? this.#ends.shift();
        }
      },
  ),
  hubMutant(
    {
      id: "robustness/server-lets-nobody-in",
      broken: "takes no new sessions once it has met a malformed message",
      breaks: ["ARC-ROBUST-connection"],
    },
    (Right) =>
      class extends Right {
        override refuse(...args: Parameters<SignalingHub["refuse"]>) {
          this.drain();
          return super.refuse(...args);
        }
      },
  ),
  bytesMutant({
    id: "robustness/server-dies-of-noise",
    broken: "ends all connections when one begins with noise",
    breaks: ["ARC-ROBUST-connection"],
  }, () => ({
    chunk(chunk, connection, proxy) {
      if (isNoise(connection)) proxy.endAll();
      return chunk;
    },
  })),
  bytesMutant({
    id: "robustness/server-dies-of-bad-frames",
    broken: "ends all connections at a WebSocket frame without a mask",
    breaks: ["ARC-ROBUST-connection"],
  }, () => ({
    chunk(chunk, { received }, proxy) {
      const isFrame = isHttp(received) && textOf(received).includes(END_OF_HEAD) && !isHttp(chunk);
      if (isFrame && chunk.length > 1 && (chunk[1] & 0x80) === 0) proxy.endAll();
      return chunk;
    },
  })),
  bytesMutant({
    id: "robustness/server-dies-of-half-heads",
    broken: "ends all connections when one leaves in the middle of its request",
    breaks: ["ARC-ROBUST-connection"],
  }, () => ({
    left({ received }, proxy) {
      if (isHttp(received) && !textOf(received).includes(END_OF_HEAD)) proxy.endAll();
    },
  })),
  bytesMutant({
    id: "robustness/server-holds-heads",
    broken: "keeps whatever comes before the end of a request's head",
    breaks: ["ARC-ROBUST-held"],
  }, () => {
    const kept = new WeakMap<object, Uint8Array[]>();
    return {
      chunk(chunk, connection) {
        if (chunk[0] === 0 || !isHttp(kept.get(connection)?.[0] ?? chunk)) return chunk;
        const chunks = [...kept.get(connection) ?? [], chunk];
        const isWhole = textOf(connection.received).includes(END_OF_HEAD);
        kept.set(connection, isWhole ? [] : chunks);
        return isWhole ? Uint8Array.from(chunks.flatMap((one) => [...one])) : new Uint8Array(0);
      },
    };
  }),
  bytesMutant({
    id: "robustness/server-holds-fragments",
    broken: "keeps whatever comes for a message that does not end",
    breaks: ["ARC-ROBUST-held"],
  }, () => {
    const passed = new WeakMap<object, number>();
    return {
      chunk(chunk, connection) {
        const bytes = (passed.get(connection) ?? 0) + chunk.length;
        passed.set(connection, bytes);
        return bytes > KEPT_BYTES ? new Uint8Array(0) : chunk;
      },
    };
  }),
  bytesMutant({
    id: "robustness/server-holds-frames",
    broken: "waits for the end of a frame, however long it says that it is",
    breaks: ["ARC-ROBUST-held"],
  }, () => {
    const waiting = new WeakSet<object>();
    return {
      chunk(chunk, connection) {
        // A masked text with a length of eight bytes.
        if (chunk[0] === 0x81 && chunk[1] === 0xff) waiting.add(connection);
        return waiting.has(connection) ? new Uint8Array(0) : chunk;
      },
    };
  }),
  bytesMutant({
    id: "robustness/server-one-at-a-time",
    broken: "finishes one handshake before it looks at the next",
    breaks: ["ARC-ROBUST-held"],
  }, () => {
    let busyWith: object | undefined;
    return {
      async chunk(chunk, connection, proxy) {
        const isWhole = !isHttp(connection.received) || textOf(connection.received).includes(END_OF_HEAD);
        while (busyWith !== undefined && busyWith !== connection && !connection.isOver) await proxy.wait(20);
        busyWith = isWhole ? undefined : connection;
        return chunk;
      },
      left(connection) {
        if (busyWith === connection) busyWith = undefined;
      },
    };
  }),
  bytesMutant(
    {
      id: "robustness/server-one-tls-handshake-at-a-time",
      broken: "begins no handshake of TLS while another is half done",
      breaks: ["ARC-ROBUST-held"],
    },
    oneHandshakeAtATime,
    true,
  ),
  bytesMutant({
    id: "robustness/server-stalls-at-escapes",
    broken: "serves nobody while it tries to read a message of backslashes",
    breaks: ["ARC-ROBUST-time"],
  }, () => {
    let stalled: Promise<void> = Promise.resolve();
    return {
      async chunk(chunk, _connection, proxy) {
        if (textOf(chunk).includes(MANY_BACKSLASHES)) stalled = proxy.wait(STALL_MS);
        await stalled;
        return chunk;
      },
    };
  }),
  udpMutant(
    {
      id: "robustness/server-port-amplifies",
      broken: "answers HEARTBEATs on its UDP port with twice their bytes",
      breaks: ["ARC-ROBUST-amplification"],
    },
    (unit) => unit[0] === 0x7b ? [unit, unit] : [],
  ),
  udpMutant(
    {
      id: "robustness/server-port-answers-noise",
      broken: "sends back what it cannot read",
      breaks: ["ARC-ROBUST-amplification"],
    },
    (unit) => unit[0] === 0x7b ? [] : [unit],
  ),
];
