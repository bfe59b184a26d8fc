/**
 * RTCP in its two directions, and what it steers: retransmission, key frames, the bandwidth estimate, the rung.
 *
 * ```
 *  in    SR -> capture clock    RR, blocks -> RTT, loss -> quality rule, FEC    NACK -> RTX    PLI -> key frame
 *        transport feedback -> bandwidth estimate -> quality rule, pacer
 *  out   reports each second, transport feedback each 50 ms, NACK and PLI when they are due
 * ```
 */
import type { Rng } from "../base/rng.ts";
import { unreachable } from "../base/unreachable.ts";
import type { RtcpPacket } from "../packet/rtcp/compound.ts";
import { type Nack, packNackItems, unpackNackItems } from "../packet/rtcp/nack.ts";
import type { ReportBlock } from "../packet/rtcp/report_block.ts";
import type { SenderReport } from "../packet/rtcp/sender_report.ts";
import type { TransportFeedback } from "../packet/rtcp/transport_feedback.ts";
import { BandwidthEstimator } from "../quality/bandwidth.ts";
import { TransportFeedbackCollector } from "../quality/feedback_collector.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import { roundTripMs } from "./clock_mapping.ts";
import type { MediaEvents } from "./media_events.ts";
import type { MediaMetrics } from "./media_metrics.ts";
import type { MediaStreams } from "./media_streams.ts";
import type { Pacer } from "./pacer.ts";
import type { ReceiveStream } from "./receive_stream.ts";
import type { ReceiveTrack } from "./receive_track.ts";
import type { RtcpChannel } from "./rtcp_channel.ts";
import { RtcpReporter } from "./rtcp_reporter.ts";
import type { SendStream } from "./send_stream.ts";
import type { SendTrack } from "./send_track.ts";
import { claimedSsrcs } from "../signaling/stream_registry.ts";

/** An estimate begins with this much more than what the streams announced, until the path shows otherwise. */
const START_HEADROOM = 2;
/** And at least so far above the best rung's bit rate that there is no reason to leave it. */
const START_OVER_RUNG = 1.2;
const LEAST_START_BPS = 1_000_000;
const RTT_GAIN = 1 / 4;
/** Until anything has told: requests must not follow each other at once. */
const DEFAULT_RTT_MS = 20;
/** Arrivals that one feedback packet tells of at most, so that it fits a unit whatever was lost between them. */
const MAX_ARRIVALS = 128;
/** Sender reports that came before their streams. */
const MAX_EARLY_REPORTS = 16;

export interface FeedbackParts {
  readonly rtcp: RtcpChannel;
  readonly pacer: Pacer;
  readonly metrics: MediaMetrics;
  readonly streams: MediaStreams;
  readonly events: MediaEvents;
  readonly rng: Rng;
  readonly unixOffsetMs: number;
  readonly cpu: () => number;
}

export class MediaFeedback {
  readonly reporter: RtcpReporter;
  /** Round-trip time by other means, for as long as reports give none. */
  pathRttMs: number | undefined = undefined;

  readonly #parts: FeedbackParts;
  readonly #collector = new TransportFeedbackCollector();
  #estimator: BandwidthEstimator | undefined;
  #reportedRttMs: number | undefined;
  #sendTracks: readonly SendTrack[] = [];
  #arrivals = 0;
  readonly #earlyReports = new Map<number, { readonly report: SenderReport; readonly atMs: number }>();

  constructor(parts: FeedbackParts) {
    this.#parts = parts;
    this.reporter = new RtcpReporter(parts.rng, parts.unixOffsetMs, (track, { fractionLost256, expected, lost }) => {
      track.lossFraction = fractionLost256 / 256;
      parts.metrics.loss(expected, lost);
    });
  }

  /** By reports, else by heartbeats; undefined while neither has told. */
  get rttMs(): number | undefined {
    return this.#reportedRttMs ?? this.pathRttMs;
  }

  get bandwidthBps(): number | undefined {
    return this.#estimator?.bps;
  }

