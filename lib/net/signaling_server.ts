/**
 * A signaling server: the hub with its listeners (WebSocket with Phoenix or plain, TCP or TLS, UDP for HEARTBEATs), its
 * timers, its end. No other service is needed (SPEC ARC-TRANSPORT-nats-optional); with a bus sessions are shared with
 * the other servers on it.
 *
 * ```ts
 * const server = await SignalingServer.start({ auth: OPEN_AUTH, webSocket: { host: "127.0.0.1", port: 7480 } });
 * console.log(server.urls);
 * await server.drain(10_000);
 * ```
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { formatHostPort, type HostPort } from "../base/address_table.ts";
import type { SignalingHub } from "../signaling/hub.ts";
import type { Metrics } from "../signaling/messages/metrics.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import { type Clock, systemClock } from "./clock.ts";
import { ConnectionGate, type GateRefusal } from "./connection_gate.ts";
import { HubDriver } from "./hub_driver.ts";
import type { JoinAuth } from "./join_auth.ts";
import { ListenError } from "./listen.ts";
import { PhoenixConnection } from "./phoenix_server.ts";
import { PlainConnection } from "./plain_connection.ts";
import { PROMETHEUS_CONTENT_TYPE } from "./prometheus.ts";
import type { OpenConnection, ServerContext } from "./server_connection.ts";
import { ServerBus, type ServerBusOptions, type ServerState } from "./server_bus.ts";
import { PeerFigures, writeServerMetrics } from "./server_metrics.ts";
import { type ServerRelayOptions, ServerRelays } from "./server_relays.ts";
import type { ServerLog, SignalingTransport } from "./signaling_events.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./signaling_limits.ts";
import { CLOSE_TIMEOUT_MS, MAX_MESSAGE_BYTES, type SignalingLinkEvents } from "./signaling_link.ts";
import { PHOENIX_PATH, PLAIN_PATH, routeUpgrade, type WebSocketFormat } from "./signaling_routes.ts";
import { type Listener, listenStream } from "./stream_listener.ts";
import { streamLink } from "./stream_link.ts";
import { SystemRng } from "./system_rng.ts";
import type { TlsIdentity } from "./tls_identity.ts";
import { openUdp } from "./udp_deno.ts";
import { UdpHeartbeats } from "./udp_heartbeat.ts";
import { listenWebSocket, type Page } from "./websocket_listener.ts";
import { webSocketLink } from "./websocket_link.ts";

export interface SignalingServerOptions {
  readonly auth: JoinAuth;
  /** Port 0 lets the system choose; a listener that is left out is not there. */
  readonly webSocket?: HostPort;
  readonly stream?: HostPort;
  readonly udp?: HostPort;
  /** With it WebSocket and stream listener speak TLS 1.3 and nothing else. */
  readonly tls?: TlsIdentity;
  readonly limits?: Partial<ServerLimits>;
  /** What peers are told of. */
  readonly relays?: ServerRelayOptions;
  /** Where sessions are shared with other servers. */
  readonly bus?: ServerBusOptions;
  /** Browsers' pages may connect only from this machine: for servers that let anybody join. */
  readonly localPagesOnly?: boolean;
  readonly log?: ServerLog;
  readonly clock?: Clock;
  /** In place of the right one: for servers that are broken on purpose. */
  readonly hub?: typeof SignalingHub;
}

/** Where a server can be reached. */
export interface ServerUrls {
  /** `ws://` or `wss://`, with Phoenix' path. */
  readonly phoenix?: string;
  readonly plain?: string;
  /** `tcp://` or `tls://`. */
  readonly stream?: string;
  readonly udp?: string;
  readonly health?: string;
  readonly metrics?: string;
}

/** A frame that is somewhat too long is still read, so that its sender learns why it was refused. */
const MAX_PAYLOAD_BYTES = 2 * MAX_MESSAGE_BYTES;

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";

export class SignalingServer {
  readonly #options: SignalingServerOptions;
  readonly #limits: ServerLimits;
  readonly #clock: Clock;
  readonly #log: ServerLog;
  readonly #driver: HubDriver;
  readonly #gate: ConnectionGate;
  readonly #bus: ServerBus | undefined;
  readonly #relays: ServerRelays | undefined;
  readonly #context: ServerContext;
  readonly #peers = new PeerFigures();
  readonly #startedMs: number;
  readonly #listeners: Listener[] = [];
  #udp: UdpHeartbeats | undefined;
  #urls: ServerUrls = {};
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #whenEmpty: () => void = () => {};
  #stopped: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;
  #isDraining = false;

