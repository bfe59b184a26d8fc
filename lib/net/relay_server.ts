/**
 * A relay with its sockets: UDP, TCP, TLS 1.3, and an HTTP port for its figures.
 *
 * ```ts
 * const server = await RelayServer.start({ relayId: "relay-1", secret, udp: [{ host: "0.0.0.0", port: 3478 }] });
 * console.log(server.listening);
 * await server.drain(60_000);
 * ```
 */
import type { HostPort } from "../base/address_table.ts";
import type { Rng } from "../base/rng.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import type { Impairer } from "../relay/impairer.ts";
import type { Impairment } from "../relay/impairment.ts";
import { DEFAULT_RELAY_LIMITS, type RelayLimits } from "../relay/limits.ts";
import { LoadMeter, relayStatus, relayStatusSubject } from "../relay/load.ts";
import type { RelayState } from "../relay/relay_state.ts";
import type { RelayStatus } from "../signaling/messages/status.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import { type Clock, systemClock } from "./clock.ts";
import { ConnectionGate } from "./connection_gate.ts";
import type { DatagramTransport } from "./datagram.ts";
import { listening } from "./listen.ts";
import type { ForwarderEvents, RelayForwarder } from "./relay_forwarder.ts";
import { RelayHere } from "./relay_here.ts";
import type { RelayServerEvent, RelayServerLog } from "./relay_server_events.ts";
import { type ForwardingLatency, writeRelayMetrics } from "./relay_server_metrics.ts";
import { DEFAULT_RELAY_CONNECTION_LIMITS, type RelayConnectionLimits } from "./relay_server_limits.ts";
import { type PageServer, servePages } from "./relay_server_pages.ts";
import { RelayStreams } from "./relay_server_streams.ts";
import { RelayWorkers } from "./relay_workers/relay_workers.ts";
import { type Listener, listenStream } from "./stream_listener.ts";
import { SystemRng } from "./system_rng.ts";
import type { TlsIdentity } from "./tls_identity.ts";
import { openUdp as openPortableUdp } from "./udp_deno.ts";
import type { OpenUdp } from "./udp_io.ts";

export interface RelayServerOptions {
  readonly relayId: string;
  /** relay_secret, shared with the signaling server. */
  readonly secret: Uint8Array;
  readonly crypto: CryptoBackend;
  /** Listeners; port 0 lets the system choose. */
  readonly udp?: readonly HostPort[];
  readonly tcp?: readonly HostPort[];
  /** TLS 1.3 only; needs {@link tlsIdentity}. */
  readonly tls?: readonly HostPort[];
  readonly tlsIdentity?: TlsIdentity;
  /** Where `/metrics`, `/healthz` and `/status` are. */
  readonly http?: HostPort;
  readonly limits?: Partial<RelayLimits>;
  readonly connectionLimits?: Partial<RelayConnectionLimits>;
  /** Publishes the relay's status for servers, each second and when it begins to drain. SPEC ARC-RELAY-status. */
  readonly publishStatus?: (subject: string, message: string) => void;
  readonly impairment?: { readonly impairment: Impairment; readonly seed: number };
  readonly log?: RelayServerLog;
  readonly clock?: Clock;
  readonly rng?: Rng;
  /**
   * Forwards in so many threads of its own over the native UDP backend, sessions shared out among them; on this thread
   * over the portable backend where it is left out.
   */
  readonly workers?: number;
  /** The UDP backend of this thread. */
  readonly openUdp?: OpenUdp;
}

/** Where a relay listens, with the ports that the system chose. */
export interface RelayListening {
  readonly udp: readonly HostPort[];
  readonly tcp: readonly HostPort[];
  readonly tls: readonly HostPort[];
  readonly http: HostPort | undefined;
}

const SWEEP_MS = 1000;
/** What a status message has room for. */
const MAX_ENDPOINTS = 8;
const LEAST_ADDRESSES = 4096;
const MOST_ADDRESSES = 131_072;

/** What the address table keeps free for senders that are not bound. */
const SPARE_ADDRESSES = 128;

