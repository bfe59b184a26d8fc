/** The figures of a session's media as plain numbers, for METRICS, for people and for tests. Each call makes new objects. */
import type { MediaKind } from "../media/codec.ts";
import type { LatencyHistogram } from "../quality/latency_histogram.ts";
import type { EarlyUnits } from "./early_units.ts";
import type { DropCounters, DropReason } from "./media_counters.ts";
import type { MediaMetrics } from "./media_metrics.ts";
import type { MediaStreams } from "./media_streams.ts";
import type { ReceiveStream } from "./receive_stream.ts";
import type { ReceiveTrack } from "./receive_track.ts";
import type { RtcpChannel } from "./rtcp_channel.ts";
import type { SendStream } from "./send_stream.ts";
import type { SendTrack } from "./send_track.ts";

/** Delays in ms. */
export interface DelayFigures {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly mean: number;
  readonly max: number;
}

export interface SendTrackStats {
  readonly kind: MediaKind;
  readonly codec: string;
  readonly ssrc: number;
  readonly packets: number;
  /** As units, protection included. */
  readonly wireBytes: number;
  readonly payloadBytes: number;
  readonly frames: number;
  /** Not in their codec's form, or too much waits already. */
  readonly framesRefused: number;
  /** Given up because nothing left for too long, or because video was stopped. */
  readonly framesDiscarded: number;
  readonly queuedPackets: number;
  /** Bits per second of units over the last second, RTX and FEC left out. */
  readonly bitrateBps: number;
  readonly nackedPackets: number;
  readonly rtxPackets: number;
  readonly fecPackets: number;
  /** As the receiver reported it last, 0..1; undefined before its first report. */
  readonly loss: number | undefined;
  readonly jitterMs: number | undefined;
  readonly roc: number;
}

export interface SendStreamStats {
  readonly streamId: string;
  readonly rung: number;
  /** Name of the rung's quality level. */
  readonly level: string;
  /** Best rung that the receiver wants. */
  readonly capRung: number;
  readonly isVideoStopped: boolean;
  readonly tracks: readonly SendTrackStats[];
}

export interface ReceiveTrackStats {
  readonly kind: MediaKind;
  readonly codec: string;
  readonly ssrc: number;
  readonly packets: number;
  readonly wireBytes: number;
  readonly payloadBytes: number;
  readonly frames: number;
  /** Given up because packets of theirs are missing or malformed. */
  readonly framesIncomplete: number;
  /** Authentic packets whose payload is not in its codec's form. */
  readonly refusedPayloads: number;
  readonly bitrateBps: number;
  /** Packets that did not come, by sequence number, whether they were restored or not. */
  readonly lostPackets: number;
  /** Packets whose time passed without them. */
  readonly missingPackets: number;
  /** Share lost in the last interval of reports, 0..1. */
  readonly loss: number;
  /** RFC 3550 interarrival jitter. */
  readonly jitterMs: number;
  /** What the jitter buffer adds now. */
  readonly playoutDelayMs: number;
  readonly latePackets: number;
  readonly duplicatePackets: number;
  readonly overflowedPackets: number;
  /** Requests for packets that were sent, repetitions included. */
  readonly nackedPackets: number;
  readonly rtxPackets: number;
  readonly rtxRestored: number;
  readonly fecPackets: number;
  readonly fecRestored: number;
  readonly plis: number;
  /** Q of the last frame. */
  readonly quality: number;
  /** Capture to playout; undefined before the first frame with a known capture time. */
  readonly e2e: DelayFigures | undefined;
  readonly roc: number;
}

export interface ReceiveStreamStats {
  readonly streamId: string;
  readonly isActive: boolean;
  readonly tracks: readonly ReceiveTrackStats[];
}

/** Sums over all streams, those that have ended included; RTX and FEC count as packets, RTCP apart. */
export interface DirectionTotals {
  readonly packets: number;
  readonly wireBytes: number;
  readonly rtcpPackets: number;
  readonly rtcpBytes: number;
  readonly frames: number;
}

export interface MediaStats {
  readonly sent: DirectionTotals;
  readonly received: DirectionTotals;
  readonly sending: readonly SendStreamStats[];
  readonly receiving: readonly ReceiveStreamStats[];
  /** By reports on our own, smoothed; undefined before the first. */
  readonly rttMs: number | undefined;
  /** What the path is thought to carry; undefined before the first feedback. */
  readonly bandwidthBps: number | undefined;
  readonly clockOffsetMs: number;
  /** Units that were dropped, by reason. */
  readonly drops: Partial<Record<DropReason, number>>;
  readonly badExtensions: number;
  readonly heldUnits: number;
  /** Packets that could not be protected: their numbers or keys were used up. */
  readonly unsentPackets: number;
  /** Received frames that nobody took. */
  readonly unreadFrames: number;
  readonly sendEpoch: number;
}

/** What the figures are taken from. */
export interface StatsParts {
  readonly streams: MediaStreams;
  readonly rtcp: RtcpChannel;
  readonly metrics: MediaMetrics;
  readonly feedback: { readonly rttMs: number | undefined; readonly bandwidthBps: number | undefined };
  readonly ingress: { readonly clockOffsetMs: number; readonly badExtensions: number };
  readonly drops: DropCounters;
  readonly early: EarlyUnits;
  readonly egress: { readonly refused: number };
  readonly events: { readonly framesDropped: number };
  readonly sendEpoch: number;
}

