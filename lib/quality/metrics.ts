/** What a peer measures for its METRICS, each five seconds (SPEC §5.2.10, §10.5). Constant memory. */
import type { Metrics } from "../signaling/messages/metrics.ts";
import { LatencyHistogram } from "./latency_histogram.ts";
import { connectionScore } from "./score.ts";

/** SPEC ARC-METRICS-interval. */
export const METRICS_INTERVAL_MS = 5000;

/** METRICS without its address: the figures. */
export type MetricsFigures = Pick<Metrics, "latency" | "quality" | "performance" | "network">;

/** States rather than counts: the last value set is reported, until it is set to undefined. */
export interface MetricsGauges {
  readonly jitterMs?: number;
  readonly resolution?: string;
  readonly rung?: number;
  readonly cpu?: number;
  readonly rssBytes?: number;
  readonly rttMs?: number;
  readonly bandwidthBps?: number;
  readonly path?: string;
  readonly natType?: NonNullable<Metrics["network"]["nat_type"]>;
}

/**
 * Counts what passes and keeps the last of what changes; {@link take} gives the figures of the interval and begins the
 * next. What was not measured is absent.
 */
export class MetricsCollector {
  readonly #e2e = new LatencyHistogram();
  readonly #oneWay = new LatencyHistogram();
  #gauges: MetricsGauges = {};
  #sinceMs: number;
  #packets = 0;
  #wireBytes = 0;
  #payloadBytes = 0;
  #frames = 0;
  #units = 0;
  #expectedPackets = 0;
  #lostPackets = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** When the next report is due. */
  nextTimeoutMs(): number {
    return this.#sinceMs + METRICS_INTERVAL_MS;
  }

  /** Capture to playout of one frame. */
  handleEndToEnd(delayMs: number): void {
    this.#e2e.record(delayMs);
  }

  /** Of one packet, clock offset taken off. */
  handleOneWay(delayMs: number): void {
    this.#oneWay.record(delayMs);
  }

  /** A media packet sent or received: its size as a unit, and of its payload. */
  handlePacket(wireBytes: number, payloadBytes: number): void {
    this.#packets++;
    this.#wireBytes += wireBytes;
    this.#payloadBytes += payloadBytes;
  }

  /** A whole video frame: its pixels are the units of codec efficiency. */
  handleVideoFrame(widthPx: number, heightPx: number): void {
    this.#frames++;
    this.#units += widthPx * heightPx;
  }

  /** Audio of one packet: its samples, over all channels, are the units of codec efficiency. */
  handleAudioSamples(samples: number): void {
    this.#units += samples;
  }

  /** One interval of a receiver report, see `ReceptionStatistics`. */
  handleLoss(expected: number, lost: number): void {
    this.#expectedPackets += Math.max(0, expected);
    this.#lostPackets += Math.max(0, lost);
  }

  /** Changes the gauges that are named. */
  set(gauges: MetricsGauges): void {
    this.#gauges = { ...this.#gauges, ...gauges };
  }

  /** The figures since the last call, or since the beginning. */
  take(nowMs: number): MetricsFigures {
    const seconds = (nowMs - this.#sinceMs) / 1000;
    const rate = (amount: number) => seconds > 0 ? amount / seconds : undefined;
    const gauges = this.#gauges;
    const loss = this.#expectedPackets > 0 ? Math.min(1, this.#lostPackets / this.#expectedPackets) : undefined;
    const figures: MetricsFigures = {
      latency: present({
        e2e: this.#e2e.count === 0 ? undefined : {
          p50: this.#e2e.percentileMs(50),
          p95: this.#e2e.percentileMs(95),
          p99: this.#e2e.percentileMs(99),
        },
        one_way: this.#oneWay.meanMs,
        jitter: gauges.jitterMs,
      }),
      quality: present({
        loss,
        bitrate: rate(this.#payloadBytes * 8),
        resolution: gauges.resolution,
        fps: this.#frames > 0 ? rate(this.#frames) : undefined,
        rung: gauges.rung,
        codec_efficiency: this.#units > 0 ? (this.#payloadBytes * 8) / this.#units : undefined,
      }),
      performance: present({
        pps: rate(this.#packets),
        bps: rate(this.#wireBytes),
        cpu: gauges.cpu,
        rss: gauges.rssBytes,
      }),
      network: present({
        rtt: gauges.rttMs,
        bandwidth: gauges.bandwidthBps,
        path: gauges.path,
        nat_type: gauges.natType,
        score: connectionScore({ loss, rttMs: gauges.rttMs, jitterMs: gauges.jitterMs }),
      }),
    };
    this.#begin(nowMs);
    return figures;
  }

  #begin(nowMs: number): void {
    this.#e2e.reset();
    this.#oneWay.reset();
    this.#sinceMs = nowMs;
    this.#packets = 0;
    this.#wireBytes = 0;
    this.#payloadBytes = 0;
    this.#frames = 0;
    this.#units = 0;
    this.#expectedPackets = 0;
    this.#lostPackets = 0;
  }
}

/** Without the members that are undefined: JSON has no word for them, and neither has the schema. */
function present<T extends object>(figures: T): T {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as T;
}
