/** A signaling server: two peers of a session that send what they should not, and bytes that are no messages. */
import { toHex, utf8 } from "../../../lib/base/bytes.ts";
import { uuidV4 } from "../../../lib/base/uuid.ts";
import { generateMessage } from "../../../lib/fuzz/generate_message.ts";
import { claimedType } from "../../../lib/fuzz/response_rules.ts";
import { Breach, type CaseRandom, type FuzzCase } from "../../../lib/fuzz/target.ts";
import { messageSeeds } from "../../../lib/fuzz/targets/text_targets.ts";
import { NetError } from "../../../lib/net/net_error.ts";
import { openSignaling } from "../../../lib/net/open_signaling.ts";
import type { TlsTrust } from "../../../lib/net/open_stream.ts";
import type { SignalingLink } from "../../../lib/net/signaling_link.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import { EXAMPLE_CALLEE, EXAMPLE_CALLER, EXAMPLE_SESSION } from "../../../lib/signaling/examples.ts";
import { MESSAGE_TYPES } from "../../../lib/signaling/messages/registry.ts";
import { CliError } from "../../ui/cli_error.ts";
import { Exchange } from "./exchange.ts";
import { Liveness } from "./liveness.ts";
import { within } from "../within.ts";
import { delay, type RemoteTarget } from "./remote_target.ts";

const OPEN_MS = 5000;
const MAX_RECEIVED = 1000;
const CANARY_MS = 3000;
/** How long answers to one message are waited for. */
const ANSWER_MS = 10;

export interface SignalingAddress {
  readonly url: string;
  readonly token?: string;
  readonly trust: TlsTrust;
}

export function signalingTargets(address: SignalingAddress): readonly RemoteTarget[] {
  const { protocol } = new URL(address.url);
  const hasPlainSocket = protocol === "tcp:" || protocol === "ws:";
  return [sessionTarget(address), ...(hasPlainSocket ? [rawTarget(address)] : [])];
}

/** One peer's connection, with what has come over it. */
class PeerLine {
  readonly sessionId: string;
  readonly peerId: string;
  readonly received: string[] = [];
  link: SignalingLink | undefined;
  isClosed = false;
  readonly exchange: Exchange;
  readonly #address: SignalingAddress;

  constructor(address: SignalingAddress, sessionId: string, peerId: string) {
    this.#address = address;
    this.exchange = new Exchange(/^(?:wss?|https?):/.test(address.url) ? "ws" : "tcp");
    this.sessionId = sessionId;
    this.peerId = peerId;
  }

  /** Opens and joins; a HEARTBEAT joins where the transport has no other way. */
  async open(): Promise<void> {
    const { url, token, trust } = this.#address;
    const target = { url, sessionId: this.sessionId, peerId: this.peerId, trust, timeoutMs: OPEN_MS };
    this.link = await openSignaling({ ...target, ...(token === undefined ? {} : { token }) }, {
      message: (unit) => {
        this.exchange.received(unit);
        if (this.received.length < MAX_RECEIVED) {
          this.received.push(typeof unit === "string" ? unit : new TextDecoder().decode(unit));
        }
      },
      closed: () => this.isClosed = true,
    });
    await this.heartbeat();
  }

  send(text: string, isCanary = false): void {
    this.link?.send(text);
    this.exchange.sent(text, isCanary);
  }

  /** How long a HEARTBEAT's answer took; undefined where none came. */
  async heartbeat(): Promise<number | undefined> {
    const challenge = toHex(new SystemRng().fill(new Uint8Array(8)));
    const startMs = performance.now();
    const token = this.#address.token === undefined ? {} : { token: this.#address.token };
    this.send(
      JSON.stringify({
        type: "HEARTBEAT",
        session_id: this.sessionId,
        sequence: 0,
        challenge,
        peer_id: this.peerId,
        ...token,
        timestamp: Date.now(),
      }),
      true,
    );
    while (performance.now() < startMs + CANARY_MS && !this.isClosed) {
      if (this.received.some((text) => text.includes(challenge))) return performance.now() - startMs;
      await delay(1);
    }
    return undefined;
  }
}

/** The examples' session and peers become those of the connection. */
function fitted(unit: Uint8Array, line: PeerLine): string {
  return new TextDecoder().decode(unit)
    .replaceAll(EXAMPLE_SESSION, line.sessionId)
    .replaceAll(EXAMPLE_CALLER, line.peerId)
    .replaceAll(EXAMPLE_CALLEE, line.peerId);
}

/** False for text that no Phoenix frame can carry, because it is no message: raw bytes are the other target's. */
function trySend(line: PeerLine, text: string): boolean {
  try {
    line.send(text);
    return true;
  } catch {
    return false;
  }
}

