/**
 * Unprotected RTP to ArcRTP and back: the Arc block put in or taken out, what SDP maps mapped, every other byte as it
 * was. SPEC ARC-BRIDGE-to-rtp, ARC-BRIDGE-from-rtp, ARC-BRIDGE-mapping.
 *
 * ```
 * RTP      | V P X CC | M PT | seq | timestamp | SSRC | CSRCs | extension |           | payload, padding |
 * ArcRTP   | V P X CC | M PT | seq | timestamp | SSRC | CSRCs | extension | Arc block | payload, padding |
 *                ^       ^^    ^^^   ^^^^^^^^^   ^^^^           ^^^^^^^^^ mapped
 * ```
 */
import { readU16, writeU16, writeU32 } from "../base/bytes.ts";
import type { Fault, FaultReason } from "../base/parsed.ts";
import type { PayloadFormat } from "../media/payload/payload_format.ts";
import { payloadFormatOf } from "../media/payload/payload_formats.ts";
import { ARC_BLOCK_BYTES, type ArcBlockFields, ArcRtpView, Priority, writeArcBlock } from "../packet/arcrtp.ts";
import { EXT_TRANSPORT_SEQUENCE } from "../packet/extensions.ts";
import {
  requireRoom,
  RTP_FIXED_HEADER_BYTES,
  RTP_SEQUENCE_AT,
  RTP_SSRC_AT,
  RTP_TIMESTAMP_AT,
} from "../packet/rtp_header.ts";
import { RtpView } from "../packet/rtp_view.ts";
import { RTX } from "./codec_names.ts";
import { ExtensionRewriter } from "./extension_rewriter.ts";
import { NO_SEQUENCE } from "./sequence_map.ts";
import {
  BridgedStream,
  type BridgeMap,
  otherSide,
  type PayloadTypePair,
  type Side,
  type StreamPair,
  StreamTable,
} from "./stream_table.ts";

/** What a translation can lose, named as the testee interface names it; a bit each. SPEC ARC-BRIDGE-lost-fields. */
export const LOST_FIELDS = [
  "quality",
  "priority",
  "key_phase",
  "bandwidth_kbps",
  "loss_tenths",
  "extension_header",
] as const;

const LOST_ALWAYS = 0b000111;
const LOST_BANDWIDTH = 0b001000;
const LOST_LOSS = 0b010000;
const LOST_EXTENSION = 0b100000;

/** The names behind the bits of {@link PacketTranslator.lost}. */
export function lostFields(lost: number): readonly string[] {
  return LOST_FIELDS.filter((_, bit) => ((lost >>> bit) & 1) !== 0);
}

/** {@link PacketTranslator.toArcRtp} and {@link PacketTranslator.toRtp} for a packet that does not go on. */
export const NOT_TRANSLATED = -1;

const MARKER_BIT = 0x80;
const EXTENSION_BIT = 0x10;

/** A packet grows by its block, and by a byte for each of 14 elements that goes from the one-byte form into the other. */
export const MAX_GROWTH_BYTES = ARC_BLOCK_BYTES + 16;

const UNCHANGED: StreamPair = { rtp: 0, arcrtp: 0, from: "rtp", sequenceOffset: 0, timestampOffset: 0 };

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** RTX puts the number of what it repeats in front (RFC 4588 §4). */
const OSN_BYTES = 2;

const UNKNOWN_SSRC = "its SSRC is not mapped";
const UNKNOWN_TYPE = "its payload type is not mapped";
const NOT_CRITICAL = "ArcRTC retransmits audio and key frames only";
const NO_ORIGINAL = "a retransmission begins with a sequence number";
const ORIGINAL_KEPT_BACK = "what it repeats did not go on";
const TOO_OLD = "it was kept back before, or is too old to tell";

export interface TranslatorOptions {
  /**
   * The next transport-wide sequence number of each side; left out where its value is to be copied. It counts over all
   * streams of a transport, so a bridge that sends anything of its own, or keeps packets back, counts anew.
   */
  readonly transportSequence?: Readonly<Record<Side, number>>;
}

/** A payload type of one side as the other has it. */
interface Target {
  readonly payloadType: number;
  readonly pair: PayloadTypePair;
  /** Undefined for RTX: what it repeats tells. */
  readonly format: PayloadFormat | undefined;
}

/** What one direction needs beside the streams. */
class Direction {
  readonly from: Side;
  readonly extensions: ExtensionRewriter;
  readonly #targets: (Target | undefined)[] = new Array(128).fill(undefined);
  nextTransportSequence: number;