  private constructor(options: SignalingServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_SERVER_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock();
    this.#log = options.log ?? (() => {});
    this.#startedMs = this.#clock.nowMs();
    this.#bus = options.bus &&
      new ServerBus(options.bus, () => this.#state(), this.#log, (isUp) => {
        this.#driver.busChanged(isUp);
        this.sweep();
      });
    const bus = this.#bus?.bus;
    this.#relays = options.relays && new ServerRelays(options.relays, this.#clock, new SystemRng(), this.#log, bus);
    const events = {
      metrics: (metrics: Metrics) => this.#peers.take(metrics),
      channelClosed: () => {
        if (this.sessions === 0) this.#whenEmpty();
      },
    };
    this.#driver = new HubDriver(this.#clock, this.#limits, events, this.#relays?.relaysFor, options.hub, bus);
    this.#gate = new ConnectionGate({ ...this.#limits, handshakeMs: this.#limits.joinTimeoutMs });
    this.#context = {
      driver: this.#driver,
      auth: options.auth,
      limits: this.#limits,
      log: this.#log,
      connections: new Set<OpenConnection>(),
      counters: { opened: noneOpen(), slowReaders: 0, joinTimeouts: 0, failures: 0 },
    };
  }

  /** Opens all listeners, or none. @throws ListenError */
  static async start(options: SignalingServerOptions): Promise<SignalingServer> {
    const server = new SignalingServer(options);
    try {
      await server.#listen();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  get urls(): ServerUrls {
    return this.#urls;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#context.connections.size;
  }

  /** Sockets of all TCP listeners, those with an unfinished handshake among them. */
  get sockets(): number {
    return this.#gate.open;
  }

  /** Sessions with at least one peer joined. */
  get sessions(): number {
    return this.#driver.hub.stats.sessions;
  }

  async #listen(): Promise<void> {
    const { webSocket, stream, udp, tls } = this.#options;
    const urls: { -readonly [K in keyof ServerUrls]: ServerUrls[K] } = {};
    if (webSocket !== undefined) {
      const listener = await this.#listenWebSocket(webSocket);
      const host = formatHostPort(listener.address);
      const secure = tls === undefined ? "" : "s";
      urls.phoenix = `ws${secure}://${host}${PHOENIX_PATH}`;
      urls.plain = `ws${secure}://${host}${PLAIN_PATH}`;
      urls.health = `http${secure}://${host}/healthz`;
      urls.metrics = `http${secure}://${host}/metrics`;
    }
    if (stream !== undefined) {
      const listener = await this.#listenStream(stream);
      urls.stream = `${tls === undefined ? "tcp" : "tls"}://${formatHostPort(listener.address)}`;
    }
    if (udp !== undefined) urls.udp = `udp://${formatHostPort(this.#listenUdp(udp))}`;
    this.#urls = urls;
    const { idleMs, joinTimeoutMs } = this.#limits;
    const sweepMs = Math.min(1000, Math.max(10, Math.min(idleMs, joinTimeoutMs) / 4));
    this.#sweeper = setInterval(() => this.sweep(), sweepMs);
    this.#relays?.start();
  }

  async #listenWebSocket(address: HostPort): Promise<Listener> {
    const { tls, localPagesOnly = false } = this.#options;
    const listener = await listenWebSocket<WebSocketFormat>(address, tls, MAX_PAYLOAD_BYTES, this.#gate, this.#clock, {
      judge: (request) => routeUpgrade(request, localPagesOnly),
      accepted: (socket, format, token, remote) => {
        const from = formatHostPort(remote);
        const accepted = {
          transport: format,
          from,
          token,
          open: (events: SignalingLinkEvents) => webSocketLink(socket, from, undefined, events),
        };
        if (format === "phoenix") new PhoenixConnection(accepted, this.#context);
        else new PlainConnection(accepted, this.#context);
      },
      refused: (remote, why) => this.#log({ event: "turned_away", from: formatHostPort(remote), why }),
      page: (path) => this.#page(path),
    });
    this.#listeners.push(listener);
    return listener;
  }

  async #listenStream(address: HostPort): Promise<Listener> {
    const { tls } = this.#options;
    const transport = tls === undefined ? "tcp" : "tls";
    const listener = await listenStream(address, tls, this.#gate, this.#clock, (socket, refusal) => {
      const from = formatHostPort({ host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 });
      if (refusal !== undefined) return this.#turnAway(socket, from, refusal);
      new PlainConnection(
        { transport, from, token: undefined, open: (events) => streamLink(socket, from, events) },
        this.#context,
      );
    });
    this.#listeners.push(listener);
    return listener;
  }

  /** Says why before the door closes (SPEC ARC-TRANSPORT-server-bounds). */
  #turnAway(socket: Socket | TLSSocket, from: string, refusal: Exclude<GateRefusal, "gone">): void {
    const why = refusal === "full" ? "the server has its connections" : "this address has its connections";
    const link = streamLink(socket, from, { message: () => {}, closed: () => {} });
    const timestamp = Math.floor(this.#clock.nowMs() + this.#clock.unixOffsetMs);
    link.send(writeMessage({ type: "ERROR", code: "busy", message: `${why}; try later`, timestamp }));
    link.close();
    this.#log({ event: "turned_away", from, why });
  }

  #listenUdp(address: HostPort): HostPort {
    try {
      this.#udp = new UdpHeartbeats(openUdp(address), this.#clock);
    } catch (error) {
      throw new ListenError("UDP", address, error);
    }
    this.#udp.ended.catch((error) => this.#log({ event: "failed", what: "UDP port", message: String(error) }));
    return this.#udp.local;
  }

  /** Closes what is late or silent. It comes by itself, every second at the latest. */
  sweep(): void {
    const nowMs = this.#clock.nowMs();
    this.#gate.sweep(nowMs);
    for (const connection of this.#context.connections) connection.sweep(nowMs);
    this.#driver.hub.timeout(nowMs);
    this.#driver.flush();
    this.#bus?.sweep(nowMs);
  }

  /** What other servers may know. */
  #state(): ServerState {
    const { sessions, peers } = this.#driver.hub.stats;
    const { maxSessions, maxConnections } = this.#limits;
    return {
      healthy: !this.#isDraining,
      load: Math.min(1, Math.max(sessions / maxSessions, this.sockets / maxConnections)),
      sessions,
      peers,
      timestamp: Math.floor(this.#clock.nowMs() + this.#clock.unixOffsetMs),
    };
  }

  #page(path: string): Page {
    if (path === "/healthz") {
      // A server that drains has closed this port: health checks and a successor then find it free.
      const body = JSON.stringify({ status: "ok", sessions: this.sessions, connections: this.connections });
      return { status: 200, contentType: JSON_TYPE, body: `${body}\n` };
    }
    if (path === "/metrics") return { status: 200, contentType: PROMETHEUS_CONTENT_TYPE, body: this.metricsText() };
    if (path === PHOENIX_PATH || path === PLAIN_PATH) {
      return { status: 426, contentType: TEXT, body: "this is a WebSocket: connect with a WebSocket client\n" };
    }
    const body = `ArcRTC signaling server: ${PHOENIX_PATH}, ${PLAIN_PATH}, /healthz, /metrics\n`;
    return { status: path === "/" ? 200 : 404, contentType: TEXT, body };
  }

  /** What `/metrics` shows. */
  metricsText(): string {
    const open = noneOpen();
    for (const { transport } of this.#context.connections) open[transport]++;
    return writeServerMetrics({
      hub: this.#driver.hub.stats,
      gate: this.#gate,
      connections: this.#context.counters,
      open,
      udp: this.#udp?.counters,
      bus: this.#busFigures(),
      relays: this.#relays?.families() ?? [],
      uptimeS: (this.#clock.nowMs() - this.#startedMs) / 1000,
    }, this.#peers);
  }

  #busFigures() {
    const stats = this.#driver.hub.busStats;
    return this.#bus === undefined || stats === undefined ? undefined : { isUp: this.#bus.isUp, stats };
  }

  /**
   * Stops accepting, refuses new sessions, and ends when the last session is over or after `forMs`; answers how many
   * sessions were cut off.
   */
  async drain(forMs: number): Promise<number> {
    this.#isDraining = true;
    this.#driver.hub.drain();
    this.#bus?.publish();
    this.#log({ event: "draining", sessions: this.sessions });
    this.#stopAccepting();
    if (this.sessions > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, forMs);
        this.#whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const cutOff = this.sessions;
    await this.close();
    return cutOff;
  }

  #stopAccepting(): Promise<unknown> {
    return this.#stopped ??= Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  /** Ends everything now: says goodbye to whoever is connected, and cuts off who does not listen. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweeper);
    const stopped = this.#stopAccepting();
    this.#udp?.close();
    for (const connection of [...this.#context.connections]) connection.close("the server is shutting down");
    await this.#gate.empty(CLOSE_TIMEOUT_MS);
    await Promise.all([stopped, this.#relays?.close(), this.#udp?.ended.catch(() => {})]);
    // Last, so that the others learn who has gone.
    await this.#bus?.bus.close();
  }
}

function noneOpen(): Record<SignalingTransport, number> {
  return { phoenix: 0, plain: 0, tcp: 0, tls: 0 };
}
