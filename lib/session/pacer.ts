/**
 * When queued packets may leave. A frame of ten packets goes out in one burst; a larger one is spread, so that it does not
 * overflow the queue of a router that it would fill, but over a few milliseconds only:
 *
 * ```
 * budget   fills at `rate`, holds BURST_BYTES at least; a packet may leave while it is above 0, and takes its bytes
 * rate     the greatest of   2.5 x what the streams announced
 *                            2.5 x what was sent in the last second
 *                            backlog / spread, taken each time that something is queued, until the backlog is gone
 * spread   4 ms; 20 ms on a slow path, whose bandwidth estimate is less than 1.5 x what is sent
 * ```
 *
 * PR 0, which is audio, does not wait for budget, nor do retransmissions and RTCP; what they take, the rest waits for.
 *
 * Wake-ups are 1 ms apart at least, and timers are late by a millisecond or more: the budget counts the time that really
 * passed, so that a late wake-up sends a larger burst and the rate stays.
 */
import { RateWindow } from "../quality/rate_window.ts";

/** Ten full packets. */
export const BURST_BYTES = 12_000;
const RATE_FACTOR = 2.5;
/** What a frame may wait in the pacer, on a path that shows no queue of its own. */
export const SPREAD_MS = 4;
export const SLOW_SPREAD_MS = 20;
const SLOW_BELOW = 1.5;
const MIN_WAKE_MS = 1;
/** Budget is made up for so much lateness. */
const MAX_LATE_MS = 5;

export class Pacer {
  readonly #sent = new RateWindow(1000);
  #announcedBps = 0;
  #backlogBytes = 0;
  #budgetBytes = BURST_BYTES;
  /** Bytes per ms that the backlog calls for; 0 without one. */
  #backlogRate = 0;
  #baseRate = 0;
  #filledMs = -Infinity;

  /** What the path is thought to carry; undefined while nothing is known. */
  estimateBps: number | undefined = undefined;

  /** Sum of the bit rates that our running streams announced. */
  announce(bps: number): void {
    this.#announcedBps = bps;
  }

  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** Bits per second that left in the last second; undefined in its beginning. */
  sentBps(nowMs: number): number | undefined {
    const bytes = this.#sent.perSecond(nowMs);
    return bytes === undefined ? undefined : bytes * 8;
  }

  /** A frame, repairs of it, or a retransmission were queued. */
  queued(bytes: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#backlogBytes += bytes;
    const sentBps = this.sentBps(nowMs) ?? 0;
    this.#baseRate = (RATE_FACTOR * Math.max(this.#announcedBps, sentBps)) / 8000;
    const isSlow = this.estimateBps !== undefined && this.estimateBps < SLOW_BELOW * sentBps;
    const spreadMs = isSlow ? SLOW_SPREAD_MS : SPREAD_MS;
    this.#backlogRate = Math.max(this.#backlogRate, (this.#backlogBytes - this.#budgetBytes) / spreadMs);
  }

  /** True while what waits for budget may leave. */
  mayLeave(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#budgetBytes > 0;
  }

  /** A packet left as a unit of `wireBytes`; it was queued as `queuedBytes`. */
  left(wireBytes: number, queuedBytes: number, nowMs: number): void {
    this.#sent.add(wireBytes, nowMs);
    this.#budgetBytes -= wireBytes;
    this.discarded(queuedBytes);
  }

  /** Packets were given up. */
  discarded(queuedBytes: number): void {
    this.#backlogBytes = Math.max(0, this.#backlogBytes - queuedBytes);
    if (this.#backlogBytes === 0) this.#backlogRate = 0;
  }

  /** When something that {@link mayLeave} held back may leave. */
  resumesMs(nowMs: number): number {
    return nowMs + Math.max(MIN_WAKE_MS, (1 - this.#budgetBytes) / this.#rate);
  }

  get #rate(): number {
    return Math.max(this.#baseRate, this.#backlogRate, 1);
  }

  #fill(nowMs: number): void {
    const rate = this.#rate;
    const elapsedMs = Math.max(0, nowMs - this.#filledMs);
    const depth = Math.max(BURST_BYTES, rate * MAX_LATE_MS);
    // What is there already stays: an early call must not take away what a late one was given.
    this.#budgetBytes = Math.max(this.#budgetBytes, Math.min(depth, this.#budgetBytes + rate * elapsedMs));
    if (nowMs > this.#filledMs) this.#filledMs = nowMs;
  }
}