  constructor(map: BridgeMap, from: Side, transportSequence: number | undefined) {
    this.from = from;
    const to: Side = from === "rtp" ? "arcrtp" : "rtp";
    for (const pair of map.payloadTypes) {
      const format = pair.codec === RTX ? undefined : payloadFormatOf(pair.codec);
      this.#targets[pair[from]] ??= { payloadType: pair[to], pair, format };
    }
    const extensions = map.extensions.filter((pair) => pair.from === undefined || pair.from === from);
    const counted = extensions.find(({ arcrtp }) => arcrtp === EXT_TRANSPORT_SEQUENCE);
    this.extensions = new ExtensionRewriter(
      from,
      extensions.map((pair) => ({ from: pair[from], to: pair[to] })),
      transportSequence === undefined || counted === undefined ? 0 : counted[to],
    );
    this.nextTransportSequence = transportSequence ?? 0;
  }

  targetOf(payloadType: number): Target | undefined {
    return this.#targets[payloadType];
  }
}

/**
 * Translates the packets of one session, both ways. Streams may be added to {@link streams} at any time. A map without
 * any makes a translator that passes all: SSRCs, sequence numbers and timestamps stay as they are.
 *
 * A packet that does not go on leaves the reason in {@link faultReason}. Nothing is allocated but views of payloads, and
 * what the media formats make of the first payload of a key frame.
 */
export class PacketTranslator {
  readonly streams: StreamTable;
  /** Bits of {@link LOST_FIELDS}: what the last translation has lost. */
  lost = 0;
  faultReason: FaultReason | undefined = undefined;
  faultOffset = 0;

  readonly #toArc: Direction;
  readonly #toRtp: Direction;
  /** Where the map has no streams, every packet is of this one. */
  readonly #anyStream: BridgedStream | undefined;
  readonly #rtp = new RtpView();
  readonly #arc = new ArcRtpView();
  readonly #block: Writable<ArcBlockFields> = { quality: 0, priority: Priority.medium, keyPhase: 0 };
  #message = "";
  /** The view that refused the packet. */
  #malformed: RtpView | undefined;

  constructor(map: BridgeMap, { transportSequence }: TranslatorOptions = {}) {
    this.streams = new StreamTable(map.streams);
    this.#anyStream = map.streams.length > 0 ? undefined : new BridgedStream(UNCHANGED, undefined);
    this.#toArc = new Direction(map, "rtp", transportSequence?.arcrtp);
    this.#toRtp = new Direction(map, "arcrtp", transportSequence?.rtp);
  }

  /**
   * Writes the RTP packet `bytes[start..end)` as ArcRTP at `out[at]` and answers the bytes written, or
   * {@link NOT_TRANSLATED}. The block has Q and K 0, neither bandwidth nor loss, and PR from kind and key frames.
   *
   * Faults are those of RTP, `bad_value` for a payload type or SSRC that is not mapped, and `bad_state` for a
   * retransmission of what ArcRTC does not retransmit (SPEC ARC-LOSS-retransmit-critical) or of what did not go on.
   *
   * @throws RangeError when `out` has no room: {@link MAX_GROWTH_BYTES} more than the packet are enough.
   */
  toArcRtp(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    const packet = this.#rtp;
    this.lost = 0;
    if (!packet.parse(bytes, start, end) || !packet.stripPadding()) return this.#refuseAs(packet);
    const stream = this.#streamOf(packet, "rtp");
    if (stream === undefined) return this.#refuse("bad_value", RTP_SSRC_AT, UNKNOWN_SSRC);
    const target = this.#toArc.targetOf(packet.payloadType);
    if (target === undefined) return this.#keepBack(packet, stream, "bad_value", 1, UNKNOWN_TYPE);
    const isRtx = target.format === undefined;
    const payloadAt = packet.payloadStart + (isRtx ? OSN_BYTES : 0);
    const { timestamp, payloadEnd } = packet;
    const watch = (stream.protects ?? stream).keyFrames;
    const { kind } = target.pair;
    const priority = watch.priorityOf(kind, target.format, bytes, payloadAt, payloadEnd, timestamp);
    if (isRtx && priority > Priority.high) {
      return this.#keepBack(packet, stream, "bad_state", packet.payloadStart - start, NOT_CRITICAL);
    }
    this.#block.priority = priority;
    return this.#write(packet, target, stream, this.#toArc, out, at);
  }

  /**
   * Writes the unprotected ArcRTP packet `bytes[start..end)` as RTP at `out[at]` and answers the bytes written, or
   * {@link NOT_TRANSLATED}. What the Arc block said is in {@link lost}.
   *
   * @throws RangeError when `out` has no room, as {@link toArcRtp}.
   */
  toRtp(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    const packet = this.#arc;
    this.lost = 0;
    if (!packet.parse(bytes, start, end) || !packet.stripPadding()) return this.#refuseAs(packet);
    const stream = this.#streamOf(packet, "arcrtp");
    if (stream === undefined) return this.#refuse("bad_value", RTP_SSRC_AT, UNKNOWN_SSRC);
    const target = this.#toRtp.targetOf(packet.payloadType);
    if (target === undefined) return this.#keepBack(packet, stream, "bad_value", 1, UNKNOWN_TYPE);
    const written = this.#write(packet, target, stream, this.#toRtp, out, at);
    if (written === NOT_TRANSLATED) return written;
    this.lost |= LOST_ALWAYS | (packet.hasBandwidth ? LOST_BANDWIDTH : 0) | (packet.hasLoss ? LOST_LOSS : 0);
    return written;
  }