function sessionTarget(address: SignalingAddress): RemoteTarget {
  const rng = new SystemRng();
  const liveness = new Liveness();
  const freshConnection = async (): Promise<PeerLine> => {
    const line = new PeerLine(address, uuidV4(rng), uuidV4(rng));
    try {
      await line.open();
    } catch (error) {
      if (error instanceof NetError) throw new Breach("crash", `no connection can be opened: ${error.message}`);
      throw error;
    }
    return line;
  };
  return {
    name: "signaling.session",
    area: "network",
    summary: "messages of every kind, malformed, from a peer that has joined a session",
    shape: "json",
    maxUnits: 6,
    seeds: () => [
      ...MESSAGE_TYPES.flatMap(messageSeeds).map((unit) => [unit]),
      MESSAGE_TYPES.flatMap(messageSeeds).slice(0, 6),
    ],
    generate: (random: CaseRandom): FuzzCase =>
      Array.from({ length: 1 + random.below(4) }, () => generateMessage(random.pick(MESSAGE_TYPES), random)),
    where: { address: address.url },
    close: () => Promise.resolve(),
    run: async (units) => {
      const line = await freshConnection();
      const kinds = new Set<string>();
      for (const unit of units) {
        if (line.isClosed) break;
        line.received.length = 0;
        const text = fitted(unit, line);
        if (!trySend(line, text)) continue;
        await delay(ANSWER_MS);
        for (const answer of line.received) kinds.add(claimedType(answer) ?? "?");
        line.exchange.judge();
      }
      line.exchange.judge();
      // A server may end a connection that misbehaves, but then it takes the next.
      if (!line.isClosed) liveness.canary(await line.heartbeat(), "a HEARTBEAT");
      else {
        kinds.add("closed");
        const next = await freshConnection();
        liveness.canary(await next.heartbeat(), "a HEARTBEAT on a fresh connection");
        next.link?.close();
      }
      line.link?.close();
      return [...kinds].sort().join(" ");
    },
  };
}

const RAW_SEEDS = [
  "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
  "\u0000\u0002{}",
  "\u0000\u0000",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

/** A masked text frame with nothing in it, and one whose length says more than there is. */
const WEBSOCKET_FRAMES = [[0x81, 0x80, 1, 2, 3, 4], [0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4]];

/** Bytes on a bare TCP connection; afterwards an honest peer must find the server as it was. */
function rawTarget(address: SignalingAddress): RemoteTarget {
  const { hostname, port, protocol } = new URL(address.url);
  const rng = new SystemRng();
  const liveness = new Liveness();
  const to = { hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (protocol === "ws:" ? 80 : 0)) };
  return {
    name: "signaling.raw",
    area: "network",
    summary: "bytes that are no frames, on a bare connection",
    shape: "bytes",
    maxUnits: 4,
    seeds: () => [
      ...RAW_SEEDS.map((text) => [utf8(text)]),
      ...WEBSOCKET_FRAMES.map((frame) => [utf8(RAW_SEEDS[0]), new Uint8Array(frame)]),
    ],
    where: { address: address.url },
    close: () => Promise.resolve(),
    run: async (units) => {
      const behaviour = await sendRaw(to, units);
      const line = new PeerLine(address, uuidV4(rng), uuidV4(rng));
      try {
        await line.open();
      } catch (error) {
        if (error instanceof NetError) throw new Breach("crash", `no connection can be opened: ${error.message}`);
        throw error;
      }
      liveness.canary(await line.heartbeat(), "a HEARTBEAT on a fresh connection");
      line.link?.close();
      return behaviour;
    },
  };
}

async function sendRaw(to: { readonly hostname: string; readonly port: number }, units: FuzzCase): Promise<string> {
  let connection: Deno.TcpConn;
  try {
    connection = await Deno.connect(to);
  } catch (error) {
    throw new Breach("crash", `no connection can be opened: ${error instanceof Error ? error.message : error}`);
  }
  try {
    for (const unit of units) await within(connection.write(unit), 1000);
    const answer = new Uint8Array(64);
    const count = await within(connection.read(answer), 4 * ANSWER_MS);
    if (count === undefined) return "silent";
    return count === null
      ? "closed"
      : new TextDecoder("latin1").decode(answer.subarray(0, 12)).replace(/[^\w ./]/g, "?");
  } catch {
    return "closed";
  } finally {
    connection.close();
  }
}

/** @throws CliError where the address is none, or nobody is there. */
export async function checkSignaling(address: SignalingAddress): Promise<void> {
  const rng = new SystemRng();
  const line = new PeerLine(address, uuidV4(rng), uuidV4(rng));
  try {
    await line.open();
  } catch (error) {
    if (error instanceof TypeError) throw new CliError("usage", error.message);
    if (error instanceof NetError) {
      throw new CliError(error.kind === "refused" ? "refused" : "unreachable", error.message);
    }
    throw error;
  }
  line.link?.close();
}
