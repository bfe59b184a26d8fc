/**
 * The sender's stepping along the ladder (SPEC §9.3): each second the seed's rule looks at the last two seconds, and the
 * stream moves at most one rung.
 *
 * ```
 *             better
 *   rung 0   ^        up:   rule says higher, 5 s on this rung, estimate >= 1.2 x the next rung's bit rate,
 *   rung 1   |              next rung not above the receiver's cap
 *   rung 2   |  |     down: rule says lower, or estimate < this rung's bit rate
 *   rung 3      v
 *   no video          only where the stream has audio too: down from the last rung, up again like any step
 * ```
 *
 * Where there is no estimate, it decides nothing. A new cap is obeyed at once, whatever the distance.
 */
import { type Adaptation, adaptQuality } from "./adapt.ts";
import {
  DEFAULT_LADDER,
  levelBitrateBps,
  type QualityLadder,
  type QualityLevel,
  type QualityRequest,
  rungWithin,
  type StreamMedia,
} from "./ladder.ts";

/** SPEC ARC-QUALITY-window. */
export const DECISION_INTERVAL_MS = 1000;
export const DECISION_WINDOW_MS = 2000;
/** SPEC ARC-QUALITY-hold-up. */
export const HOLD_BEFORE_UP_MS = 5000;
/** SPEC ARC-QUALITY-bandwidth-up. */
export const HEADROOM_BEFORE_UP = 1.2;

/** Samples kept of one window: more often than every 31 ms, the oldest are forgotten. */
const MAX_SAMPLES = 64;

/** What the sender knows at one moment, mostly from a receiver report. */
export interface QualitySample {
  /** Fraction lost since the sample before (RFC 3550 §6.4.1), 0..1. */
  readonly packetLoss: number;
  readonly rttMs: number;
  readonly cpu: number;
  /** Estimate of the path, where there is one. */
  readonly bandwidthBps?: number;
  /** Packets that `packetLoss` is a share of: its weight in the window, 1 where unknown. */
  readonly expectedPackets?: number;
}

export type QualityMove = "down" | "hold" | "up";

/** What was decided, and why: for the encoder, for `--explain` and for tests. */
export interface QualityDecision {
  readonly move: QualityMove;
  /** What the seed's rule said of the window. */
  readonly rule: Adaptation;
  /** What stood in the way, or forced the move where the rule did not. */
  readonly because: "rule" | "bandwidth" | "hold_time" | "cap" | "end_of_ladder";
  readonly rung: number;
  readonly isVideoStopped: boolean;
}

export interface QualityControllerOptions {
  readonly ladder?: QualityLadder;
  /** Default `video`. */
  readonly media?: StreamMedia;
  /** Rung to begin with; default 0. */
  readonly rung?: number;
  /** Stop the video of a stream of type `both` below the last rung (SPEC ARC-QUALITY-below-ladder); default true. */
  readonly mayStopVideo?: boolean;
}

/** One controller per stream, on the side that sends it (SPEC ARC-QUALITY-sender-decides). Memory is constant. */
export class QualityController {
  readonly ladder: QualityLadder;
  readonly media: StreamMedia;
  readonly #mayStopVideo: boolean;
  readonly #window = new SampleWindow();
  #rung: number;
  #rungSinceMs: number;
  #capRung = 0;
  #isVideoStopped = false;
  #nextDecisionMs: number;

  /** `nowMs`: when the stream began on its first rung. The first decision is due with the first sample. */
  constructor(nowMs: number, options: QualityControllerOptions = {}) {
    this.ladder = options.ladder ?? DEFAULT_LADDER;
    this.media = options.media ?? "video";
    this.#mayStopVideo = this.media === "both" && (options.mayStopVideo ?? true);
    this.#rung = Math.min(options.rung ?? 0, this.#lastRung);
    this.#rungSinceMs = nowMs;
    this.#nextDecisionMs = nowMs;
  }

  /** Q of the next packet. */
  get rung(): number {
    return this.#rung;
  }

  get level(): QualityLevel {
    return this.ladder[this.#rung];
  }

  get isVideoStopped(): boolean {
    return this.#isVideoStopped;
  }

  /** The best rung that the receiver wants. */
  get capRung(): number {
    return this.#capRung;
  }

  /** Takes a sample in and, when a decision is due, takes it. */
  handle(sample: QualitySample, nowMs: number): QualityDecision | undefined {
    this.#window.add(sample, nowMs);
    return this.poll(nowMs);
  }

  /** The decision that is due at `nowMs`; undefined before its time, or without a sample in the window. */
  poll(nowMs: number): QualityDecision | undefined {
    if (nowMs < this.#nextDecisionMs || !this.#window.summarise(nowMs)) return undefined;
    // On the beat while decisions come in time, from now on when they do not.
    const beat = this.#nextDecisionMs + DECISION_INTERVAL_MS;
    this.#nextDecisionMs = beat > nowMs ? beat : nowMs + DECISION_INTERVAL_MS;
    return this.#decide(nowMs);
  }

  nextTimeoutMs(): number {
    return this.#nextDecisionMs;
  }

  /** Obeys a QUALITY_ADAPT until the next one; answers the rung from now on. SPEC ARC-QUALITY-adapt-cap. */
  handleRequest(request: QualityRequest, nowMs: number): number {
    this.#capRung = rungWithin(this.ladder, this.media, request);
    if (this.#rung < this.#capRung) {
      this.#rung = this.#capRung;
      this.#rungSinceMs = nowMs;
    }
    return this.#rung;
  }

  get #lastRung(): number {
    return this.ladder.length - 1;
  }

  #bitrateBps(rung: number): number {
    return levelBitrateBps(this.ladder[rung], this.media);
  }

