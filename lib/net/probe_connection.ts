/** A target under way: the channel that was chosen, opened again when it breaks, for runs of days. */
import { Backoff } from "../base/backoff.ts";
import type { ProbeChannel, ProbeChannelEvents } from "./probe_channel.ts";
import type { ProbeTarget } from "./probe_target.ts";
import { chooseWay, type ChosenWay, type ProbeSettings } from "./probe_ways.ts";
import { ProbeRun, type Question } from "../probe/probe_run.ts";

export class ProbeConnection {
  readonly target: ProbeTarget;
  readonly chosen: ChosenWay;
  readonly #settings: ProbeSettings;
  /** Times that the connection had to be opened anew. */
  reconnects = 0;
  #channel: ProbeChannel | undefined;
  #why = "";
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #backoff: Backoff;
  readonly #sink: Sink;

  private constructor(target: ProbeTarget, chosen: ChosenWay, settings: ProbeSettings, sink: Sink) {
    this.target = target;
    this.chosen = chosen;
    this.#settings = settings;
    this.#channel = chosen.channel;
    this.#backoff = new Backoff(settings.rng);
    this.#sink = sink;
  }

  /** Finds a way that is answered. Throws NetError. */
  static async open(target: ProbeTarget, settings: ProbeSettings): Promise<ProbeConnection> {
    const sink: Sink = { events: undefined, closed: () => {} };
    const chosen = await chooseWay(target, settings, through(sink));
    const connection = new ProbeConnection(target, chosen, settings, sink);
    sink.closed = (why) => connection.#lost(why);
    return connection;
  }

  /** A run that asks as this connection's other end expects it. `window` is that of {@link ProbeRun}. */
  newRun(waitMs: number, window?: number): ProbeRun {
    const { clock: { unixOffsetMs }, rng, sizeBytes } = this.#settings;
    const { method, isDatagram, from, hearsArrivals } = this.chosen.channel;
    const options = { method, isDatagram, from, hearsArrivals, waitMs, sizeBytes, rng, unixOffsetMs };
    return new ProbeRun(window === undefined ? options : { ...options, window });
  }

  /** Where answers go; until it is set they go nowhere. */
  listen(events: Omit<ProbeChannelEvents, "closed">): void {
    this.#sink.events = events;
  }

  /** Why there is no connection at the moment; empty while there is. */
  get whyDown(): string {
    return this.#channel === undefined ? this.#why : "";
  }

  /** As {@link ProbeChannel.send}: undefined while there is no connection. */
  send(question: Question): number | undefined {
    return this.#channel?.send(question);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#channel?.close();
  }

  #lost(why: string): void {
    this.#channel = undefined;
    this.#why = why;
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#reopen(), this.#backoff.nextMs());
  }

  #reopen(): void {
    this.chosen.way.open(through(this.#sink)).then((channel) => {
      if (this.#isClosed) return channel.close();
      this.#channel = channel;
      this.reconnects++;
      this.#backoff.reset();
    }, (error: unknown) => this.#lost(error instanceof Error ? error.message : String(error)));
  }
}

/** Where a channel's events go: they are known only after it has been opened. */
interface Sink {
  events: Omit<ProbeChannelEvents, "closed"> | undefined;
  closed: (why: string) => void;
}

function through(sink: Sink): ProbeChannelEvents {
  return {
    unit: (unit, receivedMs) => sink.events?.unit(unit, receivedMs),
    echo: (sequence, receivedMs) => sink.events?.echo(sequence, receivedMs),
    refused: (sequence, code, message) => sink.events?.refused(sequence, code, message),
    arrived: (sequence, challenge, atMs) => sink.events?.arrived(sequence, challenge, atMs),
    closed: (why) => sink.closed(why),
  };
}
