/**
 * One medium of a stream that we receive, from authentic packets to frames.
 *
 * ```
 *  media --+--------------------------+--> jitter buffer --> depacketizer --> frames
 *          +--> FEC --recovered------>|         |
 *  RTX   ----restored---------------->|         +--> NACK scheduler, PLI wish
 *  FEC   --> FEC
 * ```
 */
import { writeU16, writeU32 } from "../base/bytes.ts";
import type { FaultReason } from "../base/parsed.ts";
import { distance32 } from "../base/serial.ts";
import { FecRecovery } from "../fec/recovery.ts";
import { protectedSsrc } from "../fec/repair_packet.ts";
import { JitterBuffer, type JitterBufferOptions } from "../jitter/buffer.ts";
import { InterarrivalJitter } from "../jitter/interarrival.ts";
import { NackScheduler } from "../jitter/nack.ts";
import type { MediaFrame } from "../media/frame.ts";
import type { Depacketizer } from "../media/payload/payload_format.ts";
import { makeDepacketizer, payloadFormatOf, type PayloadParams } from "../media/payload/payload_formats.ts";
import { ArcRtpView } from "../packet/arcrtp.ts";
import { RTP_SEQUENCE_AT, RTP_SSRC_AT } from "../packet/rtp_header.ts";
import { LatencyHistogram } from "../quality/latency_histogram.ts";
import { RateWindow } from "../quality/rate_window.ts";
import { ReceptionStatistics } from "../quality/reception.ts";
import { RemoteClock } from "./clock_mapping.ts";
import { OSN_BYTES } from "./rtx_history.ts";
import type { TrackFormat } from "./track_format.ts";

/** Audio comes in small numbers; a video key frame comes at once. */
const AUDIO_CAPACITY = 64;
const VIDEO_CAPACITY = 512;
const AUDIO_FEC = { sources: 32, repairs: 16 };
const VIDEO_FEC = { sources: 512, repairs: 128 };
/** A key frame is asked for again after so long, while packets come at all. */
const PLI_INTERVAL_MS = 500;
const ALIVE_MS = 1000;

/** Tells the index of a packet of the media SSRC that another packet speaks of. */
export interface MediaIndexes {
  indexOf(sequence16: number): number;
  /** An index near those of current packets. */
  readonly nearIndex: number;
}

/** A frame on its way out; its bytes are borrowed until the next packet is played. */
export interface PlayedFrame {
  readonly frame: MediaFrame;
  /** Q of its last packet, within the ladder. */
  readonly quality: number;
  /** Index of its last packet. */
  readonly index: number;
  /** RTP timestamp as it travelled. */
  readonly timestamp32: number;
}

export interface ReceiveTrackOptions {
  readonly format: TrackFormat;
  readonly jitter?: JitterBufferOptions;
  readonly params?: PayloadParams;
  readonly rungs: number;
}

export class ReceiveTrack {
  readonly format: TrackFormat;
  readonly jitter: JitterBuffer;
  readonly nack: NackScheduler | undefined;
  readonly fec: FecRecovery | undefined;
  readonly depacketizer: Depacketizer;
  readonly reception = new ReceptionStatistics();
  readonly interarrival: InterarrivalJitter;
  readonly clock: RemoteClock;
  readonly e2e = new LatencyHistogram();
  readonly rate = new RateWindow(1000);

  /** When a media packet authenticated last. */
  lastPacketMs = -Infinity;
  packets = 0;
  wireBytes = 0;
  payloadBytes = 0;
  frames = 0;
  rtxPackets = 0;
  /** Packets that came back by RTX or FEC before their time was over. */
  rtxRestored = 0;
  fecRestored = 0;
  nackedPackets = 0;
  plis = 0;
  /** Share lost in the last interval of receiver reports, 0..1. */
  lossFraction = 0;
  /** Q of the last frame. */
  quality = 0;

  readonly #rungs: number;
  readonly #wantsKeyframes: boolean;
  readonly #view = new ArcRtpView();
  readonly #jitterPacket: Mutable<Parameters<JitterBuffer["handle"]>[0]>;
  readonly #fecSource = { bytes: new Uint8Array(0) as Uint8Array, start: 0, end: 0, arcStart: 0 };
  // Of the last packet played, and of the one before it. The timestamp is unwrapped; NaN before the first.
  #ticks = NaN;
  #timestamp32 = 0;
  #index = 0;
  #playedQuality = 0;
  #ticksBefore = NaN;
  #qualityBefore = 0;
  #needsKeyframe = false;
  /** When a key frame is asked for (again); Infinity for not. */
  #pliDueMs = Infinity;
  #pliEarliestMs = -Infinity;

