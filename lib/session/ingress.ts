/**
 * The way in, for every unit of media: one path, in this order.
 *
 * ```
 * class -> expand reduced -> header -> SSRC -> K -> replay, HMAC, AEAD -> reference, stamps -> payload type -> its track
 *                                        |
 *                                        +--> held, when the SSRC is not known yet
 * ```
 *
 * Up to the AEAD nothing is believed and nothing changes.
 */
import { readU32 } from "../base/bytes.ts";
import type { FaultReason } from "../base/parsed.ts";
import { absSendTimeDeltaMs, unixMsToAbsSendTime } from "../base/time.ts";
import { ArcRtpView } from "../packet/arcrtp.ts";
import { classifyUnit, MAX_UNIT_BYTES, UnitKind } from "../packet/demux.ts";
import { StampReader } from "../packet/extensions.ts";
import { REDUCED_SAVED_BYTES } from "../packet/reduced.ts";
import type { RtcpPacket } from "../packet/rtcp/compound.ts";
import type { EarlyUnits } from "./early_units.ts";
import type { DropCounters, DropReason } from "./media_counters.ts";
import type { MediaStreams } from "./media_streams.ts";
import type { ReceiveSource } from "./receive_source.ts";
import type { RtcpChannel } from "./rtcp_channel.ts";
import type { StreamKeyring } from "./stream_keys.ts";

/** What became of a unit. The object is the ingress's own and holds until its next call. */
export interface ReceiveResult {
  /** `held`: it waits for its STREAM_START. */
  readonly outcome: "ok" | "held" | DropReason;
  /** The epoch under which it authenticated, -1 when it did not: it may then be dropped for other reasons still. */
  readonly epoch: number;
}

/** What the rest of the plane makes of what came in. */
export interface IngressSinks {
  /** A media, RTX or FEC packet has authenticated. */
  readonly onPacket: (source: ReceiveSource, wireBytes: number, payloadBytes: number, nowMs: number) => void;
  /** What its extension says; `oneWayMs` is NaN where it has no send time. */
  readonly onStamp: (transportSequence16: number | undefined, oneWayMs: number, nowMs: number) => void;
  readonly onRtcp: (packets: readonly RtcpPacket[], nowMs: number) => void;
  /** A packet has failed its replay check or authentication. */
  readonly onRefused: (source: ReceiveSource, reason: FaultReason, nowMs: number) => void;
}

export class Ingress {
  /** SSRC that the remote peer announced for its RTCP; -1 for none. */
  remoteRtcpSsrc = -1;
  /** Remote clock less own, in ms. */
  clockOffsetMs = 0;

  readonly #keyring: StreamKeyring;
  readonly #streams: MediaStreams;
  readonly #early: EarlyUnits;
  readonly #rtcp: RtcpChannel;
  readonly #drops: DropCounters;
  readonly #sinks: IngressSinks;
  readonly #unixOffsetMs: number;
  readonly #view = new ArcRtpView();
  readonly #stamps = new StampReader();
  readonly #result: Mutable<ReceiveResult> = { outcome: "ok", epoch: -1 };
  /** Extensions with a fault in them: the packets count, their measurements do not. */
  badExtensions = 0;

  constructor(
    parts: {
      readonly keyring: StreamKeyring;
      readonly streams: MediaStreams;
      readonly early: EarlyUnits;
      readonly rtcp: RtcpChannel;
      readonly drops: DropCounters;
      readonly unixOffsetMs: number;
    },
    sinks: IngressSinks,
  ) {
    this.#keyring = parts.keyring;
    this.#streams = parts.streams;
    this.#early = parts.early;
    this.#rtcp = parts.rtcp;
    this.#drops = parts.drops;
    this.#unixOffsetMs = parts.unixOffsetMs;
    this.#sinks = sinks;
  }

  /** Takes the unit at `bytes[start..end)`, which is worked on in place, as is what lies up to 12 bytes in front of it. */
  receive(bytes: Uint8Array, start: number, end: number, nowMs: number, isValidated: boolean): ReceiveResult {
    this.#result.epoch = -1;
    this.#result.outcome = this.#receive(bytes, start, end, nowMs, isValidated);
    const { outcome } = this.#result;
    if (outcome !== "ok" && outcome !== "held") this.#drops.add(outcome);
    return this.#result;
  }