  /** Streams of ours came or went; `added` is the new one's announcement. */
  sendStreamsChanged(added?: StreamStart): void {
    const { pacer, rng } = this.#parts;
    const streams = [...this.#parts.streams.sending.values()];
    const announcedBps = streams.reduce((sum, stream) => sum + stream.announcedBps, 0);
    this.#sendTracks = streams.flatMap(({ tracks }) => tracks);
    pacer.announce(announcedBps);
    if (added === undefined) return;
    const topBps = streams.reduce((sum, stream) => sum + stream.topBps, 0);
    const startBps = Math.max(LEAST_START_BPS, START_HEADROOM * announcedBps, START_OVER_RUNG * topBps);
    this.#estimator ??= new BandwidthEstimator({ startBps });
    if (added.rtcp_ssrc !== undefined) this.reporter.announce(added.rtcp_ssrc);
    this.reporter.avoid(claimedSsrcs(added), rng);
  }

  /** A remote stream came: a report on it may have been here first. */
  receiveStreamAdded(stream: ReceiveStream): void {
    this.reporter.avoid(claimedSsrcs(stream.start), this.#parts.rng);
    for (const { format, clock } of stream.tracks) {
      const early = this.#earlyReports.get(format.ssrc);
      if (early !== undefined) clock.handleReport(early.report, early.atMs);
      this.#earlyReports.delete(format.ssrc);
    }
  }

  /** A packet came or went: reports are due again, if none were. */
  wake(nowMs: number): void {
    if (this.reporter.isAsleep) this.reporter.begin(nowMs);
  }

  /** A packet of ours left with this transport-wide sequence number. */
  handleStamped(transportSequence16: number, bytes: number, nowMs: number): void {
    this.#estimator?.handleSent(transportSequence16, bytes, nowMs);
  }

  /** A packet of the peer's came with this transport-wide sequence number. */
  handleArrival(transportSequence16: number, nowMs: number): void {
    this.#collector.handle(transportSequence16, nowMs);
    if (++this.#arrivals >= MAX_ARRIVALS) this.#parts.rtcp.queue(this.#transportFeedback(Infinity), nowMs);
  }

  /** Tells of rungs that have changed. */
  tellRungs(): void {
    for (const stream of this.#parts.streams.sending.values()) {
      const { streamId } = stream;
      const wasStopped = stream.isVideoStoppedTold;
      const change = stream.takeChange();
      if (change === undefined) continue;
      this.#parts.events.push({ kind: "rung", streamId, ...change });
      if (wasStopped && !change.isVideoStopped) this.#parts.events.push({ kind: "keyframe_request", streamId });
    }
  }

  // ---- in

  /** What an authentic RTCP unit says. SPEC ARC-RTCP-unknown-skipped. */
  handle(packets: readonly RtcpPacket[], nowMs: number): void {
    for (const packet of packets) {
      switch (packet.kind) {
        case "sr":
          this.#handleSenderReport(packet, nowMs);
          this.#handleBlocks(packet.reports, nowMs);
          break;
        case "rr":
          this.#handleBlocks(packet.reports, nowMs);
          break;
        case "nack":
          this.#handleNack(packet, nowMs);
          break;
        case "pli":
          this.#handlePli(packet.mediaSsrc, nowMs);
          break;
        case "transport_feedback":
          this.#handleTransportFeedback(packet, nowMs);
          break;
        case "sdes":
        case "bye":
        case "unknown":
          break;
        default:
          unreachable(packet);
      }
    }
    this.tellRungs();
  }

  #handleSenderReport(report: SenderReport, nowMs: number): void {
    for (const { tracks } of this.#parts.streams.receiving.values()) {
      const track = tracks.find(({ format }) => format.ssrc === report.ssrc);
      if (track !== undefined) return track.clock.handleReport(report, nowMs);
    }
    if (this.#earlyReports.size < MAX_EARLY_REPORTS || this.#earlyReports.has(report.ssrc)) {
      this.#earlyReports.set(report.ssrc, { report, atMs: nowMs });
    }
  }

  #handleBlocks(blocks: readonly ReportBlock[], nowMs: number): void {
    const { unixOffsetMs, cpu } = this.#parts;
    for (const block of blocks) {
      const stream = this.#sendingWith(block.ssrc);
      if (stream === undefined) continue;
      const rttMs = roundTripMs(block, nowMs + unixOffsetMs);
      if (rttMs !== undefined) {
        const before = this.#reportedRttMs;
        this.#reportedRttMs = before === undefined ? rttMs : before + RTT_GAIN * (rttMs - before);
      }
      const inputs = { rttMs: this.rttMs, cpu: cpu(), bandwidthBps: this.bandwidthBps };
      stream.handleReport(block, inputs, nowMs);
    }
  }

  #sendingWith(ssrc: number): SendStream | undefined {
    for (const stream of this.#parts.streams.sending.values()) {
      if (stream.tracks.some(({ media }) => media.ssrc === ssrc)) return stream;
    }
    return undefined;
  }

