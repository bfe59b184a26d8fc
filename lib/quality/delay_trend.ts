/**
 * Tells from arrival times whether a queue builds up on the path (after draft-ietf-rmcat-gcc-02 §5, with the trend line that
 * its successors use in place of the Kalman filter).
 *
 * Packets sent within 5 ms make a group. From group to group, `d = (arrival - arrival before) - (sent - sent before)` is
 * what the path's queue grew by. The slope of the smoothed sum of `d` over the last 20 groups is held against a threshold
 * that follows it slowly, so that other traffic in the same queue does not starve this one.
 */

/** `overuse`: the queue grows. `draining`: it was there and grows no more. */
export type PathUsage = "normal" | "overuse" | "draining";

const GROUP_MS = 5;
const WINDOW_GROUPS = 20;
const SMOOTHING = 0.9;
/** The slope is small: this, and the number of groups, bring it to the threshold's scale of milliseconds. */
const TREND_GAIN = 4;
const MAX_GROUPS_COUNTED = 60;
const INITIAL_THRESHOLD_MS = 12.5;
const MIN_THRESHOLD_MS = 6;
const MAX_THRESHOLD_MS = 600;
/** Per ms: up fast enough to give way to TCP, down slower. */
const THRESHOLD_UP = 0.0087;
const THRESHOLD_DOWN = 0.039;
/** A trend this far beyond the threshold is a jump of the route, not a queue: the threshold does not follow. */
const MAX_ADAPT_DISTANCE_MS = 15;
const MIN_OVERUSE_MS = 10;
/** A group this much off its neighbour means that a clock jumped: begin again. */
const RESET_MS = 3000;

/** One detector per path. Memory is constant. */
export class DelayTrend {
  #usage: PathUsage = "normal";

  // The group being filled and the one before it.
  #groupFirstSendMs = NaN;
  #groupSendMs = NaN;
  #groupArrivalMs = NaN;
  #previousSendMs = NaN;
  #previousArrivalMs = NaN;

  // The last groups: time of arrival and smoothed sum of delay growth.
  readonly #timesMs = new Float64Array(WINDOW_GROUPS);
  readonly #delaysMs = new Float64Array(WINDOW_GROUPS);
  #groups = 0;
  #firstArrivalMs = 0;
  #sumMs = 0;
  #smoothedMs = 0;

  #thresholdMs = INITIAL_THRESHOLD_MS;
  #thresholdAtMs = NaN;
  #overuseMs = 0;
  #lastSlope = 0;

  get usage(): PathUsage {
    return this.#usage;
  }

  /** Takes in packets in the order of their sending; times on either clock. Answers {@link usage}. */
  handle(sendMs: number, arrivalMs: number): PathUsage {
    if (Number.isNaN(this.#groupFirstSendMs)) this.#beginGroup(sendMs, arrivalMs);
    else if (sendMs < this.#groupFirstSendMs) return this.#usage;
    else if (sendMs - this.#groupFirstSendMs <= GROUP_MS) {
      this.#groupSendMs = Math.max(this.#groupSendMs, sendMs);
      this.#groupArrivalMs = Math.max(this.#groupArrivalMs, arrivalMs);
    } else {
      this.#closeGroup();
      this.#beginGroup(sendMs, arrivalMs);
    }
    return this.#usage;
  }

  #beginGroup(sendMs: number, arrivalMs: number): void {
    this.#groupFirstSendMs = sendMs;
    this.#groupSendMs = sendMs;
    this.#groupArrivalMs = arrivalMs;
  }

  #closeGroup(): void {
    const sendDeltaMs = this.#groupSendMs - this.#previousSendMs;
    const growthMs = this.#groupArrivalMs - this.#previousArrivalMs - sendDeltaMs;
    const isFirst = Number.isNaN(growthMs);
    this.#previousSendMs = this.#groupSendMs;
    this.#previousArrivalMs = this.#groupArrivalMs;
    if (isFirst) return;
    if (Math.abs(growthMs) > RESET_MS) return this.#reset();
    this.#addGroup(growthMs, this.#groupArrivalMs);
    this.#detect(this.#slope(), sendDeltaMs, this.#groupArrivalMs);
  }

  #reset(): void {
    this.#groups = 0;
    this.#sumMs = 0;
    this.#smoothedMs = 0;
    this.#overuseMs = 0;
    this.#lastSlope = 0;
    this.#usage = "normal";
  }

  #addGroup(growthMs: number, arrivalMs: number): void {
    if (this.#groups === 0) this.#firstArrivalMs = arrivalMs;
    this.#sumMs += growthMs;
    this.#smoothedMs = SMOOTHING * this.#smoothedMs + (1 - SMOOTHING) * this.#sumMs;
    const slot = this.#groups % WINDOW_GROUPS;
    this.#timesMs[slot] = arrivalMs - this.#firstArrivalMs;
    this.#delaysMs[slot] = this.#smoothedMs;
    this.#groups++;
  }

  /** Least squares over the window: ms of queue per ms of time; 0 until the window is full. */
  #slope(): number {
    if (this.#groups < WINDOW_GROUPS) return 0;
    let meanTime = 0;
    let meanDelay = 0;
    for (let i = 0; i < WINDOW_GROUPS; i++) {
      meanTime += this.#timesMs[i] / WINDOW_GROUPS;
      meanDelay += this.#delaysMs[i] / WINDOW_GROUPS;
    }
    let covariance = 0;
    let variance = 0;
    for (let i = 0; i < WINDOW_GROUPS; i++) {
      const time = this.#timesMs[i] - meanTime;
      covariance += time * (this.#delaysMs[i] - meanDelay);
      variance += time * time;
    }
    return variance === 0 ? 0 : covariance / variance;
  }

  #detect(slope: number, sendDeltaMs: number, nowMs: number): void {
    const trendMs = Math.min(this.#groups, MAX_GROUPS_COUNTED) * slope * TREND_GAIN;
    if (trendMs > this.#thresholdMs) {
      this.#overuseMs += sendDeltaMs;
      if (slope < this.#lastSlope) this.#usage = this.#usage === "normal" ? "normal" : "draining";
      else if (this.#overuseMs > MIN_OVERUSE_MS) {
        this.#overuseMs = 0;
        this.#usage = "overuse";
      }
    } else {
      this.#overuseMs = 0;
      this.#usage = trendMs < -this.#thresholdMs ? "draining" : "normal";
    }
    this.#lastSlope = slope;
    this.#adaptThreshold(Math.abs(trendMs), nowMs);
  }

  #adaptThreshold(distanceMs: number, nowMs: number): void {
    const elapsedMs = Number.isNaN(this.#thresholdAtMs) ? 0 : Math.min(100, Math.max(0, nowMs - this.#thresholdAtMs));
    this.#thresholdAtMs = nowMs;
    if (distanceMs > this.#thresholdMs + MAX_ADAPT_DISTANCE_MS) return;
    const gain = distanceMs < this.#thresholdMs ? THRESHOLD_DOWN : THRESHOLD_UP;
    const moved = this.#thresholdMs + gain * (distanceMs - this.#thresholdMs) * elapsedMs;
    this.#thresholdMs = Math.min(MAX_THRESHOLD_MS, Math.max(MIN_THRESHOLD_MS, moved));
  }
}
