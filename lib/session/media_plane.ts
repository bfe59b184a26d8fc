/**
 * Everything between frames and protected units, of one session, both ways, without a socket.
 *
 * ```
 *  receive: unit -> ingress -> receive_track (FEC, RTX, jitter, depacketizer) -> poll(): frame
 *  send:    sendFrame -> send_track (packetizer) -> pacer -> egress -> pollPackets(): unit
 *  both:    rtcp_reporter, rtcp_channel, feedback -> bandwidth -> quality -> poll(): rung
 * ```
 *
 * Drive it so: `receive` each unit of a batch, `timeout` after the batch and when `nextTimeoutMs` has come, `sendFrame`;
 * after any of them `pollPackets` until it answers 0 and `poll` until it answers undefined. Times are monotonic ms.
 */
import type { PacketBatch } from "../base/batch.ts";
import type { Parsed } from "../base/parsed.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import { SecurityEvents } from "../crypto/security_events.ts";
import type { PacketBudget } from "../crypto/srtp_keys.ts";
import type { MediaKind } from "../media/codec.ts";
import type { MediaFrame } from "../media/frame.ts";
import type { MetricsFigures, MetricsGauges } from "../quality/metrics.ts";
import type { QualityAdapt } from "../signaling/messages/stream_control.ts";
import type { StreamStart } from "../signaling/messages/stream_start.ts";
import { EarlyUnits } from "./early_units.ts";
import { Egress } from "./egress.ts";
import { Ingress, type ReceiveResult } from "./ingress.ts";
import { DropCounters } from "./media_counters.ts";
import { type MediaEvent, MediaEvents } from "./media_events.ts";
import { MediaFeedback } from "./media_feedback.ts";
import { MediaMetrics } from "./media_metrics.ts";
import { leadingFigures, type MediaStats, mediaStats } from "./media_stats.ts";
import { Pacer } from "./pacer.ts";
import { PacketPool } from "./packet_pool.ts";
import { MediaStreams, type StreamsConfig } from "./media_streams.ts";
import { Playout } from "./playout.ts";
import type { ReceiveTrack } from "./receive_track.ts";
import { RtcpChannel } from "./rtcp_channel.ts";
import type { SendStreamOptions } from "./send_stream.ts";
import { StreamKeyring } from "./stream_keys.ts";

export type { MediaEvent } from "./media_events.ts";
export type { SendStreamOptions } from "./send_stream.ts";

/** What a plane is made with; the rest is in `media_streams.ts`. */
export interface MediaPlaneConfig extends StreamsConfig {
  readonly backend: CryptoBackend;
  readonly ownPeerId: string;
  readonly remotePeerId: string;
  /** Unix time in ms = `nowMs` + this. */
  readonly unixOffsetMs: number;
  readonly nowMs: number;
  /** Share of the processor in use, 0..1, for the quality rule; default 0. */
  readonly cpu?: () => number;
}

export class MediaPlane {
  readonly #config: MediaPlaneConfig;
  readonly #keyring: StreamKeyring;
  readonly #pool = new PacketPool();
  readonly #pacer = new Pacer();
  readonly #streams: MediaStreams;
  readonly #rtcp: RtcpChannel;
  readonly #feedback: MediaFeedback;
  readonly #metrics: MediaMetrics;
  readonly #early = new EarlyUnits();
  readonly #drops = new DropCounters();
  readonly #security = new SecurityEvents();
  readonly #events = new MediaEvents();
  readonly #egress: Egress;
  readonly #ingress: Ingress;
  readonly #playout: Playout;
  /** Epochs under which something has authenticated. */
  readonly #seenEpochs = new Set<number>();
  #stoppedEpoch = -1;