export function mediaStats(parts: StatsParts, nowMs: number): MediaStats {
  const { streams, rtcp, metrics, feedback, ingress } = parts;
  return {
    sent: {
      packets: metrics.packetsSent,
      wireBytes: metrics.bytesSent,
      rtcpPackets: rtcp.packetsSent,
      rtcpBytes: rtcp.bytesSent,
      frames: metrics.framesSent,
    },
    received: {
      packets: metrics.packetsReceived,
      wireBytes: metrics.bytesReceived,
      rtcpPackets: rtcp.packetsReceived,
      rtcpBytes: rtcp.bytesReceived,
      frames: metrics.framesReceived,
    },
    sending: [...streams.sending.values()].map((stream) => sendStreamStats(stream, nowMs)),
    receiving: [...streams.receiving.values()].map((stream) => receiveStreamStats(stream, nowMs)),
    rttMs: feedback.rttMs,
    bandwidthBps: feedback.bandwidthBps,
    clockOffsetMs: ingress.clockOffsetMs,
    drops: parts.drops.snapshot(),
    badExtensions: ingress.badExtensions,
    heldUnits: parts.early.size,
    unsentPackets: parts.egress.refused,
    unreadFrames: parts.events.framesDropped,
    sendEpoch: parts.sendEpoch,
  };
}

function delayFigures(histogram: LatencyHistogram): DelayFigures | undefined {
  const { count, meanMs, maxMs } = histogram;
  const percentile = (percent: number) => histogram.percentileMs(percent) ?? 0;
  if (meanMs === undefined || maxMs === undefined) return undefined;
  return { count, p50: percentile(50), p95: percentile(95), p99: percentile(99), mean: meanMs, max: maxMs };
}

function sendStreamStats(stream: SendStream, nowMs: number): SendStreamStats {
  const { streamId, rung, ladder, controller, isVideoStopped } = stream;
  return {
    streamId,
    rung,
    level: ladder[rung].name,
    capRung: controller.capRung,
    isVideoStopped,
    tracks: stream.tracks.map((track) => sendTrackStats(track, nowMs)),
  };
}

function sendTrackStats(track: SendTrack, nowMs: number): SendTrackStats {
  const { media, rtx, fec, format } = track;
  return {
    kind: track.kind,
    codec: format.codecName,
    ssrc: media.ssrc,
    packets: media.packets,
    wireBytes: media.wireBytes,
    payloadBytes: media.payloadBytes,
    frames: track.frames,
    framesRefused: track.framesRefused,
    framesDiscarded: track.framesDiscarded,
    queuedPackets: track.sources.reduce((sum, { queue }) => sum + queue.size, 0),
    bitrateBps: media.rate.perSecond(nowMs) ?? 0,
    nackedPackets: track.nackedPackets,
    rtxPackets: rtx?.source.packets ?? 0,
    fecPackets: fec?.source.packets ?? 0,
    loss: track.reportedLoss,
    jitterMs: track.reportedJitterMs,
    roc: media.srtp.roc,
  };
}

function receiveStreamStats(stream: ReceiveStream, nowMs: number): ReceiveStreamStats {
  const rocs = new Map(stream.sources.map(({ ssrc, srtp }) => [ssrc, srtp.roc]));
  const { streamId, isActive, tracks } = stream;
  return {
    streamId,
    isActive,
    tracks: tracks.map((track) => receiveTrackStats(track, rocs.get(track.format.ssrc) ?? 0, nowMs)),
  };
}

function receiveTrackStats(track: ReceiveTrack, roc: number, nowMs: number): ReceiveTrackStats {
  const { format, jitter, reception } = track;
  return {
    kind: format.kind,
    codec: format.codecName,
    ssrc: format.ssrc,
    packets: track.packets,
    wireBytes: track.wireBytes,
    payloadBytes: track.payloadBytes,
    frames: track.frames,
    framesIncomplete: track.depacketizer.stats.framesIncomplete,
    refusedPayloads: track.depacketizer.stats.packetsRefused,
    bitrateBps: track.rate.perSecond(nowMs) ?? 0,
    lostPackets: Math.max(0, reception.expected - reception.received),
    missingPackets: jitter.counters.lost,
    loss: track.lossFraction,
    jitterMs: track.interarrival.jitterMs,
    playoutDelayMs: jitter.targetMs,
    latePackets: jitter.counters.late,
    duplicatePackets: jitter.counters.duplicate,
    overflowedPackets: jitter.counters.full,
    nackedPackets: track.nackedPackets,
    rtxPackets: track.rtxPackets,
    rtxRestored: track.rtxRestored,
    fecPackets: track.fec?.counters.repairs ?? 0,
    fecRestored: track.fecRestored,
    plis: track.plis,
    quality: track.quality,
    e2e: delayFigures(track.e2e),
    roc,
  };
}

/** Rung and jitter of the medium that METRICS describe: video before audio, what is received before what is sent. */
export function leadingFigures(
  { sending, receiving }: MediaStreams,
): { readonly rung: number | undefined; readonly jitterMs: number | undefined } {
  const received = [...receiving.values()].flatMap(({ tracks }) => tracks).filter(({ packets }) => packets > 0);
  const lead = received.find(({ format }) => format.kind === "video") ?? received[0];
  if (lead !== undefined) return { rung: lead.quality, jitterMs: lead.interarrival.jitterMs };
  const streams = [...sending.values()];
  const stream = streams.find((candidate) => candidate.track("video") !== undefined) ?? streams[0];
  return { rung: stream?.rung, jitterMs: stream?.tracks.at(-1)?.reportedJitterMs };
}
