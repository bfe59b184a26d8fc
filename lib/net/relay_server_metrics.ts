/** What a relay shows at `/metrics`. */
import type { LoadMeter } from "../relay/load.ts";
import type { Impairer } from "../relay/impairer.ts";
import { PRIORITIES, RELAY_DROPS, RELAY_MESSAGES } from "../relay/relay_counters.ts";
import type { RelayState } from "../relay/relay_state.ts";
import type { ConnectionGate } from "./connection_gate.ts";
import type { DatagramCounters } from "./datagram.ts";
import {
  byLabel,
  counter,
  gauge,
  Histogram,
  histogramSlots,
  type MetricFamily,
  type Sample,
  writePrometheus,
} from "./prometheus.ts";

/** The seed's latency budget for routing: 1 ms typical, 5 ms at most. Both are bucket bounds. */
export const ROUTING_BUDGET_S = { target: 0.001, maximum: 0.005 } as const;

const BOUNDS_S = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25];

/** Numbers that {@link ForwardingLatency} holds. */
export const LATENCY_SLOTS = PRIORITIES * (histogramSlots(BOUNDS_S) + 2);

/** From the receipt of a unit until the system has taken it again, by PR; waiting for a limit included. */
export class ForwardingLatency {
  readonly #histograms: readonly Histogram[];
  readonly #overTarget: Float64Array;
  readonly #overMaximum: Float64Array;

  /** Counts in `slots`, {@link LATENCY_SLOTS} numbers of the caller's: memory that another thread reads, or a sum. */
  constructor(slots: Float64Array = new Float64Array(LATENCY_SLOTS)) {
    let at = 0;
    const next = (count: number) => slots.subarray(at, at += count);
    this.#histograms = Array.from(
      { length: PRIORITIES },
      () => new Histogram(BOUNDS_S, next(histogramSlots(BOUNDS_S))),
    );
    this.#overTarget = next(PRIORITIES);
    this.#overMaximum = next(PRIORITIES);
  }

  /** `units` of one PR have all taken that long. */
  observe(priority: number, latencyMs: number, units: number): void {
    if (units === 0) return;
    const seconds = latencyMs / 1000;
    this.#histograms[priority].observe(seconds, units);
    if (seconds > ROUTING_BUDGET_S.target) this.#overTarget[priority] += units;
    if (seconds > ROUTING_BUDGET_S.maximum) this.#overMaximum[priority] += units;
  }

  /** Units forwarded later than the budget's maximum, by PR. */
  get overMaximum(): Float64Array {
    return this.#overMaximum;
  }

  families(): MetricFamily[] {
    const name = "arcrtc_relay_forwarding_seconds";
    const help = "From receipt to sending, by PR; the routing budget is 0.001 typical, 0.005 at most";
    const samples = this.#histograms.flatMap((histogram, priority) =>
      histogram.family(name, help).samples.map((sample) => ({
        ...sample,
        labels: { priority: String(priority), ...sample.labels },
      }))
    );
    const over = (counts: Float64Array, budget: string): Sample[] =>
      [...counts].map((value, priority) => ({ labels: { priority: String(priority), budget }, value }));
    return [
      { name, help, type: "histogram", samples },
      counter("arcrtc_relay_over_budget_total", "Units forwarded later than the routing budget, by PR", [
        ...over(this.#overTarget, "0.001"),
        ...over(this.#overMaximum, "0.005"),
      ]),
    ];
  }
}

/** Of all sockets together. */
export interface UdpFigures extends DatagramCounters {
  /** Absent where the backend cannot tell. */
  readonly kernelDrops: number | undefined;
}

export interface RelayFigures {
  readonly relay: RelayState;
  readonly meter: LoadMeter;
  readonly latency: ForwardingLatency;
  readonly gate: ConnectionGate;
  readonly udp: UdpFigures;
  readonly openStreams: Readonly<Record<"tcp" | "tls", number>>;
  /** Units not written because a connection reads too slowly, by PR. */
  readonly slowDrops: Float64Array;
  readonly impaired: Impairer["counts"] | undefined;
  readonly failures: number;
  readonly uptimeS: number;
}

/** The text of `/metrics`. */
export function writeRelayMetrics(figures: RelayFigures): string {
  return writePrometheus([
    ...stateFamilies(figures),
    ...unitFamilies(figures),
    ...figures.latency.families(),
    ...socketFamilies(figures),
    ...impairmentFamilies(figures.impaired),
  ]);
}