  #handleNack(nack: Nack, nowMs: number): void {
    const track = this.#sendTracks.find(({ media }) => media.ssrc === nack.mediaSsrc);
    if (track === undefined) return;
    let bytes = 0;
    for (const sequence16 of unpackNackItems(nack.items)) {
      track.nackedPackets++;
      bytes += track.rtx?.resend(sequence16, nowMs) ?? 0;
    }
    if (bytes > 0) this.#parts.pacer.queued(bytes, nowMs);
  }

  #handlePli(ssrc: number, nowMs: number): void {
    const stream = this.#sendingWith(ssrc);
    if (stream === undefined || stream.track("video") === undefined || !stream.requestKeyframe(nowMs)) return;
    this.#parts.events.push({ kind: "keyframe_request", streamId: stream.streamId });
  }

  #handleTransportFeedback(feedback: TransportFeedback, nowMs: number): void {
    this.#estimator?.handleFeedback(feedback, nowMs, this.rttMs);
    this.#parts.pacer.estimateBps = this.bandwidthBps;
  }

  // ---- out

  /** Makes what is due and queues it. */
  timeout(nowMs: number): void {
    const { rtcp, streams } = this.#parts;
    const senderSsrc = this.reporter.senderSsrc(this.#sendTracks);
    const receiveTracks: ReceiveTrack[] = [];
    const urgent: RtcpPacket[] = [];
    for (const { tracks } of streams.receiving.values()) {
      for (const track of tracks) {
        receiveTracks.push(track);
        this.#requests(track, senderSsrc, nowMs, urgent);
      }
    }
    urgent.push(...this.#transportFeedback(nowMs));
    const reports = this.reporter.poll(this.#sendTracks, receiveTracks, nowMs);
    if (reports.length > 0) {
      for (const stream of streams.sending.values()) stream.decide(nowMs);
      this.tellRungs();
    }
    if (reports.length + urgent.length > 0) rtcp.queue([...reports, ...urgent], nowMs);
  }

  #requests(track: ReceiveTrack, senderSsrc: number, nowMs: number, out: RtcpPacket[]): void {
    const mediaSsrc = track.format.ssrc;
    const lost = track.nack?.poll(nowMs, this.rttMs ?? DEFAULT_RTT_MS, track.jitter) ?? [];
    if (lost.length > 0) {
      track.nackedPackets += lost.length;
      out.push({ kind: "nack", senderSsrc, mediaSsrc, items: packNackItems(lost) });
    }
    if (track.pollKeyframeWish(nowMs)) out.push({ kind: "pli", senderSsrc, mediaSsrc });
  }

  /** It is about no SSRC: that of its media source is 0. */
  #transportFeedback(nowMs: number): readonly TransportFeedback[] {
    const feedback = this.#collector.poll(
      { senderSsrc: this.reporter.senderSsrc(this.#sendTracks), mediaSsrc: 0 },
      nowMs,
    );
    if (feedback.length > 0) this.#arrivals = 0;
    return feedback;
  }

  nextTimeoutMs(): number {
    return Math.min(this.reporter.nextTimeoutMs(), this.#collector.nextTimeoutMs() ?? Infinity);
  }
}
