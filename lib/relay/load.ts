/** How busy a relay is: what servers choose by. SPEC ARC-RELAY-status. */
import type { RelayStatus } from "../signaling/messages/status.ts";
import type { RelayState } from "./relay_state.ts";

/** Rates are those of the last time span of at least this length. */
const SPAN_MS = 1000;

/** Packets and bits per second that a relay forwards, from samples of its counters. */
export class LoadMeter {
  /** Forwarded per second, as of the last {@link sample}. */
  packetsPerSecond = 0;
  bitsPerSecond = 0;
  readonly #relay: RelayState;
  #sampledMs: number;
  #units = 0;
  #bytes = 0;

  constructor(relay: RelayState, nowMs: number) {
    this.#relay = relay;
    this.#sampledMs = nowMs;
  }

  /** Looks at the counters; call each second or so. Sooner calls change nothing. */
  sample(nowMs: number): void {
    const spanMs = nowMs - this.#sampledMs;
    if (spanMs < SPAN_MS) return;
    const { forwardedUnits, forwardedBytes } = this.#relay.counters;
    const units = sum(forwardedUnits);
    const bytes = sum(forwardedBytes);
    this.packetsPerSecond = ((units - this.#units) * 1000) / spanMs;
    this.bitsPerSecond = ((bytes - this.#bytes) * 8000) / spanMs;
    this.#units = units;
    this.#bytes = bytes;
    this.#sampledMs = nowMs;
  }

  /** Share of the tightest limit in use, 0..1. */
  get load(): number {
    const { limits, sessions } = this.#relay;
    return Math.min(1, Math.max(sessions / limits.maxSessions, this.bitsPerSecond / limits.totalBps));
  }
}

/** Where servers listen for {@link relayStatus}. */
export function relayStatusSubject(relayId: string): string {
  return `arcrtc.relay.${relayId}.status`;
}

/** The relay's status message. `healthy` is false while it drains: servers then choose others. */
export function relayStatus(
  relay: RelayState,
  meter: LoadMeter,
  self: { readonly relayId: string; readonly endpoints: RelayStatus["endpoints"] },
  unixMs: number,
): RelayStatus {
  return {
    type: "RELAY_STATUS",
    relay_id: self.relayId,
    healthy: !relay.isDraining,
    load: meter.load,
    sessions: relay.sessions,
    bindings: relay.bound,
    packets_per_s: Math.round(meter.packetsPerSecond),
    bits_per_s: Math.round(meter.bitsPerSecond),
    endpoints: self.endpoints,
    timestamp: Math.floor(unixMs),
  };
}

function sum(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
