/** What relays say of their load on the bus. SPEC ARC-RELAY-status. */
import { relayStatusSubject } from "../relay/load.ts";
import { parseStatus } from "../signaling/parse_message.ts";
import type { Bus } from "./bus.ts";
import type { RelayReportEvents } from "./relay_reports.ts";

/** A relay publishes every second; so long after the last time its load is not known any more. */
const SILENCE_MS = 5000;

export class RelayStatuses {
  readonly #events: RelayReportEvents;
  readonly #silenceMs: number;
  readonly #ends: readonly (() => void)[];
  /** By the number of the relay. */
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** `ids` by the number of the relay; those without one are not listened to. */
  constructor(ids: readonly (string | undefined)[], bus: Bus, events: RelayReportEvents, silenceMs = SILENCE_MS) {
    this.#events = events;
    this.#silenceMs = silenceMs;
    this.#ends = ids.flatMap((id, relay) =>
      id === undefined ? [] : [bus.subscribe(relayStatusSubject(id), (_, bytes) => this.#take(relay, id, bytes))]
    );
  }

  close(): void {
    for (const end of this.#ends) end();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** What is no status of the relay is no word of it. */
  #take(relay: number, id: string, bytes: Uint8Array): void {
    const status = parseStatus(bytes);
    if (!status.ok || status.value.type !== "RELAY_STATUS" || status.value.relay_id !== id) return;
    const { load, healthy } = status.value;
    this.#events.reported(relay, { load, isDraining: !healthy });
    clearTimeout(this.#timers.get(relay));
    this.#timers.set(relay, setTimeout(() => this.#silent(relay), this.#silenceMs));
  }

  #silent(relay: number): void {
    this.#events.reported(relay, undefined);
    this.#events.failed(relay, `no RELAY_STATUS for ${this.#silenceMs / 1000} s`);
  }
}
