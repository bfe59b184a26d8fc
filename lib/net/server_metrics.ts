/** What a signaling server shows at `/metrics`: its own counts, and what peers report, summed up over all of them. */
import type { HubStats } from "../signaling/hub.ts";
import type { HubBusStats } from "../signaling/hub_bus.ts";
import type { Metrics } from "../signaling/messages/metrics.ts";
import type { ConnectionGate } from "./connection_gate.ts";
import { byLabel, counter, gauge, Histogram, type MetricFamily, writePrometheus } from "./prometheus.ts";
import type { ConnectionCounters } from "./server_connection.ts";
import type { UdpHeartbeatCounters } from "./udp_heartbeat.ts";

/** What the figures are taken from. */
export interface ServerFigures {
  readonly hub: HubStats;
  readonly gate: ConnectionGate;
  readonly connections: ConnectionCounters;
  /** Open now, by transport. */
  readonly open: Readonly<Record<string, number>>;
  readonly udp: UdpHeartbeatCounters | undefined;
  /** Undefined for a server that shares no sessions. */
  readonly bus: { readonly isUp: boolean; readonly stats: HubBusStats } | undefined;
  /** What there is to say of the relays that are handed out. */
  readonly relays: readonly MetricFamily[];
  readonly uptimeS: number;
}

const DELAY_S = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5];
const SHARE = [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const BITS_PER_SECOND = [16e3, 32e3, 64e3, 128e3, 256e3, 512e3, 1e6, 2e6, 4e6, 8e6, 16e6, 32e6];
const SCORE = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];

/** Paths have a label of their own; what a peer makes up has not. */
const PATHS = ["direct", "relay", "tcp", "tcp_relay"];

/**
 * Figures that peers report (SPEC 5.2.10), as histograms over all peers: the memory does not grow with them, and nobody
 * is named.
 */
export class PeerFigures {
  #reports = 0;
  readonly #paths: Record<string, number> = { direct: 0, relay: 0, tcp: 0, tcp_relay: 0, other: 0 };
  readonly #endToEnd = new Histogram(DELAY_S);
  readonly #jitter = new Histogram(DELAY_S);
  readonly #roundTrip = new Histogram(DELAY_S);
  readonly #loss = new Histogram(SHARE);
  readonly #bitrate = new Histogram(BITS_PER_SECOND);
  readonly #bandwidth = new Histogram(BITS_PER_SECOND);
  readonly #score = new Histogram(SCORE);

  take({ latency, quality, network }: Metrics): void {
    this.#reports++;
    observe(this.#endToEnd, latency.e2e?.p50, 1000);
    observe(this.#jitter, latency.jitter, 1000);
    observe(this.#roundTrip, network.rtt, 1000);
    observe(this.#loss, quality.loss, 1);
    observe(this.#bitrate, quality.bitrate, 1);
    observe(this.#bandwidth, network.bandwidth, 1);
    observe(this.#score, network.score, 1);
    if (network.path !== undefined) this.#paths[PATHS.includes(network.path) ? network.path : "other"]++;
  }

  families(): MetricFamily[] {
    const name = (rest: string) => `arcrtc_peer_${rest}`;
    return [
      counter(name("reports_total"), "METRICS messages of peers.", this.#reports),
      counter(name("path_reports_total"), "Reports by the path that media takes.", byLabel("path", this.#paths)),
      this.#endToEnd.family(name("latency_seconds"), "Median delay from capture to playout, as peers report it."),
      this.#jitter.family(name("jitter_seconds"), "Interarrival jitter, as peers report it."),
      this.#roundTrip.family(name("rtt_seconds"), "Round-trip time, as peers report it."),
      this.#loss.family(name("loss_ratio"), "Share of packets lost, as peers report it."),
      this.#bitrate.family(name("bitrate_bits_per_second"), "Bits per second of media, as peers report it."),
      this.#bandwidth.family(name("bandwidth_bits_per_second"), "Estimated bandwidth, as peers report it."),
      this.#score.family(name("score"), "Connection quality from 0 to 100, as peers report it."),
    ];
  }
}

function observe(histogram: Histogram, value: number | undefined, divisor: number): void {
  if (value !== undefined) histogram.observe(value / divisor);
}

/** The page's text. */
export function writeServerMetrics(figures: ServerFigures, peers: PeerFigures): string {
  return writePrometheus([...serverFamilies(figures), ...figures.relays, ...peers.families()]);
}

function serverFamilies({ hub, gate, connections, open, udp, bus, uptimeS }: ServerFigures): MetricFamily[] {
  const name = (rest: string) => `arcrtc_signaling_${rest}`;
  const cutOff = {
    full: gate.dropped.full,
    handshake_timeout: gate.dropped.late,
    join_timeout: connections.joinTimeouts,
    slow_reader: connections.slowReaders,
    failure: connections.failures,
  };
  const outcomes = { forwarded: hub.forwarded, undelivered: hub.undelivered, refused: hub.refused };
  return [
    gauge(name("uptime_seconds"), "Seconds since the server started.", uptimeS),
    gauge(name("sessions"), "Sessions with a peer here.", hub.sessions),
    gauge(name("connections"), "Connections by transport.", byLabel("transport", open)),
    counter(name("connections_opened_total"), "Connections by transport.", byLabel("transport", connections.opened)),
    counter(name("connections_cut_total"), "Connections that were cut off, by reason.", byLabel("reason", cutOff)),
    counter(name("joins_total"), "Joins by outcome.", byLabel("outcome", { ok: hub.joins, refused: hub.joinsRefused })),
    counter(name("messages_received_total"), "Messages of peers, good or bad.", hub.received),
    counter(name("messages_total"), "What became of messages.", byLabel("outcome", outcomes)),
    ...(udp === undefined ? [] : [
      counter(
        name("udp_heartbeats_total"),
        "Datagrams on the UDP port by outcome.",
        byLabel("outcome", { answered: udp.answered, dropped: udp.dropped, limited: udp.limited }),
      ),
    ]),
    ...(bus === undefined ? [] : [
      gauge(name("bus_up"), "1 while sessions are shared with other servers.", Number(bus.isUp)),
      counter(name("bus_messages_total"), "Messages on the bus by outcome.", byLabel("outcome", { ...bus.stats })),
    ]),
  ];
}
