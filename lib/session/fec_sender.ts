/**
 * FEC, the sender's side (SPEC §10.3): repairs for the packets of one media SSRC, made of them as they left.
 *
 * ```
 * video   key frame  1 2 3 ... n | repairs over 1..n            when its last packet has left; see fec_layers.ts
 * audio   1 r(1)  2 r(1,2)  3 r(2,3)  4 r(3,4) ...              one each, over the packet and the one before it
 * ```
 *
 * A lost audio packet comes back from the repair sent with it, or else from the next one, 20 ms later and still in time.
 * That doubles the audio, so it is done where losses were seen in the last 10 s, and before anything is known.
 */
import { KEY_FRAME_REDUNDANCY, repairPayloadBytes, type RepairPlan } from "../fec/encoder.ts";
import { type RepairHeader, writeRepairPacket } from "../fec/repair_packet.ts";
import type { FecSource } from "../fec/source.ts";
import { Priority } from "../packet/arcrtp.ts";
import { RESERVED_STAMPS } from "../packet/extensions.ts";
import { RTP_TIMESTAMP_AT } from "../packet/rtp_header.ts";
import { readU16, readU32 } from "../base/bytes.ts";
import { planLayers } from "./fec_layers.ts";
import type { PacketPool } from "./packet_pool.ts";
import { SendSource, type SendSourceOptions } from "./send_source.ts";

/** Fixed header, one CSRC, the extension with its stamps, the Arc block. */
const REPAIR_HEADER_BYTES = 12 + 4 + 4 + 8 + 4;
const REPAIR_ARC_AT = REPAIR_HEADER_BYTES - 4;

const AUDIO_CLEAN_MS = 10_000;
const NOTABLE_LOSS = 0.005;
const PAIR: RepairPlan = { first: 0, stride: 1, count: 2 };
const SINGLE: RepairPlan = { first: 0, stride: 1, count: 1 };

export interface FecSenderOptions extends SendSourceOptions {
  readonly isAudio: boolean;
  readonly protectedSsrc: number;
  /** Of key frames; default 0.2. */
  readonly redundancy?: number;
}

export class FecSender {
  readonly source: SendSource;
  readonly #pool: PacketPool;
  readonly #options: FecSenderOptions;
  /** Packets that wait for their repairs, with a reference each. */
  readonly #slots: number[] = [];
  /** As the media path reports it, smoothed. */
  #lossRate = 0;
  #lossSeenMs = NaN;

  constructor(pool: PacketPool, options: FecSenderOptions) {
    this.#pool = pool;
    this.#options = options;
    this.source = new SendSource(options, (slot) => pool.release(slot));
  }

  /** What a receiver report says of the protected SSRC: up at once, down slowly. */
  handleLoss(lossFraction: number, nowMs: number): void {
    const gain = lossFraction > this.#lossRate ? 0.5 : 0.1;
    this.#lossRate += gain * (lossFraction - this.#lossRate);
    if (Number.isNaN(this.#lossSeenMs) || this.#lossRate > NOTABLE_LOSS) this.#lossSeenMs = nowMs;
  }

  /** A media packet left; answers the bytes of repairs that were queued. Keeps references of its own. */
  handleSource(slot: number, sequence16: number, nowMs: number): number {
    return this.#options.isAudio ? this.#handleAudio(slot, sequence16, nowMs) : this.#handleVideo(slot, nowMs);
  }

  clear(): void {
    for (const slot of this.#slots) this.#pool.release(slot);
    this.#slots.length = 0;
  }

  #handleVideo(slot: number, nowMs: number): number {
    const pool = this.#pool;
    if (pool.priorities[slot] !== Priority.high) return 0;
    pool.retain(slot);
    this.#slots.push(slot);
    if (pool.endsFrame[slot] === 0) return 0;
    const sources = this.#slots.map((kept) => this.#sourceOf(kept));
    const redundancy = this.#options.redundancy ?? KEY_FRAME_REDUNDANCY;
    let bytes = 0;
    for (const plan of planLayers(sources.length, redundancy, this.#lossRate)) {
      bytes += this.#queueRepair(sources, plan, nowMs);
    }
    this.clear();
    return bytes;
  }

  #handleAudio(slot: number, sequence16: number, nowMs: number): number {
    const isClean = nowMs - this.#lossSeenMs > AUDIO_CLEAN_MS;
    const before = this.#slots.length > 0 ? this.#sourceOf(this.#slots[0]) : undefined;
    const current = this.#sourceOf(slot);
    this.#pool.retain(slot);
    let bytes = 0;
    if (!isClean) {
      const follows = before !== undefined && readU16(before.bytes, before.start + 2) === ((sequence16 - 1) & 0xffff);
      bytes = follows ? this.#queueRepair([before, current], PAIR, nowMs) : this.#queueRepair([current], SINGLE, nowMs);
    }
    this.clear();
    this.#slots.push(slot);
    return bytes;
  }

  #sourceOf(slot: number): FecSource {
    const pool = this.#pool;
    const start = pool.offset(slot);
    return {
      bytes: pool.bytes(slot),
      start,
      end: start + pool.lengths[slot],
      arcStart: start + pool.arcOffsets[slot],
    };
  }

  /** Writes one repair packet into the queue; stamps, sequence number and K are put in as it leaves. */
  #queueRepair(sources: readonly FecSource[], plan: RepairPlan, nowMs: number): number {
    const pool = this.#pool;
    if (REPAIR_HEADER_BYTES + repairPayloadBytes(sources, plan) > pool.slotBytes) return 0;
    const slot = pool.acquire();
    if (slot < 0) return 0;
    const first = sources[plan.first];
    const header: RepairHeader = {
      ssrc: this.source.ssrc,
      payloadType: this.source.payloadType,
      protectedSsrc: this.#options.protectedSsrc,
      sequenceNumber: 0,
      timestamp: readU32(first.bytes, first.start + RTP_TIMESTAMP_AT),
      quality: first.bytes[first.arcStart] >>> 6,
      keyPhase: 0,
      extension: RESERVED_STAMPS,
    };
    pool.lengths[slot] = writeRepairPacket(header, sources, plan, pool.bytes(slot), pool.offset(slot));
    pool.headerBytes[slot] = REPAIR_HEADER_BYTES;
    pool.arcOffsets[slot] = REPAIR_ARC_AT;
    pool.priorities[slot] = Priority.low;
    pool.stamped[slot] = 1;
    pool.endsFrame[slot] = 0;
    pool.queuedMs[slot] = nowMs;
    this.source.queue.push(slot);
    return pool.lengths[slot];
  }
}
