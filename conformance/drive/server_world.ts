/** A signaling server under test; the suite plays its peers. */
import { NIL_UUID } from "../../lib/base/uuid.ts";
import { PHOENIX_PATH } from "../../lib/net/signaling_routes.ts";
import type { HostPort } from "../../lib/base/address_table.ts";
import type { TlsTrust } from "../../lib/net/open_stream.ts";
import type { Desk, Driver } from "./desk.ts";
import type { Line } from "./line.ts";
import { reachAll, streamChannel } from "./stream_channel.ts";
import { udpChannel } from "./udp_channel.ts";
import { webSocketChannel } from "./websocket_channel.ts";
import { World } from "./world.ts";

/** Where the server listens, of `--target`; what is not given cannot be tested. */
export interface ServerTarget {
  /** WebSocket in the Phoenix form. */
  readonly phoenix?: URL;
  /** WebSocket with one message a frame. */
  readonly plain?: URL;
  /** TCP, or TLS where `streamTls` says so. */
  readonly stream?: HostPort;
  readonly streamTls?: boolean;
  /** HEARTBEATs over UDP. */
  readonly udp?: HostPort;
  readonly trust: TlsTrust;
}

/** Ways to a server on which a message is a unit by itself. */
export const PLAIN_WAYS = ["plain", "stream"] as const;
export type PlainWay = (typeof PLAIN_WAYS)[number];

export class ServerWorld extends World {
  readonly target: ServerTarget;

  constructor(desk: Desk, target: ServerTarget) {
    super(desk);
    this.target = target;
  }

  /** A connection that has not joined; over the first way that the target has, or the named one. */
  connect(name: string, way: PlainWay | undefined = PLAIN_WAYS.find((one) => this.target[one])): Promise<Line> {
    if (way === undefined) this.skip("needs --target ws://HOST:PORT/plain or tcp://HOST:PORT");
    return way === "plain" ? this.webSocket(name, "plain") : this.stream(name);
  }

  /** A WebSocket, frames as they are. */
  webSocket(name: string, format: "plain" | "phoenix", { binary = false } = {}): Promise<Line> {
    const url = this.target[format];
    if (url === undefined) this.skip(`needs --target ws://HOST:PORT${format === "plain" ? "/plain" : PHOENIX_PATH}`);
    const wish = { url, format, trust: this.target.trust, binary };
    return this.line(name, (line) => webSocketChannel(line, wish, this.desk.patienceMs));
  }

  /** A TCP or TLS connection; `raw` sends without framing. */
  stream(name: string, { raw = false } = {}): Promise<Line> {
    const { stream, streamTls, trust } = this.target;
    if (stream === undefined) this.skip("needs --target tcp://HOST:PORT or tls://HOST:PORT");
    const target = streamTls ? { ...stream, tls: trust } : stream;
    return this.line(name, (line) => streamChannel(line, target, this.desk.patienceMs, { raw }));
  }

  /** A UDP socket towards the server's port for HEARTBEATs. */
  udp(name: string): Promise<Line> {
    const { udp } = this.target;
    if (udp === undefined) this.skip("needs --target udp://HOST:PORT");
    return this.line(name, (line) => Promise.resolve(udpChannel(line, udp)));
  }

  /** The HEARTBEAT of a peer of this session, with which it joins where no channel does. */
  heartbeat(peerId: string, sequence: number, sessionId: string = this.sessionId): object {
    return { type: "HEARTBEAT", session_id: sessionId, sequence, peer_id: peerId, timestamp: this.timestamp };
  }

  /**
   * The HEARTBEAT that needs no session, and its answer, which must be the very next thing that comes: all that was
   * sent before it has been dealt with. Its pad is for ports over UDP, which answer with no more than they got.
   */
  async nilHeartbeat(line: Line, sequence: number): Promise<void> {
    const timestamp = this.timestamp;
    await line.say({ type: "HEARTBEAT", session_id: NIL_UUID, sequence, timestamp, pad: "0".repeat(300) });
    await line.nextMessage("HEARTBEAT_ACK", { session_id: NIL_UUID, sequence, original_timestamp: timestamp });
  }

  /** Caller and callee, both joined: their HEARTBEATs tell when. */
  async pair(way?: PlainWay): Promise<{ readonly caller: Line; readonly callee: Line }> {
    const caller = await this.connect("caller", way);
    await caller.say(this.heartbeat(this.callerId, 1));
    await caller.nextMessage("HEARTBEAT_ACK", { session_id: this.sessionId, sequence: 1 });
    const callee = await this.connect("callee", way);
    await callee.say(this.heartbeat(this.calleeId, 1));
    await caller.nextMessage("HEARTBEAT", { session_id: this.sessionId, peer_id: this.calleeId });
    return { caller, callee };
  }
}

export function serverDriver(target: ServerTarget): Driver<ServerWorld> {
  const { phoenix, plain, stream, streamTls, udp } = target;
  const places = [
    phoenix && `${phoenix.origin}${phoenix.pathname}`,
    plain && `${plain.origin}${plain.pathname}`,
    stream && `${streamTls ? "tls" : "tcp"}://${stream.host}:${stream.port}`,
    udp && `udp://${udp.host}:${udp.port}`,
  ];
  return {
    description: places.filter((place) => place !== undefined).join(" "),
    reach: (timeoutMs) => reachAll([placeOf(phoenix), placeOf(plain), stream], timeoutMs),
    open: (desk) => new ServerWorld(desk, target),
  };
}

function placeOf(url: URL | undefined): HostPort | undefined {
  if (url === undefined) return undefined;
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  return { host, port: Number(url.port) || (url.protocol === "wss:" ? 443 : 80) };
}
