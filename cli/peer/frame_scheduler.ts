/**
 * Hands frames over at their times. One timer for all streams; deadlines are absolute on the media clock, so that a late
 * timer (a millisecond or two is usual) makes one frame late and never the next; all that is due goes at one waking.
 */
import type { Clock } from "../../lib/net/clock.ts";

/** One stream's frames in the order of their times. */
export interface Track {
  readonly clockRateHz: number;
  /** Time of the next frame in ticks from 0; undefined at the end. */
  readonly nextTicks: number | undefined;
  /** Takes the next frame and sends it. `dueMs` is when it should have been. */
  send(dueMs: number, nowMs: number): void;
  /** No frame is left. Called once. */
  ended(): void;
}

/** After a longer standstill (a suspended machine) the rest moves on in time instead of going out in one burst. */
const MAX_LATE_MS = 1000;

interface Running {
  readonly track: Track;
  startMs: number;
}

export class FrameScheduler {
  readonly #clock: Clock;
  readonly #running = new Set<Running>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins a track, its time 0 at `startMs`. */
  add(track: Track, startMs: number): void {
    this.#running.add({ track, startMs });
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#running.clear();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    let earliestMs = Infinity;
    for (const running of this.#running) earliestMs = Math.min(earliestMs, dueMs(running));
    if (earliestMs === Infinity) return;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, earliestMs - this.#clock.nowMs()));
  }

  #wake(): void {
    const nowMs = this.#clock.nowMs();
    for (const running of this.#running) {
      const lateMs = nowMs - dueMs(running);
      if (lateMs > MAX_LATE_MS) running.startMs += lateMs;
      for (let due = dueMs(running); due <= nowMs && !this.#isStopped; due = dueMs(running)) {
        running.track.send(due, nowMs);
      }
      if (running.track.nextTicks !== undefined || this.#isStopped) continue;
      this.#running.delete(running);
      running.track.ended();
    }
    this.#schedule();
  }
}

function dueMs({ track, startMs }: Running): number {
  return track.nextTicks === undefined ? Infinity : startMs + (track.nextTicks * 1000) / track.clockRateHz;
}
