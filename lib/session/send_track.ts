/**
 * One medium of a stream that we send: frames become packets in the pool, with their whole header but for what is only
 * known when they leave (sequence number, stamps, K).
 *
 * ```
 *   | RTP 12 | extension 4 + 8, stamps to come | Arc block 4 or 5 | payload |     stamped
 *   | RTP 12 | Arc block 4 | payload |                                          where a reduced header may follow
 * ```
 *
 * The reduced header has no room for an extension, so of an SSRC with contexts only the packets that have a full header
 * anyway carry stamps: the first of every 31, or of every 100 ms.
 */
import { fault, ok, type Parsed } from "../base/parsed.ts";
import type { Rng } from "../base/rng.ts";
import type { MediaKind } from "../media/codec.ts";
import type { MediaFrame } from "../media/frame.ts";
import { FEC_MAX_PAYLOAD_BYTES, type Packetizer, type PayloadSink } from "../media/payload/payload_format.ts";
import { makePacketizer, payloadFormatOf, type PayloadParams } from "../media/payload/payload_formats.ts";
import {
  ARC_BLOCK_BYTES,
  type ArcRtpFields,
  lossTenthsOf,
  type Priority,
  writeArcRtpHeader,
} from "../packet/arcrtp.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import { RESERVED_STAMPS, STAMPS_BYTES } from "../packet/extensions.ts";
import { RTP_EXTENSION_HEADER_BYTES, RTP_FIXED_HEADER_BYTES } from "../packet/rtp_header.ts";
import type { ReportBlock } from "../packet/rtcp/report_block.ts";
import { CaptureClock } from "./clock_mapping.ts";
import { FecSender } from "./fec_sender.ts";
import type { PacketPool } from "./packet_pool.ts";
import { OSN_BYTES, RtxHistory } from "./rtx_history.ts";
import { SendSource } from "./send_source.ts";
import type { KeySet } from "./stream_keys.ts";
import type { TrackFormat } from "./track_format.ts";

/** Packets of an SSRC with contexts between two with stamps; within what SPEC ARC-RTP-reduced-refresh asks anyway. */
const STAMP_EVERY_PACKETS = 31;
const STAMP_EVERY_MS = 100;
/** A queue that nothing leaves for so long is given up: what is in it is of no use to anybody. */
const STALE_MS = 250;
const RTX_AUDIO_PACKETS = 64;
const RTX_VIDEO_PACKETS = 1024;

const SHORT_HEADER_BYTES = RTP_FIXED_HEADER_BYTES + ARC_BLOCK_BYTES;
const STAMPED_HEADER_BYTES = SHORT_HEADER_BYTES + RTP_EXTENSION_HEADER_BYTES + STAMPS_BYTES;
const LOSS_BYTE = 1;

const MAX_BANDWIDTH_KBPS = 0xffff;

