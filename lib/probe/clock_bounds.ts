/**
 * What is known for certain of another clock, from questions and answers: it is a straight line (offset and drift) that
 * passes between bounds. Every answer gives one of each kind:
 *
 * ```
 * offset (theirs less ours)
 *    |      x        x     upper: its time stamp less the moment we asked, no answer is older than its question
 *    |   ___________---     any line between them is possible; how far they differ is the uncertainty
 *    |---   o     o
 *    |  o              o   lower: its time stamp less the moment the answer arrived
 *    '-------------------- our time
 * ```
 */

interface Bound {
  readonly atMs: number;
  readonly offsetMs: number;
}

/** The best bounds of a stretch of time. */
interface Stretch {
  readonly startMs: number;
  low: Bound;
  high: Bound;
}

export interface ClockEstimate {
  /** Middle of what is possible at the last answer; positive: the peer's clock is ahead. */
  readonly offsetMs: number;
  /** The true offset is within this of it, whatever the ways there and back were. */
  readonly uncertaintyMs: number;
  /** Millionths; undefined while the run is too short to tell. */
  readonly driftPpm: number | undefined;
  readonly driftUncertaintyPpm: number | undefined;
}

const MAX_STRETCHES = 64;
const FIRST_STRETCH_MS = 250;

/** No clock that works drifts by more, millionths. */
export const MAX_DRIFT_PPM = 5000;

/** A drift that is known less well than this is not told, millionths. */
const TELLING_PPM = 500;

/** Bounds of a straight line in constant memory: stretches of time grow, and of each the tightest bounds are kept. */
export class ClockBounds {
  #stretches: Stretch[] = [];
  #stretchMs = FIRST_STRETCH_MS;
  #lastMs = -Infinity;

  get isEmpty(): boolean {
    return this.#stretches.length === 0;
  }

  reset(): void {
    this.#stretches = [];
    this.#stretchMs = FIRST_STRETCH_MS;
    this.#lastMs = -Infinity;
  }

  /** The offsets that are possible at `atMs` for a clock that works, by what is known so far. */
  rangeAt(atMs: number): { lowMs: number; highMs: number } {
    let lowMs = -Infinity;
    let highMs = Infinity;
    for (const { low, high } of this.#stretches) {
      lowMs = Math.max(lowMs, low.offsetMs - Math.abs(atMs - low.atMs) * MAX_DRIFT_PPM * 1e-6);
      highMs = Math.min(highMs, high.offsetMs + Math.abs(atMs - high.atMs) * MAX_DRIFT_PPM * 1e-6);
    }
    return { lowMs, highMs };
  }

  add(atMs: number, lowMs: number, highMs: number): void {
    const low = { atMs, offsetMs: lowMs };
    const high = { atMs, offsetMs: highMs };
    this.#lastMs = Math.max(this.#lastMs, atMs);
    const last = this.#stretches.at(-1);
    if (last === undefined || atMs >= last.startMs + this.#stretchMs) {
      this.#stretches.push({ startMs: atMs, low, high });
      if (this.#stretches.length > MAX_STRETCHES) this.#halve();
      return;
    }
    if (low.offsetMs > last.low.offsetMs) last.low = low;
    if (high.offsetMs < last.high.offsetMs) last.high = high;
  }

  #halve(): void {
    this.#stretchMs *= 2;
    const merged: Stretch[] = [];
    for (const stretch of this.#stretches) {
      const last = merged.at(-1);
      if (last === undefined || stretch.startMs >= last.startMs + this.#stretchMs) {
        merged.push(stretch);
        continue;
      }
      if (stretch.low.offsetMs > last.low.offsetMs) last.low = stretch.low;
      if (stretch.high.offsetMs < last.high.offsetMs) last.high = stretch.high;
    }
    this.#stretches = merged;
  }

  /** Undefined while empty, or when no straight line fits (small steps, a clock that is being slewed). */
  estimate(): ClockEstimate | undefined {
    if (this.isEmpty) return undefined;
    const slope = this.#slopes();
    if (slope === undefined) return undefined;
    const lowMs = minimum(slope, (ppm) => this.#lowestLine(ppm));
    const highMs = -minimum(slope, (ppm) => -this.#highestLine(ppm));
    const driftUncertaintyPpm = (slope.highPpm - slope.lowPpm) / 2;
    const isTelling = driftUncertaintyPpm <= TELLING_PPM;
    return {
      offsetMs: (lowMs + highMs) / 2,
      uncertaintyMs: Math.max(0, (highMs - lowMs) / 2),
      driftPpm: isTelling ? (slope.lowPpm + slope.highPpm) / 2 : undefined,
      driftUncertaintyPpm: isTelling ? driftUncertaintyPpm : undefined,
    };
  }

  /** The slopes of all lines that pass between the bounds: each lower bound and each upper one limit it together. */
  #slopes(): { lowPpm: number; highPpm: number } | undefined {
    let lowPpm = -MAX_DRIFT_PPM;
    let highPpm = MAX_DRIFT_PPM;
    for (const { low } of this.#stretches) {
      for (const { high } of this.#stretches) {
        const spanMs = high.atMs - low.atMs;
        const roomMs = high.offsetMs - low.offsetMs;
        if (spanMs > 0) highPpm = Math.min(highPpm, (roomMs / spanMs) * 1e6);
        else if (spanMs < 0) lowPpm = Math.max(lowPpm, (roomMs / spanMs) * 1e6);
        else if (roomMs < 0) return undefined;
      }
    }
    return lowPpm <= highPpm ? { lowPpm, highPpm } : undefined;
  }

  /** Offset at the last answer of the lowest line with this slope that is above all lower bounds. */
  #lowestLine(ppm: number): number {
    let offsetMs = -Infinity;
    for (const { low } of this.#stretches) {
      offsetMs = Math.max(offsetMs, low.offsetMs + ppm * 1e-6 * (this.#lastMs - low.atMs));
    }
    return offsetMs;
  }

  #highestLine(ppm: number): number {
    let offsetMs = Infinity;
    for (const { high } of this.#stretches) {
      offsetMs = Math.min(offsetMs, high.offsetMs + ppm * 1e-6 * (this.#lastMs - high.atMs));
    }
    return offsetMs;
  }
}

/** The least value of a convex function over a range of slopes. */
function minimum({ lowPpm, highPpm }: { lowPpm: number; highPpm: number }, f: (ppm: number) => number): number {
  let low = lowPpm;
  let high = highPpm;
  for (let i = 0; i < 80; i++) {
    const left = low + (high - low) / 3;
    const right = high - (high - low) / 3;
    if (f(left) <= f(right)) high = right;
    else low = left;
  }
  return f((low + high) / 2);
}
