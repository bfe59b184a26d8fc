/** The relays of a signaling server: watched, handed out to peers with tokens, shown at `/metrics`. */
import { formatHostPort } from "../base/address_table.ts";
import type { Rng } from "../base/rng.ts";
import { unreachable } from "../base/unreachable.ts";
import { RelayHandout, type RelaySite } from "../relay/relay_handout.ts";
import type { RelayCondition } from "../relay/relay_health_state.ts";
import type { RelayDirectory } from "../signaling/hub.ts";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";
import { counter, gauge, type MetricFamily, type Sample } from "./prometheus.ts";
import { RelayHealth } from "./relay_health.ts";
import { type RelayReportEvents, RelayReports } from "./relay_reports.ts";
import { RelayStatuses } from "./relay_statuses.ts";
import type { ServerLog } from "./signaling_events.ts";
import type { NameLookup } from "./site_addresses.ts";

/** A relay, and where it shows its load. */
export interface ServedRelay extends RelaySite {
  /** Its `/metrics`. Without it the relay's status on the bus counts, and where there is none it is taken for idle. */
  readonly metricsUrl?: string;
}

export interface ServerRelayOptions {
  readonly sites: readonly ServedRelay[];
  /** relay_secret, shared with all of them. */
  readonly secret: Uint8Array;
  /** How long a token lets its peer bind. */
  readonly tokenTtlMs: number;
  /** Between two questions to a relay whether it is there; a second where it is left out. */
  readonly intervalMs?: number;
  /** Between two looks at its load; 2 s where it is left out. */
  readonly reportIntervalMs?: number;
  readonly lookup?: NameLookup;
}

export class ServerRelays {
  /** For the hub. */
  readonly relaysFor: RelayDirectory;
  readonly #sites: readonly ServedRelay[];
  readonly #health: RelayHealth;
  readonly #reports: RelayReports;
  readonly #statuses: RelayStatuses | undefined;
  readonly #handout: RelayHandout;
  readonly #log: ServerLog;

  constructor(options: ServerRelayOptions, clock: Clock, rng: Rng, log: ServerLog, bus?: Bus) {
    const { sites, secret, tokenTtlMs, intervalMs, reportIntervalMs, lookup } = options;
    this.#sites = sites;
    this.#log = log;
    const health = new RelayHealth(sites, {
      clock,
      rng,
      events: {
        changed: (relay, condition) => this.#tell(relay, condition),
        failed: (what, message) => log({ event: "failed", what, message }),
      },
      ...(intervalMs === undefined ? {} : { intervalMs }),
      ...(lookup === undefined ? {} : { lookup }),
    });
    this.#health = health;
    const events: RelayReportEvents = {
      reported: (relay, report) => health.reported(relay, report),
      failed: (relay, message) => log({ event: "failed", what: `load of relay ${sites[relay].id}`, message }),
    };
    this.#reports = new RelayReports(sites.map(({ metricsUrl }) => metricsUrl), events, reportIntervalMs);
    const published = sites.map(({ id, metricsUrl }) => metricsUrl === undefined ? id : undefined);
    this.#statuses = bus && new RelayStatuses(published, bus, events);
    this.#handout = new RelayHandout({
      sites,
      health: health.state,
      ipOf: (relay) => health.ipOf(relay),
      secret,
      tokenTtlMs,
    });
    this.relaysFor = (sessionId, peerId) =>
      this.#handout.relaysFor(sessionId, peerId, clock.nowMs() + clock.unixOffsetMs);
  }

  /** Begins to watch them. */
  start(): void {
    this.#health.start();
    this.#reports.start();
  }

  async close(): Promise<void> {
    this.#statuses?.close();
    await Promise.all([this.#health.close(), this.#reports.close()]);
  }

  condition(relay: number): RelayCondition {
    return this.#health.state.condition(relay);
  }

  #tell(relay: number, condition: RelayCondition): void {
    const { id, host, ports } = this.#sites[relay];
    const named = { relay: id, address: formatHostPort({ host, port: ports.udp }) };
    switch (condition) {
      case "up": {
        const rttMs = this.#health.state.rttMs(relay);
        return this.#log({ event: "relay_up", ...named, ...(rttMs === undefined ? {} : { rtt_ms: round(rttMs) }) });
      }
      case "draining":
        return this.#log({ event: "relay_draining", ...named });
      case "down": {
        const why = this.#health.ipOf(relay) === undefined ? "its name has no address" : "it does not answer";
        return this.#log({ event: "relay_down", ...named, why });
      }
      case "unknown":
        return;
      default:
        unreachable(condition);
    }
  }

  families(): MetricFamily[] {
    const { state } = this.#health;
    const name = (rest: string) => `arcrtc_server_relay_${rest}`;
    const each = (value: (relay: number) => number | undefined): Sample[] =>
      this.#sites.flatMap(({ id }, relay) => {
        const known = value(relay);
        return known === undefined ? [] : [{ labels: { relay: id }, value: known }];
      });
    const is = (condition: RelayCondition) => each((relay) => Number(state.condition(relay) === condition));
    return [
      gauge(name("up"), "1 while the relay answers and takes new sessions.", is("up")),
      gauge(name("draining"), "1 while the relay answers and takes no new sessions.", is("draining")),
      gauge(name("rtt_seconds"), "Round trip to the relay, lately.", each((relay) => inSeconds(state.rttMs(relay)))),
      gauge(name("load"), "Share of its tightest limit in use, as it reports.", each((r) => state.report(r)?.load)),
      counter(
        name("handouts_total"),
        "CONNECT and CONNECT_ACK that named the relay to a peer.",
        each((relay) => this.#handout.handouts[relay]),
      ),
    ];
  }
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
