/**
 * The accounts of a load run: what was sent and what arrived, in constant memory. Loss, duplicates and order are told for
 * each session and class of its own, because a relay may well let one class pass another.
 */
import { ReplayWindow } from "../crypto/replay_window.ts";
import { DelayStatistics, SmoothedJitter } from "../probe/delay_statistics.ts";
import type { Ratio, SloFigures } from "../probe/slo.ts";
import { PRIORITIES } from "../relay/relay_counters.ts";
import type { LoadPlace } from "./load_packet.ts";

/** Packets of one session and class that are told apart from repetitions; what is later than that counts as lost. */
const WINDOW_PACKETS = 512;

/** Counts of one class. */
export interface LoadCounts {
  sent: number;
  sentBytes: number;
  /** Each once. */
  received: number;
  duplicates: number;
  /** Behind one that was sent after it. */
  reordered: number;
  /** So far behind that it cannot be told whether it came before. */
  tooOld: number;
}

const noCounts = (): LoadCounts => ({ sent: 0, sentBytes: 0, received: 0, duplicates: 0, reordered: 0, tooOld: 0 });

/** One class of a run, or all of it. */
export class LoadFigures implements SloFigures {
  readonly names = { measured: "packets received", decided: "packets sent" };
  readonly counts: LoadCounts = noCounts();
  readonly fromSent = new DelayStatistics();
  readonly fromPlanned = new DelayStatistics();
  /** Mean over the sessions; set when a run is summed up. */
  jitterMs: number | undefined = undefined;

  get decided(): number {
    return this.counts.sent;
  }

  get lost(): number {
    return this.counts.sent - this.counts.received;
  }

  ratio(name: Ratio): number | undefined {
    const { sent, duplicates, reordered } = this.counts;
    if (sent === 0) return undefined;
    // Nothing is waited for, so nothing is late.
    const counted = { loss: this.lost, duplicates, reordered, late: 0 };
    return counted[name] / sent;
  }
}

/** What happened since the last {@link LoadRun.interval}. Arrivals of one interval may have been sent in another. */
export interface LoadInterval {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly sent: readonly number[];
  readonly received: readonly number[];
  readonly sentBytes: number;
  readonly delays: DelayStatistics;
}

export class LoadRun {
  readonly total = new LoadFigures();
  /** By PR. */
  readonly classes: readonly LoadFigures[] = Array.from({ length: PRIORITIES }, () => new LoadFigures());
  readonly sendLateness = new DelayStatistics();
  /** Packets that came and were none of ours. */
  strays = 0;
  readonly #sessions: number;
  readonly #next: Uint32Array;
  readonly #windows: (ReplayWindow | undefined)[];
  readonly #jitter: readonly SmoothedJitter[];
  #interval: LoadInterval & { sentBytes: number; sent: number[]; received: number[] };

  constructor(sessions: number, nowMs: number) {
    this.#sessions = sessions;
    this.#next = new Uint32Array(sessions * PRIORITIES);
    this.#windows = new Array<ReplayWindow | undefined>(sessions * PRIORITIES).fill(undefined);
    this.#jitter = Array.from({ length: sessions }, () => new SmoothedJitter());
    this.#interval = newInterval(nowMs);
  }

  /** The number of the next packet of a session and class. */
  nextSequence(session: number, priority: number): number {
    return this.#next[session * PRIORITIES + priority]++;
  }

  /** A packet leaves now. */
  sent(priority: number, bytes: number, dueMs: number, sentMs: number): void {
    for (const { counts } of [this.total, this.classes[priority]]) {
      counts.sent++;
      counts.sentBytes += bytes;
    }
    this.#interval.sent[priority]++;
    this.#interval.sentBytes += bytes;
    this.sendLateness.record(Math.max(0, sentMs - dueMs));
  }

  /** A packet of ours has arrived. */
  received(place: LoadPlace, dueMs: number, sentMs: number, nowMs: number): void {
    const { session, priority, sequence } = place;
    const at = session * PRIORITIES + priority;
    if (session >= this.#sessions || priority >= PRIORITIES || sequence >= this.#next[at]) return void this.strays++;
    const window = this.#windows[at] ??= new ReplayWindow(WINDOW_PACKETS);
    const { total } = this;
    const own = this.classes[priority];
    if (!window.check(sequence)) {
      const what = window.highestIndex - sequence < WINDOW_PACKETS ? "duplicates" : "tooOld";
      total.counts[what]++;
      own.counts[what]++;
      return;
    }
    const isBehind = sequence < window.highestIndex;
    window.commit(sequence);
    for (const figures of [total, own]) {
      figures.counts.received++;
      if (isBehind) figures.counts.reordered++;
      figures.fromSent.record(nowMs - sentMs);
      figures.fromPlanned.record(nowMs - dueMs);
    }
    this.#jitter[session].handle(nowMs - sentMs);
    this.#interval.received[priority]++;
    this.#interval.delays.record(nowMs - sentMs);
  }

  /** Ends the interval at hand and begins the next. */
  interval(nowMs: number): LoadInterval {
    const ended = { ...this.#interval, untilMs: nowMs };
    this.#interval = newInterval(nowMs);
    return ended;
  }

  /** Sums up what is known of sessions only. */
  end(): void {
    const known = this.#jitter.map(({ jitterMs }) => jitterMs).filter((jitterMs) => jitterMs !== undefined);
    if (known.length === 0) return;
    this.total.jitterMs = known.reduce((sum, jitterMs) => sum + jitterMs, 0) / known.length;
  }
}

function newInterval(fromMs: number): LoadInterval & { sentBytes: number; sent: number[]; received: number[] } {
  const none = () => new Array<number>(PRIORITIES).fill(0);
  return { fromMs, untilMs: fromMs, sent: none(), received: none(), sentBytes: 0, delays: new DelayStatistics() };
}