  constructor(config: MediaPlaneConfig) {
    const { backend, suite, authentication, rng, unixOffsetMs, replayWindowPackets, nowMs } = config;
    this.#config = config;
    this.#keyring = new StreamKeyring(backend, suite, authentication);
    this.#streams = new MediaStreams(config, this.#keyring, this.#pool);
    this.#rtcp = new RtcpChannel(this.#keyring, config.ownPeerId, config.remotePeerId, replayWindowPackets);
    this.#metrics = new MediaMetrics(nowMs);
    const shared = { streams: this.#streams, events: this.#events, metrics: this.#metrics, unixOffsetMs };
    this.#playout = new Playout(shared);
    const cpu = config.cpu ?? (() => 0);
    this.#feedback = new MediaFeedback({ ...shared, rtcp: this.#rtcp, pacer: this.#pacer, rng, cpu });
    this.#egress = new Egress({
      pool: this.#pool,
      keyring: this.#keyring,
      reduced: this.#streams.reducedSender,
      pacer: this.#pacer,
      unixOffsetMs,
      firstTransportSequence16: rng.u32() & 0xffff,
    }, {
      onUnit: (wireBytes, payloadBytes) => this.#metrics.sent(wireBytes, payloadBytes),
      onStamped: (sequence16, bytes, atMs) => this.#feedback.handleStamped(sequence16, bytes, atMs),
    });
    this.#ingress = new Ingress({
      keyring: this.#keyring,
      streams: this.#streams,
      early: this.#early,
      rtcp: this.#rtcp,
      drops: this.#drops,
      unixOffsetMs,
    }, {
      onPacket: ({ track, role }, wireBytes, payloadBytes, atMs) =>
        this.#packetCame(track, wireBytes, role === "media" ? payloadBytes : undefined, atMs),
      onStamp: (sequence16, oneWayMs, atMs) => {
        if (sequence16 !== undefined) this.#feedback.handleArrival(sequence16, atMs);
        this.#metrics.oneWay(oneWayMs);
      },
      onRtcp: (packets, atMs) => this.#feedback.handle(packets, atMs),
      onRefused: ({ track }, reason, atMs) => {
        const stream = this.#streams.streamOf(track);
        if (stream === undefined || !this.#security.refused(stream.ordinal, reason, atMs)) return;
        this.#events.push({ kind: "security_event", streamId: stream.streamId });
      },
    });
  }

  // ---- keys

  /** Derives and imports the epoch's keys for all streams and for RTCP; `master` is borrowed, `budget` shared. */
  epochMade(epoch: number, master: Uint8Array, budget: PacketBudget): void {
    this.#keyring.epochMade(epoch, master, budget);
    this.#seenEpochs.delete(epoch);
  }

  /** From the next packet on the epoch protects what we send. @throws Error when it is not held. */
  epochSend(epoch: number): void {
    this.#keyring.epochSend(epoch);
  }

  /** Frees and erases the epoch's keys; its packets are dropped from now on. */
  epochRetired(epoch: number): void {
    this.#keyring.epochRetired(epoch);
    this.#seenEpochs.delete(epoch);
  }

  // ---- streams

  /** An SSRC for our RTCP, to be announced as `rtcp_ssrc` or not: see SPEC ARC-RTCP-sender-ssrc. */
  get rtcpSsrc(): number {
    return this.#feedback.reporter.randomSsrc;
  }

  /** A stream of ours, with the STREAM_START that announces it. @throws Error when its id is running already. */
  addSendStream(start: StreamStart, options: SendStreamOptions, nowMs: number): void {
    const { tracks } = this.#streams.addSending(start, options, nowMs);
    for (const track of tracks) this.#egress.add(track);
    this.#feedback.sendStreamsChanged(start);
  }

  /**
   * The peer has acknowledged our STREAM_START: from now on packets have reduced headers where that was agreed. Before,
   * it could not expand them, and unlike full packets it would not hold them either.
   */
  streamAccepted(streamId: string): void {
    this.#streams.accepted(streamId);
  }

  /**
   * A stream of the other peer; once more with the same id when it was announced again. What was held of it is taken in
   * with the time at which it came.
   */
  addReceiveStream(start: StreamStart, nowMs: number): void {
    const stream = this.#streams.addReceiving(start, nowMs);
    if (stream === undefined) return;
    if (start.rtcp_ssrc !== undefined) this.#ingress.remoteRtcpSsrc = start.rtcp_ssrc;
    this.#feedback.receiveStreamAdded(stream);
    this.#early.release(
      (ssrc) => this.#streams.sources.has(ssrc),
      (bytes, from, to, arrivalMs) => this.receive(bytes, from, to, arrivalMs, true),
    );
  }

  /** Ends a stream of either peer: what waits is given up, its keys are freed. Unknown ids are ignored. */
  removeStream(streamId: string): void {
    this.#streams.removeReceiving(streamId);
    const own = this.#streams.removeSending(streamId);
    if (own === undefined) return;
    for (const track of own.tracks) {
      this.#egress.remove(track);
      this.#pacer.discarded(track.free());
    }
    this.#feedback.sendStreamsChanged();
  }

  /** Rollover counter of an SSRC of ours, for STREAM_START after a resumption; 0 where it is not ours. */
  rocOf(ssrc: number): number {
    return this.#streams.rocOf(ssrc);
  }

  // ---- sending

  /**
   * Queues a frame, borrowed for the call; answers the number of its packets, or why it cannot be sent. `nowMs` counts as
   * the time of its capture. `quality` is its Q, by default the stream's rung.
   *
   * @throws Error when there is no such stream, or no such medium in it.
   */
  sendFrame(streamId: string, kind: MediaKind, frame: MediaFrame, nowMs: number, quality?: number): Parsed<number> {
    const stream = this.#streams.sending.get(streamId);
    if (stream === undefined) throw new Error(`Cannot send frame: no stream ${streamId}`);
    const track = stream.track(kind);
    if (track?.isStale(nowMs) === true) {
      this.#pacer.discarded(track.discard());
      if (kind === "video" && stream.requestKeyframe(nowMs)) this.#events.push({ kind: "keyframe_request", streamId });
    }
    const sent = stream.sendFrame(kind, frame, quality, this.#feedback.bandwidthBps, nowMs);
    if (track !== undefined && sent.ok && sent.value > 0) {
      this.#pacer.queued(track.lastFrameBytes, nowMs);
      if (track.frames === 1) this.#feedback.reporter.begin(nowMs);
      else this.#feedback.wake(nowMs);
      this.#metrics.frameSent(track.format, frame);
    }
    return sent;
  }

  /** Appends protected units that may leave now to `batch`, for `address`; answers how many. Call until it answers 0. */
  pollPackets(batch: PacketBatch, address: number, nowMs: number): number {
    const before = batch.size;
    this.#rtcp.poll(batch, address, nowMs);
    this.#egress.poll(batch, address, nowMs);
    const epoch = this.#keyring.sendEpoch;
    if (!this.#keyring.maySend && epoch >= 0 && this.#stoppedEpoch !== epoch) {
      this.#stoppedEpoch = epoch;
      this.#events.push({ kind: "stop", epoch });
    }
    return batch.size - before;
  }

  /** Q of the stream's next frames; 0 for unknown streams. */
  rung(streamId: string): number {
    return this.#streams.sending.get(streamId)?.rung ?? 0;
  }

  /** Pins a stream's rung; with undefined the rule decides again. */
  setRung(streamId: string, rung: number | undefined): void {
    this.#streams.sending.get(streamId)?.pin(rung);
    this.#feedback.tellRungs();
  }

  /** The receiver of our stream wants no more than this. SPEC ARC-QUALITY-adapt-cap. */
  capQuality(streamId: string, quality: QualityAdapt["quality"], nowMs: number): void {
    this.#streams.sending.get(streamId)?.cap(quality, nowMs);
    this.#feedback.tellRungs();
  }

  // ---- receiving

  /**
   * Takes the unit at `bytes[start..end)`, of media, RTCP or with a reduced header. It is decrypted in place, and a
   * reduced header grows over the 12 bytes in front of it: they must be the caller's to lose, as the headroom of a
   * `PacketBatch` slot is. `isValidated` tells that the address has answered a challenge: only then are units of unknown
   * SSRCs held. The result holds until the next call.
   *
   * @throws RangeError when `start` is below 12 and the header is reduced.
   */
  receive(bytes: Uint8Array, start: number, end: number, nowMs: number, isValidated = true): ReceiveResult {
    const result = this.#ingress.receive(bytes, start, end, nowMs, isValidated);
    if (result.epoch >= 0 && !this.#seenEpochs.has(result.epoch)) {
      this.#seenEpochs.add(result.epoch);
      this.#events.push({ kind: "epoch_authenticated", epoch: result.epoch });
    }
    return result;
  }

  /** `payloadBytes` is undefined for RTX and FEC. */
  #packetCame(track: ReceiveTrack, wireBytes: number, payloadBytes: number | undefined, nowMs: number): void {
    const stream = this.#streams.streamOf(track);
    if (stream?.handlePacket(nowMs) === true) {
      this.#events.push({ kind: "stream_active", streamId: stream.streamId });
      this.#feedback.reporter.begin(nowMs);
    } else this.#feedback.wake(nowMs);
    this.#metrics.received(wireBytes, payloadBytes ?? 0);
    if (payloadBytes !== undefined) track.count(wireBytes, payloadBytes, nowMs);
  }

  /** Does everything that is due at `nowMs`. */
  timeout(nowMs: number): void {
    for (let expired = this.#early.expire(nowMs); expired > 0; expired--) this.#drops.add("unknown_ssrc");
    this.#playout.timeout(nowMs);
    this.#feedback.timeout(nowMs);
    this.#egress.timeout(nowMs);
  }

  /** When {@link timeout} has something to do, or {@link pollPackets} has packets that the pacer held back. */
  nextTimeoutMs(): number | undefined {
    const dueMs = Math.min(
      this.#early.nextTimeoutMs(),
      this.#playout.nextTimeoutMs(),
      this.#feedback.nextTimeoutMs(),
      this.#egress.nextTimeoutMs(),
    );
    return dueMs === Infinity ? undefined : dueMs;
  }

  /** What has happened; undefined when all is told. */
  poll(): MediaEvent | undefined {
    return this.#events.poll();
  }

  // ---- the path

  /** The peer's Unix clock less ours, on the path in use. */
  setClockOffset(offsetMs: number): void {
    this.#ingress.clockOffsetMs = offsetMs;
    this.#playout.clockOffsetMs = offsetMs;
  }

  /** Round-trip time of the path in use, by heartbeats: counts until reports give one. */
  setRtt(rttMs: number): void {
    this.#feedback.pathRttMs = rttMs;
  }

  // ---- figures

  stats(nowMs: number): MediaStats {
    return mediaStats({
      streams: this.#streams,
      rtcp: this.#rtcp,
      metrics: this.#metrics,
      feedback: this.#feedback,
      ingress: this.#ingress,
      drops: this.#drops,
      early: this.#early,
      egress: this.#egress,
      events: this.#events,
      sendEpoch: this.#keyring.sendEpoch,
    }, nowMs);
  }

  /** The figures for METRICS since the last call; `network` is what the plane does not know. SPEC ARC-METRICS-interval. */
  metricsFigures(nowMs: number, network: Pick<MetricsGauges, "path" | "natType"> = {}): MetricsFigures {
    return this.#metrics.take({
      ...network,
      cpu: this.#config.cpu?.(),
      rttMs: this.#feedback.rttMs,
      bandwidthBps: this.#feedback.bandwidthBps,
      ...leadingFigures(this.#streams),
    }, nowMs);
  }

  /** Frees every key. The plane is of no use afterwards. */
  free(): void {
    this.#keyring.free();
  }
}
