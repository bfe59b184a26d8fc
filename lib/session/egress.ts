/**
 * The way out: which packet leaves next, and what is done to it as it leaves.
 *
 * ```
 * queues of all SSRCs --PR, pacer--> sequence number, stamps --+--> onLeft: RTX history, FEC
 *                                     (in the pool, K = 0)     |
 *                                                              +--copy--> K, protect, reduce  (in the caller's batch)
 * ```
 *
 * Between SSRCs the lower PR goes first; within one, packets keep their order.
 */
import type { PacketBatch } from "../base/batch.ts";
import { unixMsToAbsSendTime } from "../base/time.ts";
import { ArcRtpView, Priority, setKeyPhase } from "../packet/arcrtp.ts";
import { STAMPS_BYTES, writeStamps } from "../packet/extensions.ts";
import { REDUCED_SAVED_BYTES } from "../packet/reduced.ts";
import type { ReducedSender } from "../packet/reduced_sender.ts";
import { setSequenceNumber } from "../packet/rtp_header.ts";
import type { Pacer } from "./pacer.ts";
import type { PacketPool } from "./packet_pool.ts";
import type { SendSource } from "./send_source.ts";
import type { SendTrack } from "./send_track.ts";
import type { StreamKeyring } from "./stream_keys.ts";

/** Who is told of what leaves. */
export interface EgressSinks {
  /** A unit of `wireBytes`; `payloadBytes` of media are in it, 0 where it is RTX or FEC. */
  readonly onUnit: (wireBytes: number, payloadBytes: number) => void;
  /** A stamped unit, on which the bandwidth estimate lives; unstamped ones before it are added to its bytes. */
  readonly onStamped: (transportSequence16: number, bytes: number, nowMs: number) => void;
}

interface Departure {
  readonly track: SendTrack;
  readonly source: SendSource;
  /** RTX and PR 0 do not wait for the pacer. */
  readonly isUrgent: boolean;
}

export class Egress {
  readonly #pool: PacketPool;
  readonly #keyring: StreamKeyring;
  readonly #reduced: ReducedSender;
  readonly #pacer: Pacer;
  readonly #unixOffsetMs: number;
  readonly #sinks: EgressSinks;
  readonly #view = new ArcRtpView();
  #departures: Departure[] = [];
  #transportSequence16: number;
  /** Bytes of packets without a transport-wide sequence number since the last one with it. */
  #unstampedBytes = 0;
  /** When the pacer lets through what it held back; Infinity for nothing. */
  #resumesMs = Infinity;
  /** Packets that could not be protected: none, unless numbers run out. */
  refused = 0;

  constructor(
    parts: {
      readonly pool: PacketPool;
      readonly keyring: StreamKeyring;
      readonly reduced: ReducedSender;
      readonly pacer: Pacer;
      readonly unixOffsetMs: number;
      readonly firstTransportSequence16: number;
    },
    sinks: EgressSinks,
  ) {
    this.#pool = parts.pool;
    this.#keyring = parts.keyring;
    this.#reduced = parts.reduced;
    this.#pacer = parts.pacer;
    this.#unixOffsetMs = parts.unixOffsetMs;
    this.#transportSequence16 = parts.firstTransportSequence16;
    this.#sinks = sinks;
  }

  add(track: SendTrack): void {
    for (const source of track.sources) {
      this.#departures.push({ track, source, isUrgent: source === track.rtx?.source });
    }
  }

  remove(track: SendTrack): void {
    this.#departures = this.#departures.filter((departure) => departure.track !== track);
  }

  /** When {@link poll} has more; Infinity unless its last call held something back. */
  nextTimeoutMs(): number {
    return this.#resumesMs;
  }