  #receive(
    bytes: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
    isValidated: boolean,
  ): ReceiveResult["outcome"] {
    if (end - start > MAX_UNIT_BYTES) return "too_large";
    const reduced = this.#streams.reducedReceiver;
    switch (classifyUnit(bytes, start, end)) {
      case UnitKind.arcrtp:
        return this.#receivePacket(bytes, start, end, end - start, false, nowMs, isValidated);
      case UnitKind.reduced:
        if (!reduced.expand(bytes, start, end)) return reduced.faultReason ?? "bad_context";
        return this.#receivePacket(bytes, start - REDUCED_SAVED_BYTES, end, end - start, true, nowMs, isValidated);
      case UnitKind.rtcp:
        return this.#receiveRtcp(bytes, start, end, nowMs, isValidated);
      default:
        return "unknown_class";
    }
  }

  #receivePacket(
    bytes: Uint8Array,
    start: number,
    end: number,
    wireBytes: number,
    wasReduced: boolean,
    nowMs: number,
    isValidated: boolean,
  ): ReceiveResult["outcome"] {
    const packet = this.#view;
    if (!packet.parse(bytes, start, end)) return packet.faultReason ?? "bad_value";
    const { ssrc } = packet;
    const source = this.#streams.sources.get(ssrc);
    if (source === undefined) {
      const isHeld = isValidated && !wasReduced && this.#early.hold(ssrc, bytes, start, end, nowMs);
      return isHeld ? "held" : "unknown_ssrc";
    }
    const keys = source.keys.ofPhase(packet.keyPhase);
    if (keys === undefined) return "unknown_epoch";
    const outcome = source.srtp.unprotect(keys, packet, nowMs);
    if (outcome !== "ok") {
      this.#sinks.onRefused(source, outcome, nowMs);
      return outcome;
    }
    this.#result.epoch = this.#keyring.epochOfPhase(packet.keyPhase);
    const index = source.indexOf(packet.sequenceNumber);
    this.#streams.reducedReceiver.authenticated(packet, index, wasReduced);
    const plainEnd = end - keys.overheadBytes;
    this.#sinks.onPacket(source, wireBytes, plainEnd - packet.payloadStart, nowMs);
    this.#readStamps(packet, nowMs);
    if (packet.payloadType !== source.payloadType) return "unknown_payload_type";
    return this.#handOver(source, packet, index, plainEnd, nowMs) ?? "ok";
  }

  #handOver(
    source: ReceiveSource,
    packet: ArcRtpView,
    index: number,
    plainEnd: number,
    nowMs: number,
  ): DropReason | undefined {
    const { track } = source;
    if (source.role === "media") return track.handleMedia(packet, index, plainEnd, nowMs);
    const media = this.#streams.sources.get(track.format.ssrc);
    if (media === undefined) return "unknown_ssrc";
    return source.role === "rtx"
      ? track.handleRtx(packet, plainEnd, media, nowMs)
      : track.handleRepair(packet, plainEnd, media, nowMs);
  }

  /** SPEC ARC-RTP-ext-arrival-time: both times modulo 64 s, on the sender's clock. */
  #readStamps(packet: ArcRtpView, nowMs: number): void {
    if (!packet.hasExtension) return;
    const stamps = this.#stamps;
    if (!stamps.read(packet)) this.badExtensions++;
    const { sendTime24, transportSequence16 } = stamps;
    const arrival24 = unixMsToAbsSendTime(nowMs + this.#unixOffsetMs + this.clockOffsetMs);
    const oneWayMs = sendTime24 === undefined ? NaN : absSendTimeDeltaMs(sendTime24, arrival24);
    this.#sinks.onStamp(transportSequence16, oneWayMs, nowMs);
  }

  #receiveRtcp(
    bytes: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
    isValidated: boolean,
  ): ReceiveResult["outcome"] {
    if (end - start < 8) return "truncated";
    const ssrc = readU32(bytes, start + 4);
    const isKnown = this.#streams.sources.has(ssrc) || ssrc === this.remoteRtcpSsrc || this.#rtcp.knows(ssrc);
    // A peer that only receives reports under an SSRC that nobody announced.
    if (!isKnown && !isValidated) return "unknown_ssrc";
    const opened = this.#rtcp.open(bytes, start, end);
    if (typeof opened === "string") return opened;
    this.#result.epoch = opened.epoch;
    this.#sinks.onRtcp(opened.packets, nowMs);
    return "ok";
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