export class RelayServer {
  /** Rejects when a UDP socket breaks, resolves when the server has stopped. */
  readonly ended: Promise<void>;
  readonly #options: RelayServerOptions;
  readonly #connectionLimits: RelayConnectionLimits;
  readonly #clock: Clock;
  readonly #log: RelayServerLog;
  readonly #forwarder: RelayForwarder;
  readonly #gate: ConnectionGate;
  readonly #streams: RelayStreams;
  readonly #meter: LoadMeter;
  readonly #listeners: { readonly transport: "tcp" | "tls"; readonly listener: Listener }[] = [];
  readonly #startedMs: number;
  #pages: PageServer | undefined;
  #failures = 0;
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #stopping: Promise<void> | undefined;
  #whenEmpty: () => void = () => {};
  #end: () => void = () => {};
  #fail: (error: unknown) => void = () => {};

  private constructor(options: RelayServerOptions) {
    const clock = options.clock ?? systemClock();
    this.#options = options;
    this.#connectionLimits = { ...DEFAULT_RELAY_CONNECTION_LIMITS, ...options.connectionLimits };
    this.#clock = clock;
    this.#log = options.log ?? (() => {});
    this.#startedMs = clock.nowMs();
    const { maxConnections, maxPerAddress, bindTimeoutMs } = this.#connectionLimits;
    this.#gate = new ConnectionGate({ maxConnections, maxPerAddress, handshakeMs: bindTimeoutMs });
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.ended.catch(() => {});
    this.#forwarder = openForwarder(options, maxConnections, clock, {
      log: (event) => this.#event(event),
      failed: (what, error) => this.#failed(what, error),
      broken: (error) => this.#broken(error),
      write: (stream, batch, i, priority) => this.#streams.write(stream, batch, i, priority),
    });
    this.#meter = new LoadMeter(this.#forwarder.state, this.#startedMs);
    this.#streams = new RelayStreams({
      forwarder: this.#forwarder,
      clock,
      limits: this.#connectionLimits,
      log: this.#log,
    });
  }

  /**
   * Opens all listeners, or none.
   *
   * @throws ListenError; LibraryError without the native backend that `workers` needs; RangeError when there are more
   * sessions than the UDP sockets have addresses for.
   */
  static async start(options: RelayServerOptions): Promise<RelayServer> {
    const server = new RelayServer(options);
    try {
      await server.#listen();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** What the relay does, in numbers. */
  get state(): RelayState {
    return this.#forwarder.state;
  }

  get latency(): ForwardingLatency {
    return this.#forwarder.latency;
  }

  get listening(): RelayListening {
    const of = (wanted: "tcp" | "tls") =>
      this.#listeners.filter(({ transport }) => transport === wanted).map(({ listener }) => listener.address);
    return {
      udp: this.#forwarder.udp,
      tcp: of("tcp"),
      tls: of("tls"),
      http: this.#pages?.address,
    };
  }

  /** What servers choose relays by. */
  status(): RelayStatus {
    const { udp, tcp, tls } = this.listening;
    const endpoints = Object.entries({ udp, tcp, tls }).flatMap(([transport, places]) =>
      places.map(({ host, port }) => ({ address: host, port, transport: transport as "udp" | "tcp" | "tls" }))
    );
    const nowMs = this.#clock.nowMs();
    this.#meter.sample(nowMs);
    const { relayId } = this.#options;
    const self = { relayId, endpoints: endpoints.slice(0, MAX_ENDPOINTS) };
    return relayStatus(this.state, this.#meter, self, nowMs + this.#clock.unixOffsetMs);
  }

  /** What the bad network inside has done so far; undefined where none was asked for. */
  impaired(): Impairer["counts"] | undefined {
    return this.#forwarder.impaired();
  }

  /** What `/metrics` shows. */
  metricsText(): string {
    return writeRelayMetrics({
      relay: this.state,
      meter: this.#meter,
      latency: this.latency,
      gate: this.#gate,
      udp: this.#forwarder.udpFigures(),
      openStreams: { tcp: this.#streams.count("tcp"), tls: this.#streams.count("tls") },
      slowDrops: this.#streams.slowDrops(),
      impaired: this.impaired(),
      failures: this.#failures,
      uptimeS: (this.#clock.nowMs() - this.#startedMs) / 1000,
    });
  }

  /**
   * Takes no new sessions, and stops when the last one is over or after `forMs`; answers how many were cut off. Peers are
   * told nothing: a session that lasts is served, one that begins is refused as `busy` and tries another relay.
   */
  async drain(forMs: number): Promise<number> {
    this.#forwarder.drain();
    this.#publish();
    this.#log({ event: "draining", sessions: this.state.sessions });
    if (this.state.sessions > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, forMs);
        this.#whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const cutOff = this.state.sessions;
    await this.stop();
    return cutOff;
  }

  /** Ends everything now. Harmless when called again. */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.#forwarder.drain();
    clearInterval(this.#sweeper);
    const forwarding = this.#forwarder.stop();
    const closed = this.#listeners.map(({ listener }) => listener.close());
    this.#streams.closeAll("the relay is shutting down");
    this.#whenEmpty();
    await this.#gate.empty(0);
    await Promise.all([...closed, forwarding, this.#pages?.close()]);
    this.#end();
  }

  async #listen(): Promise<void> {
    const { tcp = [], tls = [], tlsIdentity, http } = this.#options;
    await this.#forwarder.start();
    for (const address of tcp) await this.#listenStream("tcp", address, undefined);
    for (const address of tls) await this.#listenStream("tls", address, tlsIdentity);
    if (http !== undefined) {
      this.#pages = servePages(http, {
        metrics: () => this.metricsText(),
        status: () => `${writeMessage(this.status())}\n`,
        health: () => this.#health(),
      });
    }
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, this.#connectionLimits.bindTimeoutMs / 2));
    this.#publish();
  }

  async #listenStream(transport: "tcp" | "tls", address: HostPort, identity: TlsIdentity | undefined): Promise<void> {
    if (transport === "tls" && identity === undefined) throw new RangeError("TLS needs a certificate");
    const listener = await listenStream(
      address,
      identity,
      this.#gate,
      this.#clock,
      (socket, refusal) => this.#streams.accept(socket, transport, refusal),
    );
    this.#listeners.push({ transport, listener });
  }

  #event(event: RelayServerEvent): void {
    this.#log(event);
    if (event.event === "unbound" && this.state.sessions === 0) this.#whenEmpty();
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    this.#gate.sweep(nowMs);
    this.#meter.sample(nowMs);
    this.#streams.sweep(nowMs);
    this.#publish();
  }

  #publish(): void {
    const { publishStatus, relayId } = this.#options;
    publishStatus?.(relayStatusSubject(relayId), writeMessage(this.status()));
  }

  #health(): { readonly isHealthy: boolean; readonly json: string } {
    const { sessions, bound, isDraining } = this.state;
    const status = isDraining ? "draining" : "ok";
    return { isHealthy: !isDraining, json: `${JSON.stringify({ status, sessions, bindings: bound })}\n` };
  }

  #failed(what: string, error: unknown): void {
    this.#failures++;
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#log({ event: "failed", what, message });
  }

  #broken(error: unknown): void {
    this.#failed("UDP socket", error);
    this.#fail(error);
  }
}

