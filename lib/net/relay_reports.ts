/** Asks relays for their load where they show it: at their `/metrics`. */
import type { RelayReport } from "../relay/relay_health_state.ts";
import { parseRelayReport } from "../relay/relay_report.ts";
import { fetchText } from "./fetch_text.ts";

export interface RelayReportEvents {
  /** Undefined when the report has not been had for a while. */
  reported(relay: number, report: RelayReport | undefined): void;
  failed(relay: number, message: string): void;
}

const INTERVAL_MS = 2000;
const TIMEOUT_MS = 1500;
const MAX_PAGE_BYTES = 1024 * 1024;
/** A report is believed until so many in a row were not to be had. */
const MISSES_TO_UNKNOWN = 3;

interface Source {
  readonly relay: number;
  readonly url: string;
  isAsking: boolean;
  missed: number;
}

export class RelayReports {
  readonly #sources: readonly Source[];
  readonly #events: RelayReportEvents;
  readonly #intervalMs: number;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `urls` by the number of the relay. */
  constructor(urls: readonly (string | undefined)[], events: RelayReportEvents, intervalMs = INTERVAL_MS) {
    this.#sources = urls.flatMap((url, relay) => url === undefined ? [] : [{ relay, url, isAsking: false, missed: 0 }]);
    this.#events = events;
    this.#intervalMs = intervalMs;
  }

  start(): void {
    if (this.#sources.length === 0) return;
    this.#askAll();
    this.#timer = setInterval(() => this.#askAll(), this.#intervalMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    await Promise.all(this.#running);
  }

  #askAll(): void {
    for (const source of this.#sources) {
      if (source.isAsking) continue;
      const asking = this.#ask(source);
      this.#running.add(asking);
      asking.finally(() => this.#running.delete(asking));
    }
  }

  async #ask(source: Source): Promise<void> {
    const { signal } = this.#closing;
    source.isAsking = true;
    try {
      const page = await fetchText(source.url, { maxBytes: MAX_PAGE_BYTES, timeoutMs: TIMEOUT_MS, signal });
      const report = parseRelayReport(page);
      if (!report.ok) throw new Error(report.fault.message);
      source.missed = 0;
      if (!signal.aborted) this.#events.reported(source.relay, report.value);
    } catch (error) {
      if (!signal.aborted) this.#miss(source, error instanceof Error ? error.message : String(error));
    } finally {
      source.isAsking = false;
    }
  }

  #miss(source: Source, why: string): void {
    if (++source.missed !== MISSES_TO_UNKNOWN) return;
    this.#events.reported(source.relay, undefined);
    this.#events.failed(source.relay, why);
  }
}