  /** The timeout has come: whoever was told of it calls {@link poll}, if there is a path. */
  timeout(nowMs: number): void {
    if (this.#resumesMs <= nowMs) this.#resumesMs = Infinity;
  }

  /** Appends protected packets that may leave now to `batch`, for `address`. */
  poll(batch: PacketBatch, address: number, nowMs: number): void {
    this.#resumesMs = Infinity;
    while (batch.size < batch.capacity && this.#keyring.maySend) {
      const next = this.#next(nowMs);
      if (next === undefined) return;
      this.#leave(next, batch, address, nowMs);
    }
  }

  #next(nowMs: number): Departure | undefined {
    let best: Departure | undefined;
    let bestRank = Infinity;
    for (const departure of this.#departures) {
      const slot = departure.source.queue.peek();
      if (slot < 0) continue;
      const rank = departure.isUrgent ? -1 : this.#pool.priorities[slot];
      if (rank < bestRank) {
        best = departure;
        bestRank = rank;
      }
    }
    if (best === undefined || bestRank <= Priority.critical || this.#pacer.mayLeave(nowMs)) return best;
    this.#resumesMs = this.#pacer.resumesMs(nowMs);
    return undefined;
  }

  /** A packet that cannot be protected is counted, and gone all the same. */
  #leave({ track, source }: Departure, batch: PacketBatch, address: number, nowMs: number): void {
    const pool = this.#pool;
    const slot = source.queue.shift();
    const bytes = pool.bytes(slot);
    const at = pool.offset(slot);
    const length = pool.lengths[slot];
    const payloadBytes = pool.payloadBytes(slot);
    const isStamped = pool.stamped[slot] === 1;
    const sequence16 = source.nextSequence16;
    source.nextSequence16 = (sequence16 + 1) & 0xffff;
    setSequenceNumber(bytes, at, sequence16);
    const transportSequence16 = this.#transportSequence16;
    if (isStamped) {
      this.#transportSequence16 = (transportSequence16 + 1) & 0xffff;
      const sendTime24 = unixMsToAbsSendTime(nowMs + this.#unixOffsetMs);
      writeStamps(bytes, at + pool.arcOffsets[slot] - STAMPS_BYTES, sendTime24, transportSequence16);
    }
    // Without stamps it may be reduced, and then begins 12 bytes later: place it so that no byte has to move.
    const slotStart = batch.offset(batch.size);
    const start = isStamped ? slotStart : slotStart - REDUCED_SAVED_BYTES;
    batch.bytes.set(bytes.subarray(at, at + length), start);
    const unitBytes = this.#protect(source, batch, start, length, pool.arcOffsets[slot], nowMs);
    source.onLeft(slot, sequence16, nowMs);
    if (track.repairBytes > 0) {
      this.#pacer.queued(track.repairBytes, nowMs);
      track.repairBytes = 0;
    }
    this.#pacer.left(unitBytes, length, nowMs);
    if (unitBytes === 0) {
      this.refused++;
      return;
    }
    source.count(payloadBytes, unitBytes, nowMs);
    this.#sinks.onUnit(unitBytes, source === track.media ? payloadBytes : 0);
    if (isStamped) {
      this.#sinks.onStamped(transportSequence16, unitBytes + this.#unstampedBytes, nowMs);
      this.#unstampedBytes = 0;
    } else this.#unstampedBytes += unitBytes;
    batch.lengths[batch.size] = unitBytes;
    batch.addresses[batch.size] = address;
    batch.size++;
  }

  /** Turns the plain packet at `start` into the unit of the batch's next slot; answers its bytes, 0 when it cannot. */
  #protect(
    source: SendSource,
    batch: PacketBatch,
    start: number,
    length: number,
    arcOffset: number,
    nowMs: number,
  ): number {
    const slotStart = batch.offset(batch.size);
    const epoch = this.#keyring.sendEpoch;
    const keys = source.keys.ofPhase(epoch);
    if (keys === undefined) return 0;
    setKeyPhase(batch.bytes, start + arcOffset, epoch);
    if (!this.#view.parse(batch.bytes, start, start + length)) return 0;
    if (source.srtp.protect(keys, this.#view) !== "ok") return 0;
    const end = start + length + keys.overheadBytes;
    const unitStart = this.#reduced.reduce(batch.bytes, start, end, nowMs);
    if (unitStart !== slotStart) batch.bytes.copyWithin(slotStart, unitStart, end);
    return end - unitStart;
  }
}
