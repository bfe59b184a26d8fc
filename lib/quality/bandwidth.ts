/**
 * How much the path can carry, estimated by the sender from transport-wide feedback: the smaller of two opinions, as in
 * draft-ietf-rmcat-gcc-02 (§5 delay, §6 loss).
 *
 * ```
 * delay   overuse    ->  0.85 x what arrives; remembered as the path's capacity
 *         normal     ->  + 8 % a second; near the remembered capacity 9600 bps each response time
 *         draining   ->  hold, until the queue is gone
 *         growth ends at 3 x what arrives; what arrives without a queue is the least it can be
 * loss    > 10 %     ->  x (1 - loss / 2) each second, but not below 0.85 x what arrives
 *         < 2 %      ->  x 1.05
 * ```
 *
 * It sends no probes: the factor 3 (1.5 in the draft) is what lets a sender that fills its rung be told that the next one,
 * up to 2.4 times as large with its headroom, may fit. Trying it costs one step down when it does not.
 */
import { type TransportFeedback, visitTransportFeedback } from "../packet/rtcp/transport_feedback.ts";
import { DelayTrend } from "./delay_trend.ts";
import { RateWindow } from "./rate_window.ts";
import { SentPackets } from "./sent_packets.ts";

export interface BandwidthOptions {
  /** Default 1 Mbps. */
  readonly startBps?: number;
  /** Default 64 kbps. */
  readonly minBps?: number;
  /** Default 20 Mbps. */
  readonly maxBps?: number;
}

const BACKOFF = 0.85;
const GROWTH_PER_SECOND = 1.08;
const MAX_OVER_ARRIVING = 3;
/** Added each response time (RTT + 100 ms) near the capacity: the bits of one full packet, per second. */
const ADDITIVE_BPS = 1200 * 8;
/** Near: from this share of the remembered capacity on; above its inverse the memory is outdated. */
const NEAR_CAPACITY = 0.9;
const HIGH_LOSS = 0.1;
const LOW_LOSS = 0.02;
const LOSS_INTERVAL_MS = 1000;
const LOSS_GROWTH = 1.05;
/** Fewer packets than this say nothing of loss. */
const MIN_LOSS_PACKETS = 20;
/** Length of the window over which arrivals are measured. */
const ARRIVAL_WINDOW_MS = 500;
/** And at the moment of overuse: a queue is seen within 200 ms, in which the rate before it must not be mixed. */
const OVERUSE_WINDOW_MS = 200;
/** Feedback is rarer than this after a pause: growth is not made up for. */
const MAX_GROWTH_STEP_MS = 1000;
const DEFAULT_RTT_MS = 100;

/** One estimator per direction of a session. Memory is constant, work linear in the packets that feedback tells of. */
export class BandwidthEstimator {
  readonly #minBps: number;
  readonly #maxBps: number;
  readonly #sent = new SentPackets();
  readonly #trend = new DelayTrend();
  readonly #arriving = new RateWindow(ARRIVAL_WINDOW_MS);
  readonly #arrivingNow = new RateWindow(OVERUSE_WINDOW_MS);
  #nearUs = 0;
  #lastArrivalMs = NaN;
  #hasFeedback = false;

  #delayBps: number;
  #capacityBps = NaN;
  #grownAtMs = NaN;
  #backedOffAtMs = -Infinity;

  #lossBps: number;
  #lossSinceMs = NaN;
  #arrived = 0;
  #lost = 0;

  constructor(options: BandwidthOptions = {}) {
    this.#minBps = options.minBps ?? 64_000;
    this.#maxBps = options.maxBps ?? 20_000_000;
    this.#delayBps = options.startBps ?? 1_000_000;
    this.#lossBps = this.#maxBps;
  }

  /** The estimate; undefined until feedback has come. */
  get bps(): number | undefined {
    return this.#hasFeedback ? Math.round(Math.min(this.#delayBps, this.#lossBps)) : undefined;
  }

  /** Notes a packet that leaves with this transport-wide sequence number; `bytes` as a unit. */
  handleSent(sequence16: number, bytes: number, nowMs: number): void {
    this.#sent.add(sequence16, bytes, nowMs);
  }

