/** What one SSRC did in one direction of a conversation, packet by packet, in constant memory. */
import { InterarrivalJitter } from "../../jitter/interarrival.ts";
import type { ArcRtpView } from "../../packet/arcrtp.ts";
import { UnitKind } from "../../packet/demux.ts";
import type { UnitModel } from "../model/unit_model.ts";
import { SequenceTracker } from "./sequence_tracker.ts";
import type { Direction, Endpoint } from "../network/conversation_table.ts";

/** Payload types of one SSRC that are told apart. */
const MAX_PAYLOAD_TYPES = 8;

export class StreamStats {
  readonly ssrc: number;
  readonly conversation: number;
  readonly direction: Direction;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly firstPacket: number;
  lastPacket: number;
  /** Seconds since the capture's first unit. */
  readonly firstS: number;
  lastS: number;

  /** As they came, repetitions included. */
  packets = 0;
  /** Of their units: headers and tags included, what is below is not. */
  bytes = 0;
  /** Loss, order and repetition. */
  readonly sequence = new SequenceTracker();
  /** The longest time without a packet, and the packet that ended it. */
  maxDeltaMs = 0;
  maxDeltaPacket = 0;
  markers = 0;
  reducedHeaders = 0;
  /** Packets of each rung, and how often a packet in order had another rung than the one before. */
  readonly quality = [0, 0, 0, 0];
  qualitySwitches = 0;
  /** Packets of each class. */
  readonly priority = [0, 0, 0, 0];
  /** Packets of each key phase, and how often it changed. */
  readonly keyPhases = [0, 0, 0, 0];
  keyPhaseSwitches = 0;
  readonly payloadTypes: number[] = [];

  #jitter: InterarrivalJitter | undefined;
  #jitterSumMs = 0;
  #jitterCount = 0;
  #maxJitterMs = 0;
  #lastQuality = -1;
  #lastKeyPhase = -1;

  /** Begins with a unit that has an RTP header. */
  constructor(unit: UnitModel, ssrc: number) {
    const { conversation, direction, source, destination, packet } = unit.unit;
    this.ssrc = ssrc;
    this.conversation = conversation;
    this.direction = direction;
    this.source = source;
    this.destination = destination;
    this.firstPacket = packet;
    this.lastPacket = packet;
    this.firstS = unit.timeS;
    this.lastS = unit.timeS;
  }

  /** Takes the stream's next packet. `clockHz` is undefined while nothing tells it. */
  handle(unit: UnitModel, clockHz: number | undefined): void {
    const { rtp, arc } = unit;
    if (rtp === undefined) return;
    const nowS = unit.timeS;
    const { packet, start, end, kind } = unit.unit;
    const deltaMs = (nowS - this.lastS) * 1000;
    if (deltaMs > this.maxDeltaMs) {
      this.maxDeltaMs = deltaMs;
      this.maxDeltaPacket = packet;
    }
    this.packets++;
    this.bytes += end - start;
    this.lastPacket = packet;
    this.lastS = nowS;
    if (kind === UnitKind.reduced) this.reducedHeaders++;
    if (rtp.marker) this.markers++;
    const { payloadType } = rtp;
    if (!this.payloadTypes.includes(payloadType) && this.payloadTypes.length < MAX_PAYLOAD_TYPES) {
      this.payloadTypes.push(payloadType);
    }
    const placing = this.sequence.handle(rtp.sequenceNumber);
    if (arc !== undefined) this.#takeBlock(arc, placing === "next");
    if (clockHz !== undefined) this.#takeJitter(rtp.timestamp, nowS * 1000, clockHz);
  }

  /** Share of the packets that never came, 0..1. */
  get lossFraction(): number {
    const { expected, lost } = this.sequence;
    return expected === 0 ? 0 : lost / expected;
  }

  get durationS(): number {
    return Math.max(0, this.lastS - this.firstS);
  }

  /** Of the units, over the time from the first to the last packet; undefined for a single one. */
  get bitsPerSecond(): number | undefined {
    return this.durationS > 0 ? (8 * this.bytes) / this.durationS : undefined;
  }

  /** Interarrival jitter of RFC 3550, the running value averaged over the packets; undefined without a clock rate. */
  get meanJitterMs(): number | undefined {
    return this.#jitterCount === 0 ? undefined : this.#jitterSumMs / this.#jitterCount;
  }

  /** The running value; undefined without a clock rate. */
  get jitterMs(): number | undefined {
    return this.#jitter?.jitterMs;
  }

  get maxJitterMs(): number | undefined {
    return this.#jitterCount === 0 ? undefined : this.#maxJitterMs;
  }

  get reducedFraction(): number {
    return this.packets === 0 ? 0 : this.reducedHeaders / this.packets;
  }

  #takeBlock(arc: ArcRtpView, isNext: boolean): void {
    const { quality, keyPhase } = arc;
    this.quality[quality]++;
    this.priority[arc.priority]++;
    this.keyPhases[keyPhase]++;
    if (!isNext) return;
    if (this.#lastQuality >= 0 && quality !== this.#lastQuality) this.qualitySwitches++;
    if (this.#lastKeyPhase >= 0 && keyPhase !== this.#lastKeyPhase) this.keyPhaseSwitches++;
    this.#lastQuality = quality;
    this.#lastKeyPhase = keyPhase;
  }

  #takeJitter(timestampTicks: number, nowMs: number, clockHz: number): void {
    const jitter = this.#jitter ??= new InterarrivalJitter(clockHz);
    jitter.handle(timestampTicks, nowMs);
    const { jitterMs } = jitter;
    this.#jitterSumMs += jitterMs;
    this.#jitterCount++;
    if (jitterMs > this.#maxJitterMs) this.#maxJitterMs = jitterMs;
  }
}