/** @throws as {@link RelayServer.start} does. */
function openForwarder(
  options: RelayServerOptions,
  maxConnections: number,
  clock: Clock,
  events: ForwarderEvents,
): RelayForwarder {
  const { workers, udp: addresses = [], limits = {}, rng = new SystemRng(), impairment } = options;
  const { openUdp = openPortableUdp } = options;
  const shared = { ...options, limits, impairment, maxConnections };
  const addressCapacity = addressesFor(limits.maxSessions ?? DEFAULT_RELAY_LIMITS.maxSessions);
  if (workers !== undefined) return new RelayWorkers({ ...shared, workers, udp: addresses, addressCapacity }, events);
  const udp: DatagramTransport[] = [];
  try {
    for (const address of addresses) {
      udp.push(listening("UDP", address, () => openUdp({ ...address, addressCapacity })));
    }
    return new RelayHere({ ...shared, clock, rng }, udp, events);
  } catch (error) {
    for (const transport of udp) transport.close();
    throw error;
  }
}

/** Addresses of a UDP socket: two peers a session, and as many strangers. @throws RangeError */
function addressesFor(sessions: number): number {
  const capacity = Math.min(MOST_ADDRESSES, Math.max(LEAST_ADDRESSES, 4 * sessions));
  const most = Math.floor((capacity - SPARE_ADDRESSES) / 2);
  if (sessions <= most) return capacity;
  throw new RangeError(`a UDP socket has addresses for ${most} sessions, not for ${sessions}`);
}