  #decide(nowMs: number): QualityDecision {
    const rule = adaptQuality(this.#window);
    const estimateBps = this.#window.bandwidthBps;
    if (rule === "lower") return this.#down(rule, "rule", nowMs);
    if (!this.#isVideoStopped && estimateBps < this.#bitrateBps(this.#rung)) {
      return this.#down(rule, "bandwidth", nowMs);
    }
    if (rule === "current") return this.#hold(rule, "rule");
    const nextRung = this.#isVideoStopped ? this.#rung : this.#rung - 1;
    if (nextRung < 0) return this.#hold(rule, "end_of_ladder");
    if (nextRung < this.#capRung) return this.#hold(rule, "cap");
    if (nowMs - this.#rungSinceMs < HOLD_BEFORE_UP_MS) return this.#hold(rule, "hold_time");
    if (estimateBps < HEADROOM_BEFORE_UP * this.#bitrateBps(nextRung)) return this.#hold(rule, "bandwidth");
    this.#isVideoStopped = false;
    return this.#moveTo(nextRung, "up", rule, "rule", nowMs);
  }

  #down(rule: Adaptation, because: "rule" | "bandwidth", nowMs: number): QualityDecision {
    if (this.#rung < this.#lastRung) return this.#moveTo(this.#rung + 1, "down", rule, because, nowMs);
    if (this.#mayStopVideo && !this.#isVideoStopped) {
      this.#isVideoStopped = true;
      return this.#moveTo(this.#rung, "down", rule, because, nowMs);
    }
    return this.#hold(rule, "end_of_ladder");
  }

  #moveTo(
    rung: number,
    move: QualityMove,
    rule: Adaptation,
    because: QualityDecision["because"],
    nowMs: number,
  ): QualityDecision {
    this.#rung = rung;
    this.#rungSinceMs = nowMs;
    return { move, rule, because, rung, isVideoStopped: this.#isVideoStopped };
  }

  #hold(rule: Adaptation, because: QualityDecision["because"]): QualityDecision {
    return { move: "hold", rule, because, rung: this.#rung, isVideoStopped: this.#isVideoStopped };
  }
}

/** The samples of the last two seconds and what they come to. */
class SampleWindow {
  /** Mean over the window, by packets: the fraction lost of the whole window. SPEC ARC-QUALITY-loss-measure. */
  packetLoss = 0;
  /** Mean over the window. */
  rttMs = 0;
  /** Mean over the window. */
  cpu = 0;
  /** The last estimate in the window; NaN, which no comparison holds for, without one. */
  bandwidthBps = NaN;

  readonly #atMs = new Float64Array(MAX_SAMPLES).fill(-Infinity);
  readonly #samples = new Array<QualitySample | undefined>(MAX_SAMPLES).fill(undefined);
  #next = 0;

  add(sample: QualitySample, nowMs: number): void {
    this.#atMs[this.#next] = nowMs;
    this.#samples[this.#next] = sample;
    this.#next = (this.#next + 1) % MAX_SAMPLES;
  }

  /** Brings the fields above up to date; false, leaving them, where the window is empty. */
  summarise(nowMs: number): boolean {
    let count = 0;
    let packets = 0;
    let packetLoss = 0;
    let rttMs = 0;
    let cpu = 0;
    let bandwidthBps = NaN;
    for (let i = 0; i < MAX_SAMPLES; i++) {
      const at = (this.#next + i) % MAX_SAMPLES;
      const sample = this.#samples[at];
      if (sample === undefined || this.#atMs[at] <= nowMs - DECISION_WINDOW_MS || this.#atMs[at] > nowMs) continue;
      const weight = sample.expectedPackets ?? 1;
      count++;
      packets += weight;
      // Running means: equal samples give exactly their value, so that one at a bound of the rule stays at it.
      if (packets > 0) packetLoss += ((sample.packetLoss - packetLoss) * weight) / packets;
      rttMs += (sample.rttMs - rttMs) / count;
      cpu += (sample.cpu - cpu) / count;
      bandwidthBps = sample.bandwidthBps ?? bandwidthBps;
    }
    if (count === 0) return false;
    this.packetLoss = packetLoss;
    this.rttMs = rttMs;
    this.cpu = cpu;
    this.bandwidthBps = bandwidthBps;
    return true;
  }
}
