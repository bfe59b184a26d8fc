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
import { Impairer } from "../relay/impairer.ts";
import type { Impairment } from "../relay/impairment.ts";
import { DEFAULT_RELAY_LIMITS, type RelayLimits } from "../relay/limits.ts";
import { LoadMeter, relayStatus, relayStatusSubject } from "../relay/load.ts";
import { Relay } from "../relay/relay.ts";
import type { RelayEvent } from "../relay/relay_events.ts";
import type { RelayStatus } from "../signaling/messages/status.ts";
import { writeMessage } from "../signaling/parse_message.ts";
import { type Clock, systemClock } from "./clock.ts";
import { ConnectionGate } from "./connection_gate.ts";
import type { DatagramTransport } from "./datagram.ts";
import { ListenError } from "./listen.ts";
import { RelayAddressBook } from "./relay_server_addresses.ts";
import { describeEvent, type RelayServerLog } from "./relay_server_events.ts";
import { ForwardingLatency, writeRelayMetrics } from "./relay_server_metrics.ts";
import { DEFAULT_RELAY_CONNECTION_LIMITS, type RelayConnectionLimits } from "./relay_server_limits.ts";
import { RelayOutlet } from "./relay_server_outlet.ts";
import { type PageServer, servePages } from "./relay_server_pages.ts";
import { RelayPump } from "./relay_server_pump.ts";
import type { UnitStream } from "./unit_stream.ts";
import { RelayStreams } from "./relay_server_streams.ts";
import { type Listener, listenStream } from "./stream_listener.ts";
import { SystemRng } from "./system_rng.ts";
import type { TlsIdentity } from "./tls_identity.ts";
import { openUdp, type UdpOptions } from "./udp_deno.ts";

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
  /** The UDP backend. */
  readonly openUdp?: (options: UdpOptions) => DatagramTransport;
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
  readonly relay: Relay;
  readonly latency = new ForwardingLatency();
  /** The bad network inside, where one was asked for. */
  readonly impairer: Impairer | undefined;
  /** Rejects when a UDP socket breaks, resolves when the server has stopped. */
  readonly ended: Promise<void>;
  readonly #options: RelayServerOptions;
  readonly #connectionLimits: RelayConnectionLimits;
  readonly #clock: Clock;
  readonly #log: RelayServerLog;
  readonly #udp: readonly DatagramTransport[];
  readonly #addresses: RelayAddressBook;
  readonly #gate: ConnectionGate;
  readonly #streams: RelayStreams;
  readonly #pump: RelayPump;
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

  private constructor(options: RelayServerOptions, udp: readonly DatagramTransport[]) {
    const clock = options.clock ?? systemClock();
    const rng = options.rng ?? new SystemRng();
    this.#options = options;
    this.#connectionLimits = { ...DEFAULT_RELAY_CONNECTION_LIMITS, ...options.connectionLimits };
    this.#clock = clock;
    this.#log = options.log ?? (() => {});
    this.#udp = udp;
    this.#startedMs = clock.nowMs();
    const { maxConnections, maxPerAddress, bindTimeoutMs } = this.#connectionLimits;
    this.#addresses = new RelayAddressBook(udp.map(({ addresses }) => addresses), maxConnections);
    this.#gate = new ConnectionGate({ maxConnections, maxPerAddress, handshakeMs: bindTimeoutMs });
    this.relay = new Relay({
      relayId: options.relayId,
      secret: options.secret,
      unixOffsetMs: clock.unixOffsetMs,
      addresses: this.#addresses,
      crypto: options.crypto,
      rng,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      nowMs: this.#startedMs,
    });
    this.#meter = new LoadMeter(this.relay, this.#startedMs);
    this.impairer = options.impairment && new Impairer({
      ...options.impairment,
      directionTo: (address, nowMs) => this.relay.directionTo(address, nowMs),
      loseAddresses: (side) => this.relay.loseAddresses(side),
      nowMs: this.#startedMs,
    });
    const open = new Map<number, UnitStream>();
    this.#pump = new RelayPump({
      relay: this.relay,
      outlet: new RelayOutlet(udp, this.#addresses, open),
      impairer: this.impairer,
      latency: this.latency,
      clock,
      event: (event) => this.#event(event),
      failed: (what, error) => this.#failed(what, error),
    });
    this.#streams = new RelayStreams({
      relay: this.relay,
      addresses: this.#addresses,
      pump: this.#pump,
      clock,
      limits: this.#connectionLimits,
      log: this.#log,
      open,
    });
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.ended.catch(() => {});
  }

  /**
   * Opens all listeners, or none.
   *
   * @throws ListenError; RangeError when there are more sessions than the UDP sockets have addresses for.
   */
  static async start(options: RelayServerOptions): Promise<RelayServer> {
    const udp: DatagramTransport[] = [];
    let server: RelayServer | undefined;
    try {
      const addressCapacity = addressesFor(options.limits?.maxSessions ?? DEFAULT_RELAY_LIMITS.maxSessions);
      for (const { host, port } of options.udp ?? []) {
        udp.push(listenUdp({ host, port, addressCapacity }, options.openUdp ?? openUdp));
      }
      server = new RelayServer(options, udp);
      server.#checkCapacity();
      await server.#listen();
      return server;
    } catch (error) {
      for (const transport of udp) transport.close();
      await server?.stop();
      throw error;
    }
  }

  get listening(): RelayListening {
    const of = (wanted: "tcp" | "tls") =>
      this.#listeners.filter(({ transport }) => transport === wanted).map(({ listener }) => listener.address);
    return {
      udp: this.#udp.map(({ local }) => local),
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
    return relayStatus(this.relay, this.#meter, self, nowMs + this.#clock.unixOffsetMs);
  }

  /** What `/metrics` shows. */
  metricsText(): string {
    return writeRelayMetrics({
      relay: this.relay,
      meter: this.#meter,
      latency: this.latency,
      gate: this.#gate,
      udp: this.#udp,
      openStreams: { tcp: this.#streams.count("tcp"), tls: this.#streams.count("tls") },
      slowDrops: this.#streams.slowDrops(),
      impairer: this.impairer,
      failures: this.#failures,
      isDraining: this.relay.bindings.isDraining,
      uptimeS: (this.#clock.nowMs() - this.#startedMs) / 1000,
    });
  }

  /**
   * Takes no new sessions, and stops when the last one is over or after `forMs`; answers how many were cut off. Peers are
   * told nothing: a session that lasts is served, one that begins is refused as `busy` and tries another relay.
   */
  async drain(forMs: number): Promise<number> {
    this.relay.drain();
    this.#publish();
    this.#log({ event: "draining", sessions: this.relay.bindings.sessions });
    if (this.relay.bindings.sessions > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, forMs);
        this.#whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const cutOff = this.relay.bindings.sessions;
    await this.stop();
    return cutOff;
  }

  /** Ends everything now. Harmless when called again. */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.relay.drain();
    clearInterval(this.#sweeper);
    this.#pump.stop();
    for (const transport of this.#udp) transport.close();
    const closed = this.#listeners.map(({ listener }) => listener.close());
    this.#streams.closeAll("the relay is shutting down");
    await this.#gate.empty(0);
    await Promise.all([...closed, this.#pages?.close()]);
    this.#end();
  }

  #checkCapacity(): void {
    const { maxSessions } = this.relay.limits;
    for (const { addresses } of this.#udp) {
      const most = Math.floor((addresses.capacity - SPARE_ADDRESSES) / 2);
      if (maxSessions <= most) continue;
      throw new RangeError(`a UDP socket has addresses for ${most} sessions, not for ${maxSessions}`);
    }
  }

  async #listen(): Promise<void> {
    const { tcp = [], tls = [], tlsIdentity, http } = this.#options;
    for (const address of tcp) await this.#listenStream("tcp", address, undefined);
    for (const address of tls) await this.#listenStream("tls", address, tlsIdentity);
    if (http !== undefined) {
      this.#pages = servePages(http, {
        metrics: () => this.metricsText(),
        status: () => `${writeMessage(this.status())}\n`,
        health: () => this.#health(),
      });
    }
    this.#udp.forEach((transport, i) => {
      this.#pump.run(transport, this.#addresses.udpBase(i)).catch((error) => this.#broken(error));
    });
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, this.#connectionLimits.bindTimeoutMs / 2));
    this.#pump.settle();
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

  #event(event: RelayEvent): void {
    this.#log(describeEvent(event, this.#addresses));
    if (event.kind === "ended" && this.relay.bindings.sessions === 0) this.#whenEmpty();
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
    const { sessions, bound, isDraining } = this.relay.bindings;
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

/** Two peers a session, and as many strangers; more than the most is refused by `#checkCapacity`. */
function addressesFor(sessions: number): number {
  return Math.min(MOST_ADDRESSES, Math.max(LEAST_ADDRESSES, 4 * sessions));
}

function listenUdp(address: UdpOptions, open: (options: UdpOptions) => DatagramTransport): DatagramTransport {
  try {
    return open(address);
  } catch (error) {
    throw new ListenError("UDP", address, error);
  }
}
