/** The peer's clock as its answers show it: the unit of its time stamps, offset and drift, and where it misbehaves. */
import { ClockBounds, type ClockEstimate } from "./clock_bounds.ts";

/** What a number that should be Unix milliseconds seems to be. */
export type TimeUnit = "ms" | "s" | "us" | "ns" | "unknown";

const UNIT_IN_MS: Readonly<Record<TimeUnit, number>> = { ms: 1, s: 1000, us: 1e-3, ns: 1e-6, unknown: 1 };

/** Judges by magnitude: a clock that is off by years is told from another unit, which is off by a factor of 1000. */
export function unitOf(timestamp: number, nowUnixMs: number): TimeUnit {
  for (const unit of ["ms", "s", "us", "ns"] as const) {
    const ratio = (timestamp * UNIT_IN_MS[unit]) / nowUnixMs;
    if (ratio > 0.3 && ratio < 3) return unit;
  }
  return "unknown";
}

/** When one answer was asked for and received: Unix ms of our own clock, which never steps. */
export interface Exchange {
  readonly sequence: number;
  readonly sentUnixMs: number;
  readonly receivedUnixMs: number;
  /** As the peer wrote it, in whatever unit. */
  readonly responseTimestamp: number;
}

export type ClockEvent =
  /** The clock jumped by something between the two. */
  | { readonly kind: "step"; readonly sequence: number; readonly leastMs: number; readonly mostMs: number }
  | { readonly kind: "outlier"; readonly sequence: number; readonly offByMs: number }
  | { readonly kind: "stuck"; readonly sequence: number; readonly sinceMs: number };

interface Suspect {
  readonly sequence: number;
  readonly atMs: number;
  readonly lowMs: number;
  readonly highMs: number;
}

/** A time stamp may repeat for so long beyond its own resolution before the clock counts as stuck. */
const STUCK_MS = 100;

export class PeerClock {
  readonly #bounds = new ClockBounds();
  #unit: TimeUnit | undefined;
  #steps = 0;
  /** An answer that does not fit: the next decides whether it was alone. */
  #suspect: Suspect | undefined;
  #lastTimestamp = NaN;
  #sameSinceMs = 0;

  /** Of the last answer; undefined before one. */
  get unit(): TimeUnit | undefined {
    return this.#unit;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Since the last step. */
  estimate(): ClockEstimate | undefined {
    return this.#unit === "unknown" ? undefined : this.#bounds.estimate();
  }

  handle(exchange: Exchange): ClockEvent | undefined {
    const { sequence, sentUnixMs, receivedUnixMs, responseTimestamp } = exchange;
    const unit = unitOf(responseTimestamp, receivedUnixMs);
    if (unit !== this.#unit) {
      this.#unit = unit;
      this.#bounds.reset();
      this.#suspect = undefined;
    }
    const resolutionMs = Math.max(UNIT_IN_MS[unit], 1e-3);
    if (responseTimestamp !== this.#lastTimestamp) {
      this.#lastTimestamp = responseTimestamp;
      this.#sameSinceMs = sentUnixMs;
    } else if (sentUnixMs - this.#sameSinceMs > resolutionMs + STUCK_MS) {
      return { kind: "stuck", sequence, sinceMs: sentUnixMs - this.#sameSinceMs };
    }
    // Whether the peer rounds down, up or to the nearest is not known, so a time stamp may be off by one either way.
    const responseMs = responseTimestamp * UNIT_IN_MS[unit];
    return this.#place({
      sequence,
      atMs: (sentUnixMs + receivedUnixMs) / 2,
      lowMs: responseMs - resolutionMs - receivedUnixMs,
      highMs: responseMs + resolutionMs - sentUnixMs,
    });
  }

  #place(next: Suspect): ClockEvent | undefined {
    const offByMs = distance(next, this.#bounds.rangeAt(next.atMs));
    const suspect = this.#suspect;
    this.#suspect = undefined;
    if (offByMs === 0) {
      this.#bounds.add(next.atMs, next.lowMs, next.highMs);
      return suspect === undefined ? undefined : this.#outlier(suspect);
    }
    if (suspect === undefined || distance(next, suspect) !== 0) {
      this.#suspect = next;
      return suspect === undefined ? undefined : this.#outlier(suspect);
    }
    // Two in a row agree with each other and not with what was before.
    const before = this.#bounds.rangeAt(suspect.atMs);
    this.#bounds.reset();
    for (const { atMs, lowMs, highMs } of [suspect, next]) this.#bounds.add(atMs, lowMs, highMs);
    this.#steps++;
    const step = { leastMs: suspect.lowMs - before.highMs, mostMs: suspect.highMs - before.lowMs };
    return { kind: "step", sequence: suspect.sequence, ...step };
  }

  #outlier(suspect: Suspect): ClockEvent {
    const offByMs = distance(suspect, this.#bounds.rangeAt(suspect.atMs));
    return { kind: "outlier", sequence: suspect.sequence, offByMs };
  }
}

/** How far a range lies from another; 0 where they overlap, positive where it is above. */
function distance(
  range: { readonly lowMs: number; readonly highMs: number },
  from: { readonly lowMs: number; readonly highMs: number },
): number {
  if (range.lowMs > from.highMs) return range.lowMs - from.highMs;
  if (range.highMs < from.lowMs) return range.highMs - from.lowMs;
  return 0;
}