  /** Takes in a feedback packet that has come at `nowMs` and answers the estimate. */
  handleFeedback(feedback: TransportFeedback, nowMs: number, rttMs: number = DEFAULT_RTT_MS): number | undefined {
    let overuses = 0;
    this.#nearUs = visitTransportFeedback(feedback, this.#nearUs, (sequence16, arrivalUs) => {
      const hasArrived = !Number.isNaN(arrivalUs);
      const effect = this.#sent.note(sequence16, hasArrived);
      if (effect === "nothing_new") return;
      if (effect === "lost") this.#lost++;
      else this.#handleArrival(sequence16, arrivalUs / 1000, effect === "arrived_after_all");
      if (hasArrived && this.#trend.usage === "overuse") overuses++;
    });
    if (Number.isNaN(this.#lastArrivalMs)) return this.bps;
    this.#hasFeedback = true;
    if (Number.isNaN(this.#lossSinceMs)) this.#lossSinceMs = nowMs;
    this.#updateDelay(overuses > 0, nowMs, rttMs);
    this.#updateLoss(nowMs);
    return this.bps;
  }

  #handleArrival(sequence16: number, arrivalMs: number, wasLost: boolean): void {
    this.#arrived++;
    if (wasLost && this.#lost > 0) this.#lost--;
    if (!(arrivalMs < this.#lastArrivalMs)) this.#lastArrivalMs = arrivalMs;
    const bits = this.#sent.bytes(sequence16) * 8;
    this.#arriving.add(bits, arrivalMs);
    this.#arrivingNow.add(bits, arrivalMs);
    this.#trend.handle(this.#sent.sendMs(sequence16), arrivalMs);
  }

  #clamp(bps: number): number {
    return Math.min(this.#maxBps, Math.max(this.#minBps, bps));
  }

  #updateDelay(isOverused: boolean, nowMs: number, rttMs: number): void {
    const arrivingBps = this.#arriving.perSecond(this.#lastArrivalMs);
    const elapsedMs = Number.isNaN(this.#grownAtMs) ? 0 : Math.min(MAX_GROWTH_STEP_MS, nowMs - this.#grownAtMs);
    this.#grownAtMs = nowMs;
    if (isOverused) {
      // Once in a response time: what was sent before the last step down still tells of the queue.
      if (nowMs - this.#backedOffAtMs < rttMs + 100) return;
      const capacityBps = this.#arrivingNow.perSecond(this.#lastArrivalMs);
      this.#delayBps = this.#clamp(Math.min(this.#delayBps, BACKOFF * (capacityBps ?? this.#delayBps)));
      this.#capacityBps = capacityBps ?? this.#capacityBps;
      this.#backedOffAtMs = nowMs;
      return;
    }
    if (this.#trend.usage !== "normal") return;
    if (arrivingBps !== undefined && arrivingBps > this.#capacityBps / NEAR_CAPACITY) this.#capacityBps = NaN;
    const isNear = this.#delayBps > NEAR_CAPACITY * this.#capacityBps;
    const grown = isNear
      ? this.#delayBps + (ADDITIVE_BPS * elapsedMs) / (rttMs + 100)
      : this.#delayBps * GROWTH_PER_SECOND ** (elapsedMs / 1000);
    const limitBps = arrivingBps === undefined ? Infinity : MAX_OVER_ARRIVING * arrivingBps;
    // What arrives without a queue is no guess; but right after a step down, it is the queue that drains.
    const isDrained = nowMs - this.#backedOffAtMs > 2 * ARRIVAL_WINDOW_MS + rttMs;
    const provenBps = isDrained ? arrivingBps ?? 0 : 0;
    // The limit stops growth; a sender with little to send does not make the path smaller.
    this.#delayBps = this.#clamp(Math.max(this.#delayBps, provenBps, Math.min(grown, limitBps)));
  }

  #updateLoss(nowMs: number): void {
    if (nowMs - this.#lossSinceMs < LOSS_INTERVAL_MS || this.#arrived + this.#lost < MIN_LOSS_PACKETS) return;
    const loss = this.#lost / (this.#arrived + this.#lost);
    if (loss > HIGH_LOSS) {
      const reduced = Math.min(this.#delayBps, this.#lossBps) * (1 - loss / 2);
      this.#lossBps = this.#clamp(Math.max(reduced, BACKOFF * (this.#arriving.perSecond(this.#lastArrivalMs) ?? 0)));
    } else if (loss < LOW_LOSS) this.#lossBps = this.#clamp(this.#lossBps * LOSS_GROWTH);
    this.#lossSinceMs = nowMs;
    this.#arrived = 0;
    this.#lost = 0;
  }
}