function stateFamilies({ relay, meter, uptimeS, failures }: RelayFigures): MetricFamily[] {
  const { sessions, bound, isDraining, limits } = relay;
  return [
    gauge("arcrtc_relay_up_seconds", "Time since the start", uptimeS),
    gauge("arcrtc_relay_draining", "1 while no new sessions are taken", isDraining ? 1 : 0),
    gauge("arcrtc_relay_load", "Share of the tightest limit in use", meter.load),
    gauge("arcrtc_relay_sessions", "Sessions with a bound peer", sessions),
    gauge("arcrtc_relay_sessions_limit", "Sessions that are taken at most", limits.maxSessions),
    gauge("arcrtc_relay_bindings", "Peers that are bound", bound),
    gauge("arcrtc_relay_forwarded_bits_per_second", "Bits forwarded per second, lately", meter.bitsPerSecond),
    gauge("arcrtc_relay_queue_packets", "Packets that wait for a limit", relay.waiting),
    counter("arcrtc_relay_failures_total", "Faults of the relay itself", failures),
  ];
}

function unitFamilies({ relay }: RelayFigures): MetricFamily[] {
  const { counters } = relay;
  const byPriority = (values: Float64Array): Sample[] =>
    [...values].map((value, priority) => ({ labels: { priority: String(priority) }, value }));
  const drops = Object.fromEntries(RELAY_DROPS.map((reason) => [reason, counters.dropsOf(reason)]));
  const messages = Object.fromEntries(RELAY_MESSAGES.map((name) => [name, counters.messagesOf(name)]));
  return [
    counter("arcrtc_relay_received_units_total", "Units received", counters.receivedUnits),
    counter("arcrtc_relay_received_bytes_total", "Bytes received", counters.receivedBytes),
    counter("arcrtc_relay_forwarded_units_total", "Units forwarded, by PR", byPriority(counters.forwardedUnits)),
    counter("arcrtc_relay_forwarded_bytes_total", "Bytes forwarded, by PR", byPriority(counters.forwardedBytes)),
    counter("arcrtc_relay_checked_units_total", "Units that passed HMAC and replay check", counters.checkedUnits),
    counter("arcrtc_relay_dropped_units_total", "Units not forwarded, by reason", byLabel("reason", drops)),
    counter("arcrtc_relay_queue_drops_total", "Units dropped from full queues, by PR", byPriority(counters.queueDrops)),
    counter("arcrtc_relay_messages_total", "Messages to the relay, by what became of them", byLabel("kind", messages)),
    counter("arcrtc_relay_stranger_bytes_total", "Bytes from and to addresses that are not bound", [
      { labels: { direction: "in" }, value: counters.strangerBytes },
      { labels: { direction: "out" }, value: counters.strangerAnswerBytes },
    ]),
  ];
}

function socketFamilies({ gate, udp, openStreams, slowDrops }: RelayFigures): MetricFamily[] {
  return [
    gauge("arcrtc_relay_connections", "Open connections", byLabel("transport", openStreams)),
    counter("arcrtc_relay_connections_dropped_total", "Connections cut off early", byLabel("reason", gate.dropped)),
    counter(
      "arcrtc_relay_slow_reader_drops_total",
      "Units for connections that read too slowly, by PR",
      [...slowDrops].map((value, priority) => ({ labels: { priority: String(priority) }, value })),
    ),
    counter("arcrtc_relay_udp_datagrams_total", "Datagrams, by what became of them", [
      { labels: { outcome: "received" }, value: udp.received },
      { labels: { outcome: "sent" }, value: udp.sent },
      { labels: { outcome: "send_error" }, value: udp.sendErrors },
      { labels: { outcome: "oversize" }, value: udp.oversize },
    ]),
    ...kernelFamilies(udp.kernelDrops),
  ];
}

function kernelFamilies(drops: number | undefined): MetricFamily[] {
  if (drops === undefined) return [];
  return [counter("arcrtc_relay_kernel_drops_total", "Datagrams dropped by the system, not read in time", drops)];
}

function impairmentFamilies(counts: Impairer["counts"] | undefined): MetricFamily[] {
  if (counts === undefined) return [];
  return [counter("arcrtc_relay_impaired_units_total", "What --impair did", byLabel("effect", counts))];
}