  /** The fault behind {@link NOT_TRANSLATED} as a value; of a malformed packet that of its header. Allocates. */
  fault(): Fault {
    if (this.#malformed !== undefined) return this.#malformed.fault();
    return {
      reason: this.faultReason ?? "bad_value",
      offset: this.faultOffset,
      message: `Cannot translate packet: ${this.#message}`,
    };
  }

  #streamOf(packet: RtpView, side: Side): BridgedStream | undefined {
    const stream = this.#anyStream ?? this.streams.find(side, packet.ssrc);
    return stream === undefined || stream === this.#anyStream || stream.pair.from === side ? stream : undefined;
  }

  /** A packet of a stream that does not go on: it leaves no gap. SPEC ARC-BRIDGE-kept-back. */
  #keepBack(packet: RtpView, stream: BridgedStream, reason: FaultReason, offset: number, message: string): number {
    if (stream !== this.#anyStream && stream.sequence.withhold(packet.sequenceNumber)) {
      stream.withheldOctets += packet.payloadEnd - packet.payloadStart;
    }
    return this.#refuse(reason, offset, message);
  }

  /** Numbers of a translator without streams stay as they are. */
  #forward(stream: BridgedStream, sequence16: number): number {
    return stream === this.#anyStream ? sequence16 : stream.sequence.forward(sequence16);
  }

  #write(
    packet: RtpView,
    target: Target,
    stream: BridgedStream,
    direction: Direction,
    out: Uint8Array,
    at: number,
  ): number {
    const { bytes, start, payloadStart, end } = packet;
    const isRtx = target.format === undefined;
    let original = 0;
    if (isRtx) {
      if (packet.payloadEnd - payloadStart < OSN_BYTES) {
        return this.#keepBack(packet, stream, "bad_length", payloadStart - start, NO_ORIGINAL);
      }
      original = this.#forward(stream.protects ?? stream, readU16(bytes, payloadStart));
      if (original === NO_SEQUENCE) {
        return this.#keepBack(packet, stream, "bad_state", payloadStart - start, ORIGINAL_KEPT_BACK);
      }
    }
    const sequence = this.#forward(stream, packet.sequenceNumber);
    if (sequence === NO_SEQUENCE) return this.#refuse("bad_state", RTP_SEQUENCE_AT, TOO_OLD);
    const { from, extensions } = direction;
    const csrcEnd = RTP_FIXED_HEADER_BYTES + 4 * packet.csrcCount;
    requireRoom("packet", csrcEnd, out, at);
    const extensionBytes = extensions.write(packet, direction.nextTransportSequence, out, at + csrcEnd);
    if (extensions.leftOut) this.lost |= LOST_EXTENSION;
    const blockAt = at + csrcEnd + extensionBytes;
    const blockBytes = from === "rtp" ? ARC_BLOCK_BYTES : 0;
    const wholeBytes = blockAt - at + blockBytes + end - payloadStart;
    requireRoom("packet", wholeBytes, out, at);
    direction.nextTransportSequence = (direction.nextTransportSequence + 1) & 0xffff;
    for (let i = RTP_FIXED_HEADER_BYTES; i < csrcEnd; i++) out[at + i] = bytes[start + i];
    out[at] = (bytes[start] & ~EXTENSION_BIT) | (extensionBytes > 0 ? EXTENSION_BIT : 0);
    out[at + 1] = (bytes[start + 1] & MARKER_BIT) | target.payloadType;
    writeU16(out, at + RTP_SEQUENCE_AT, sequence);
    writeU32(out, at + RTP_TIMESTAMP_AT, stream.timestampFrom(from, packet.timestamp));
    writeU32(out, at + RTP_SSRC_AT, stream === this.#anyStream ? packet.ssrc : stream.ssrcOn(otherSide(from)));
    if (from === "rtp") writeArcBlock(this.#block, out, blockAt);
    out.set(bytes.subarray(payloadStart, end), blockAt + blockBytes);
    if (isRtx) writeU16(out, blockAt + blockBytes, original);
    return wholeBytes;
  }

  #refuseAs(packet: RtpView): number {
    this.#refuse(packet.faultReason ?? "bad_value", packet.faultOffset, "");
    this.#malformed = packet;
    return NOT_TRANSLATED;
  }

  #refuse(reason: FaultReason, offset: number, message: string): number {
    this.faultReason = reason;
    this.faultOffset = offset;
    this.#message = message;
    this.#malformed = undefined;
    return NOT_TRANSLATED;
  }
}