export interface SendTrackOptions {
  readonly format: TrackFormat;
  readonly keys: KeySet;
  readonly rng: Rng;
  /** What protection adds to each packet. */
  readonly overheadBytes: number;
  readonly maxPayloadBytes?: number;
  readonly params?: PayloadParams;
  readonly fecRatio?: number;
  readonly startRoc?: number;
  readonly startSequence?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class SendTrack implements PayloadSink {
  readonly kind: MediaKind;
  readonly format: TrackFormat;
  readonly media: SendSource;
  readonly rtx: RtxHistory | undefined;
  readonly fec: FecSender | undefined;
  readonly clock: CaptureClock;
  /** Set once the peer has accepted the stream: bit q is set where a context stands for quality q. */
  reducedQualities = 0;

  frames = 0;
  /** Bytes of the packets of the frame that was queued last. */
  lastFrameBytes = 0;
  /** Bytes of repairs that packets have called for as they left; whoever paces them takes them off. */
  repairBytes = 0;
  framesRefused = 0;
  framesDiscarded = 0;
  /** Sequence numbers that the receiver asked for. */
  nackedPackets = 0;
  /** As the last receiver report has it, 0..1; undefined before the first. */
  reportedLoss: number | undefined = undefined;
  reportedJitterMs: number | undefined = undefined;

  readonly #pool: PacketPool;
  readonly #packetizer: Packetizer;
  readonly #maxPayloadBytes: number;
  readonly #timestampOffset: number;
  /** The header of the next packet: one object for all. */
  readonly #header: Mutable<ArcRtpFields>;
  #bandwidthKbps: number | undefined = undefined;
  #highestReported = NaN;
  /** The loss byte goes into one packet after each report. */
  #lossToTell: number | undefined = undefined;
  #sinceStamped = Infinity;
  #stampedMs = -Infinity;

  // The frame being packetized.
  readonly #staged: number[] = [];
  #slot = -1;
  #nowMs = 0;
  readonly #scratch: Uint8Array<ArrayBuffer>;

  constructor(pool: PacketPool, options: SendTrackOptions) {
    const { format, keys, rng, fecRatio } = options;
    this.#pool = pool;
    this.format = format;
    this.kind = format.kind;
    this.clock = new CaptureClock(format.clockRateHz);
    this.#scratch = new Uint8Array(pool.slotBytes);
    this.#timestampOffset = rng.u32();
    const { startRoc, startSequence } = options;
    this.media = new SendSource(
      { ssrc: format.ssrc, payloadType: format.payloadType, keys, rng, startRoc, startSequence },
      (slot, sequence16, nowMs) => this.#left(slot, sequence16, nowMs),
    );
    const isAudio = format.kind === "audio";
    if (format.rtx !== undefined) {
      this.rtx = new RtxHistory(pool, { ...format.rtx, keys, rng }, isAudio ? RTX_AUDIO_PACKETS : RTX_VIDEO_PACKETS);
    }
    if (format.fec !== undefined) {
      const fec = { ...format.fec, keys, rng, isAudio, protectedSsrc: format.ssrc, redundancy: fecRatio };
      this.fec = new FecSender(pool, fec);
    }
    this.#packetizer = makePacketizer(payloadFormatOf(format.codecName), {
      clockRateHz: format.clockRateHz,
      channels: format.channels,
      kind: format.kind,
      initialPictureId: rng.u32() & 0x7fff,
      ...options.params,
    });
    const room = MAX_UNIT_BYTES - options.overheadBytes - STAMPED_HEADER_BYTES - LOSS_BYTE - OSN_BYTES;
    const limit = format.fec === undefined ? room : Math.min(room, FEC_MAX_PAYLOAD_BYTES);
    this.#maxPayloadBytes = Math.min(limit, options.maxPayloadBytes ?? limit);
    this.#header = {
      marker: false,
      payloadType: format.payloadType,
      sequenceNumber: 0,
      timestamp: 0,
      ssrc: format.ssrc,
      extension: undefined,
      quality: 0,
      priority: 0,
      keyPhase: 0,
      bandwidthKbps: undefined,
      lossTenths: undefined,
    };
  }

  get sources(): readonly SendSource[] {
    return [this.media, this.rtx?.source, this.fec?.source].filter((source) => source !== undefined);
  }

  /**
   * Queues a frame, which is borrowed for the call, and answers the number of its packets. Refused as the packetizer
   * refuses it, or `too_large` when the packets that wait leave no room for it; nothing is queued then. `estimateBps` is
   * told to the receiver in some of the headers.
   */
  sendFrame(frame: MediaFrame, quality: number, estimateBps: number | undefined, nowMs: number): Parsed<number> {
    this.#bandwidthKbps = estimateBps === undefined
      ? undefined
      : Math.min(MAX_BANDWIDTH_KBPS, Math.round(estimateBps / 1000));
    this.#nowMs = nowMs;
    this.#header.quality = quality;
    this.#header.extension = undefined;
    this.#begin();
    const packets = this.#packetizer.packetize(frame, this.#maxPayloadBytes, this);
    const isFull = this.#slot < 0;
    if (!isFull) this.#pool.release(this.#slot);
    if (!packets.ok || isFull) {
      for (const slot of this.#staged) this.#pool.release(slot);
      this.#staged.length = 0;
      this.framesRefused++;
      return packets.ok ? fault("too_large", "Cannot send frame: too many packets wait to leave") : packets;
    }
    const last = this.#staged.at(-1);
    if (last !== undefined) this.#pool.endsFrame[last] = 1;
    this.lastFrameBytes = 0;
    for (const slot of this.#staged) {
      this.lastFrameBytes += this.#pool.lengths[slot];
      this.media.queue.push(slot);
    }
    this.#staged.length = 0;
    this.frames++;
    this.clock.note(this.#timestamp(frame.timestampTicks), nowMs);
    return ok(packets.value);
  }

  /** True when the oldest packet has waited for so long that the queue should be given up. */
  isStale(nowMs: number): boolean {
    const slot = this.media.queue.peek();
    return slot >= 0 && nowMs - this.#pool.queuedMs[slot] > STALE_MS;
  }

  /**
   * Gives up everything that waits, and answers its bytes. The next packet skips a sequence number, so that the receiver
   * sees that something is missing and does not take the rest of a frame for a whole one.
   */
  discard(): number {
    let bytes = 0;
    for (const { queue } of this.sources) {
      for (let slot = queue.shift(); slot >= 0; slot = queue.shift()) {
        if (queue === this.media.queue && this.#pool.endsFrame[slot] === 1) this.framesDiscarded++;
        bytes += this.#pool.lengths[slot];
        this.#pool.release(slot);
      }
    }
    this.fec?.clear();
    this.media.nextSequence16 = (this.media.nextSequence16 + 1) & 0xffff;
    return bytes;
  }

  /** Takes in a report on the media SSRC; answers how many packets it is about, 1 at least. */
  handleReport(block: ReportBlock, nowMs: number): number {
    const loss = block.fractionLost256 / 256;
    this.reportedLoss = loss;
    this.reportedJitterMs = (block.jitterTicks * 1000) / this.format.clockRateHz;
    this.#lossToTell = lossTenthsOf(loss);
    this.fec?.handleLoss(loss, nowMs);
    const packets = block.extendedHighestSequence32 - this.#highestReported;
    this.#highestReported = block.extendedHighestSequence32;
    return packets > 0 ? packets : 1;
  }

  /** Gives everything back to the pool. */
  free(): number {
    const bytes = this.discard();
    this.rtx?.clear();
    return bytes;
  }

  // ---- the sink that the packetizer writes into

  get buffer(): Uint8Array {
    return this.#slot < 0 ? this.#scratch : this.#pool.bytes(this.#slot);
  }

  get offsetBytes(): number {
    return (this.#slot < 0 ? 0 : this.#pool.offset(this.#slot)) + this.#headerBytes;
  }

  commit(lengthBytes: number, marker: boolean, timestampTicks: number, priority: Priority): void {
    const slot = this.#slot;
    if (slot < 0) return;
    const pool = this.#pool;
    const header = this.#header;
    header.marker = marker;
    header.timestamp = this.#timestamp(timestampTicks);
    header.priority = priority;
    const headerBytes = writeArcRtpHeader(header, pool.bytes(slot), pool.offset(slot));
    pool.headerBytes[slot] = headerBytes;
    pool.arcOffsets[slot] = headerBytes - ARC_BLOCK_BYTES - (header.lossTenths === undefined ? 0 : LOSS_BYTE);
    pool.lengths[slot] = headerBytes + lengthBytes;
    pool.priorities[slot] = priority;
    pool.stamped[slot] = header.extension === undefined ? 0 : 1;
    pool.endsFrame[slot] = 0;
    pool.queuedMs[slot] = this.#nowMs;
    this.#staged.push(slot);
    if (header.extension === undefined) this.#sinceStamped++;
    else {
      this.#sinceStamped = 0;
      this.#stampedMs = this.#nowMs;
    }
    if (header.lossTenths !== undefined) this.#lossToTell = undefined;
    this.#begin();
  }

  get #headerBytes(): number {
    const { extension, lossTenths } = this.#header;
    const bytes = extension === undefined ? SHORT_HEADER_BYTES : STAMPED_HEADER_BYTES;
    return lossTenths === undefined ? bytes : bytes + LOSS_BYTE;
  }

  #timestamp(ticks: number): number {
    return (this.#timestampOffset + (ticks % 0x1_0000_0000)) >>> 0;
  }

  /** Readies the next slot and decides what its header holds. */
  #begin(): void {
    this.#slot = this.#pool.acquire();
    const header = this.#header;
    const isStamped = this.#isStampDue();
    header.extension = isStamped ? RESERVED_STAMPS : undefined;
    header.bandwidthKbps = isStamped ? this.#bandwidthKbps : undefined;
    header.lossTenths = isStamped ? this.#lossToTell : undefined;
  }

  #isStampDue(): boolean {
    if (((this.reducedQualities >>> this.#header.quality) & 1) === 0) return true;
    return this.#sinceStamped >= STAMP_EVERY_PACKETS - 1 || this.#nowMs - this.#stampedMs >= STAMP_EVERY_MS;
  }

  #left(slot: number, sequence16: number, nowMs: number): void {
    this.rtx?.keep(slot, sequence16, nowMs);
    this.repairBytes += this.fec?.handleSource(slot, sequence16, nowMs) ?? 0;
    this.#pool.release(slot);
  }
}
