/**
 * What the media plane tells METRICS (SPEC §10.5): of what it receives, or, as long as the peer sends no stream, of what it
 * sends. Both in one sum would describe neither.
 */
import type { MediaFrame } from "../media/frame.ts";
import { MetricsCollector, type MetricsFigures, type MetricsGauges } from "../quality/metrics.ts";
import type { TrackFormat } from "./track_format.ts";

export class MediaMetrics {
  readonly #collector: MetricsCollector;
  /** The remote peer has sent something. */
  #receives = false;
  #resolution: string | undefined;
  // Since the beginning, streams that have ended included.
  packetsReceived = 0;
  bytesReceived = 0;
  framesReceived = 0;
  packetsSent = 0;
  bytesSent = 0;
  framesSent = 0;

  constructor(nowMs: number) {
    this.#collector = new MetricsCollector(nowMs);
  }

  /** A media, RTX or FEC packet has authenticated; `payloadBytes` is 0 for the latter two. */
  received(wireBytes: number, payloadBytes: number): void {
    this.#receives = true;
    this.packetsReceived++;
    this.bytesReceived += wireBytes;
    this.#collector.handlePacket(wireBytes, payloadBytes);
  }

  /** The same of a packet that left. */
  sent(wireBytes: number, payloadBytes: number): void {
    this.packetsSent++;
    this.bytesSent += wireBytes;
    if (!this.#receives) this.#collector.handlePacket(wireBytes, payloadBytes);
  }

  frameSent(format: TrackFormat, frame: MediaFrame): void {
    this.framesSent++;
    if (!this.#receives) this.#frame(format, frame);
  }

  framePlayed(format: TrackFormat, frame: MediaFrame, e2eMs: number | undefined): void {
    this.framesReceived++;
    if (e2eMs !== undefined) this.#collector.handleEndToEnd(e2eMs);
    this.#frame(format, frame);
  }

  oneWay(delayMs: number): void {
    this.#collector.handleOneWay(delayMs);
  }

  loss(expected: number, lost: number): void {
    this.#collector.handleLoss(expected, lost);
  }

  /** The figures since the last call. */
  take(gauges: MetricsGauges, nowMs: number): MetricsFigures {
    this.#collector.set({ ...gauges, resolution: this.#resolution });
    return this.#collector.take(nowMs);
  }

  #frame(format: TrackFormat, frame: MediaFrame): void {
    if (format.kind === "video") {
      this.#resolution = `${format.heightPx}p`;
      this.#collector.handleVideoFrame(format.widthPx ?? 0, format.heightPx ?? 0);
    } else {
      this.#collector.handleAudioSamples(frame.durationTicks * format.channels);
    }
  }
}