  constructor(options: ReceiveTrackOptions) {
    const { format } = options;
    const isAudio = format.kind === "audio";
    const payloadFormat = payloadFormatOf(format.codecName);
    this.format = format;
    this.jitter = new JitterBuffer({ capacity: isAudio ? AUDIO_CAPACITY : VIDEO_CAPACITY, ...options.jitter });
    this.nack = format.rtx === undefined ? undefined : new NackScheduler();
    this.fec = format.fec === undefined ? undefined : new FecRecovery(format.ssrc, isAudio ? AUDIO_FEC : VIDEO_FEC);
    this.interarrival = new InterarrivalJitter(format.clockRateHz);
    this.clock = new RemoteClock(format.clockRateHz);
    this.depacketizer = makeDepacketizer(payloadFormat, {
      clockRateHz: format.clockRateHz,
      channels: format.channels,
      kind: format.kind,
      ...options.params,
    });
    this.#rungs = options.rungs;
    this.#wantsKeyframes = !isAudio && payloadFormat !== "opaque";
    this.#jitterPacket = {
      index: 0,
      timestampTicks: 0,
      clockRateHz: format.clockRateHz,
      bytes: this.#fecSource.bytes,
      start: 0,
      end: 0,
      isRepaired: false,
    };
  }

  /** A media packet has authenticated, whatever is in it. */
  count(wireBytes: number, payloadBytes: number, nowMs: number): void {
    this.lastPacketMs = nowMs;
    if (this.#needsKeyframe && this.#pliDueMs === Infinity) this.#pliDueMs = nowMs;
    this.packets++;
    this.wireBytes += wireBytes;
    this.payloadBytes += payloadBytes;
    this.rate.add(wireBytes * 8, nowMs);
  }

  /** A media packet, unprotected in place: it ends at `plainEnd`. The reason why it is of no use, if it is not. */
  handleMedia(packet: ArcRtpView, index: number, plainEnd: number, nowMs: number): FaultReason | undefined {
    this.reception.handle(index);
    this.interarrival.handle(packet.timestamp, nowMs);
    if (this.fec !== undefined) {
      const source = this.#fecSource;
      source.bytes = packet.bytes;
      source.start = packet.start;
      source.end = plainEnd;
      source.arcStart = packet.arcStart;
      this.fec.handleSource(index, source);
    }
    if (!packet.stripPadding(plainEnd)) {
      // Nobody asks for it again: it would come back the same.
      this.nack?.handle(index, nowMs);
      return packet.faultReason;
    }
    this.#take(packet, packet.start, packet.payloadEnd, index, false, nowMs);
    if (this.fec !== undefined) this.#takeRecovered(this.fec, nowMs);
    return undefined;
  }

  /** A retransmission: the original is put together again in place. SPEC ARC-LOSS-rtx-format. */
  handleRtx(packet: ArcRtpView, plainEnd: number, media: MediaIndexes, nowMs: number): FaultReason | undefined {
    this.rtxPackets++;
    if (!packet.stripPadding(plainEnd)) return packet.faultReason;
    const { bytes, start, payloadStart, payloadEnd } = packet;
    if (payloadEnd - payloadStart < OSN_BYTES) return "truncated";
    const sequence16 = (bytes[payloadStart] << 8) | bytes[payloadStart + 1];
    const index = media.indexOf(sequence16);
    if (index < 0) return "bad_value";
    // The header moves up to the payload, over the sequence number that stood between them.
    const at = start + OSN_BYTES;
    bytes.copyWithin(at, start, payloadStart);
    bytes[at + 1] = (bytes[at + 1] & 0x80) | this.format.payloadType;
    writeU16(bytes, at + RTP_SEQUENCE_AT, sequence16);
    writeU32(bytes, at + RTP_SSRC_AT, this.format.ssrc);
    if (!packet.parse(bytes, at, payloadEnd)) return packet.faultReason;
    if (this.#take(packet, at, payloadEnd, index, true, nowMs)) this.rtxRestored++;
    return undefined;
  }

  /** A repair packet. SPEC ARC-LOSS-fec-recovered. */
  handleRepair(packet: ArcRtpView, plainEnd: number, media: MediaIndexes, nowMs: number): FaultReason | undefined {
    if (!packet.stripPadding(plainEnd)) return packet.faultReason;
    const ssrc = protectedSsrc(packet);
    if (!ssrc.ok) return ssrc.fault.reason;
    if (ssrc.value !== this.format.ssrc || this.fec === undefined) return "bad_value";
    const { bytes, payloadStart, payloadEnd } = packet;
    const taken = this.fec.handleRepair(bytes, payloadStart, payloadEnd, media.nearIndex);
    if (!taken.ok) return taken.fault.reason;
    this.#takeRecovered(this.fec, nowMs);
    return undefined;
  }

  /** The next frame that is due; undefined when there is none at `nowMs`. Call it until then. */
  poll(nowMs: number): PlayedFrame | undefined {
    for (;;) {
      const frame = this.depacketizer.poll();
      if (frame !== undefined) return this.#finish(frame, nowMs);
      const playout = this.jitter.poll(nowMs);
      if (playout === undefined) return undefined;
      if (playout.kind === "lost") {
        this.#wishKeyframe(nowMs);
        continue;
      }
      const view = this.#view;
      if (!view.parse(playout.bytes, playout.start, playout.end)) continue;
      this.#qualityBefore = this.#playedQuality;
      this.#ticksBefore = this.#ticks;
      this.#playedQuality = Math.min(view.quality, this.#rungs - 1);
      this.#unwrap(view.timestamp);
      this.#index = playout.index;
      // Padding is off already, whatever P says.
      this.depacketizer.push(view.payload(), view.marker, this.#ticks, playout.index);
    }
  }

  /** True when a key frame should be asked for now; it then counts as asked for. */
  pollKeyframeWish(nowMs: number): boolean {
    if (nowMs < this.#pliDueMs) return false;
    // Where packets have stopped coming a key frame would not come either: the wish waits for them.
    const isAlive = nowMs <= this.lastPacketMs + ALIVE_MS;
    this.#pliDueMs = isAlive ? nowMs + PLI_INTERVAL_MS : Infinity;
    if (!isAlive) return false;
    this.#pliEarliestMs = this.#pliDueMs;
    this.plis++;
    return true;
  }

  nextTimeoutMs(): number {
    return Math.min(this.jitter.nextTimeoutMs() ?? Infinity, this.nack?.nextTimeoutMs() ?? Infinity, this.#pliDueMs);
  }

  /** Nothing can be decoded without a key frame; asks for one unless that was done lately. */
  #wishKeyframe(nowMs: number): void {
    if (this.#needsKeyframe || !this.#wantsKeyframes) return;
    this.#needsKeyframe = true;
    this.#pliDueMs = Math.max(nowMs, this.#pliEarliestMs);
  }

  /** Hands a whole plain packet to the jitter buffer; false when it has no use for it. */
  #take(packet: ArcRtpView, start: number, end: number, index: number, isRepaired: boolean, nowMs: number): boolean {
    const held = this.#jitterPacket;
    held.index = index;
    held.timestampTicks = packet.timestamp;
    held.bytes = packet.bytes;
    held.start = start;
    held.end = end;
    held.isRepaired = isRepaired;
    const verdict = this.jitter.handle(held, nowMs);
    this.nack?.handle(index, nowMs);
    return verdict === "held";
  }

  #takeRecovered(fec: FecRecovery, nowMs: number): void {
    for (let recovered = fec.poll(); recovered !== undefined; recovered = fec.poll()) {
      const { bytes, start, end, index } = recovered;
      const view = this.#view;
      if (!view.parse(bytes, start, end) || !view.stripPadding()) continue;
      if (view.payloadType !== this.format.payloadType) continue;
      if (this.#take(view, start, view.payloadEnd, index, true, nowMs)) this.fecRestored++;
    }
  }

  /** Moves the unwrapped clock to a packet; it begins one turn up, so that earlier timestamps have numbers too. */
  #unwrap(timestamp32: number): void {
    this.#ticks = Number.isNaN(this.#ticks)
      ? timestamp32 + 0x1_0000_0000
      : this.#ticks + distance32(this.#timestamp32, timestamp32);
    this.#timestamp32 = timestamp32;
  }

  #finish(frame: MediaFrame, nowMs: number): PlayedFrame {
    this.frames++;
    if (frame.keyframe) {
      this.#needsKeyframe = false;
      this.#pliDueMs = Infinity;
    } else if (this.frames === 1) this.#wishKeyframe(nowMs);
    // A frame that lost its marker ends with the packet before the one that shows it.
    const isBefore = frame.timestampTicks === this.#ticksBefore && frame.timestampTicks !== this.#ticks;
    this.quality = isBefore ? this.#qualityBefore : this.#playedQuality;
    return {
      frame,
      quality: this.quality,
      index: isBefore ? this.#index - 1 : this.#index,
      timestamp32: frame.timestampTicks % 0x1_0000_0000,
    };
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
