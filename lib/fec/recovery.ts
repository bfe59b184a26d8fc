/**
 * Restores lost packets of one SSRC from repair packets (RFC 8627 §6.3): a repair of which one source is missing gives that
 * one; what it gives may complete another repair, and so on.
 *
 * ```
 * source --> store of the last 512 ---+
 *                                     +--> repairs that miss one --> recovered --> store, and out
 * repair --> the last 64 -------------+
 * ```
 */
import { writeU16, writeU32 } from "../base/bytes.ts";
import { ok, type Parsed } from "../base/parsed.ts";
import { Ring } from "../base/ring.ts";
import { nearest } from "../base/serial.ts";
import { ArcRtpView, setKeyPhase } from "../packet/arcrtp.ts";
import { RTP_FIXED_HEADER_BYTES } from "../packet/rtp_header.ts";
import { lengthRecovery, parseFlexfecHeader, RECOVERY_FIELDS_BYTES } from "./flexfec_header.ts";
import { addSource, type FecSource } from "./source.ts";

export interface FecRecoveryOptions {
  /** Source packets remembered; default 512. */
  readonly sources?: number;
  /** Repair packets that wait for sources; default 64. The oldest makes room. */
  readonly repairs?: number;
  /** Largest packet; default 1232. */
  readonly slotBytes?: number;
}

/** A restored packet: byte for byte the source, K being 0. Bytes are the store's and hold until the next `handle` call. */
export interface RecoveredPacket extends FecSource {
  readonly index: number;
}

export interface FecCounters {
  /** Repair packets taken in. */
  readonly repairs: number;
  readonly recovered: number;
  /** Repairs that were not needed, since all of their sources came. */
  readonly unneeded: number;
  /** Repairs given up: pushed out, or their sources are forgotten. */
  readonly expired: number;
  /** Repairs whose sum is no packet: they and the sources do not belong together. */
  readonly inconsistent: number;
}

interface WaitingRepair {
  readonly baseIndex: number;
  readonly offsets: readonly number[];
  missing: number;
  /** Recovery fields, then the repair payload: the pool's slot. */
  readonly slot: number;
  readonly payloadBytes: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Recovery for one protected SSRC. Memory is bounded; sources are copied, since they are needed after they are played. */
export class FecRecovery {
  readonly #ssrc: number;
  readonly #slotBytes: number;

  readonly #sourceCount: number;
  readonly #sourcePool: Uint8Array;
  readonly #sourceIndexes: Float64Array;
  readonly #sourceLengths: Uint32Array;
  readonly #arcOffsets: Uint32Array;

  readonly #repairSlotBytes: number;
  readonly #repairPool: Uint8Array;
  /** Oldest first. */
  #waiting: WaitingRepair[] = [];
  readonly #freeSlots: number[];

  readonly #out: Ring<RecoveredPacket>;
  readonly #view = new ArcRtpView();
  readonly #sum: Uint8Array;
  readonly #counters: Mutable<FecCounters> = { repairs: 0, recovered: 0, unneeded: 0, expired: 0, inconsistent: 0 };

  constructor(protectedSsrc: number, options: FecRecoveryOptions = {}) {
    const repairs = options.repairs ?? 64;
    this.#ssrc = protectedSsrc;
    this.#slotBytes = options.slotBytes ?? 1232;
    this.#sourceCount = options.sources ?? 512;
    this.#sourcePool = new Uint8Array(this.#sourceCount * this.#slotBytes);
    this.#sourceIndexes = new Float64Array(this.#sourceCount).fill(-1);
    this.#sourceLengths = new Uint32Array(this.#sourceCount);
    this.#arcOffsets = new Uint32Array(this.#sourceCount);
    this.#repairSlotBytes = RECOVERY_FIELDS_BYTES + this.#slotBytes;
    this.#repairPool = new Uint8Array(repairs * this.#repairSlotBytes);
    this.#freeSlots = Array.from({ length: repairs }, (_, slot) => slot);
    this.#out = new Ring(repairs);
    this.#sum = new Uint8Array(this.#repairSlotBytes);
  }

  /** Counts since the beginning; the object is the recovery's own. */
  get counters(): FecCounters {
    return this.#counters;
  }

  /**
   * Takes in a source packet that was received and unprotected; not one restored from RTX (SPEC ARC-LOSS-fec-not-rtx).
   * Afterwards {@link poll} has what it made whole.
   */
  handleSource(index: number, source: FecSource): void {
    if (source.end - source.start > this.#slotBytes || this.#has(index)) return;
    const slot = index % this.#sourceCount;
    // Older than what has its place now: no repair can want it any more.
    if (this.#sourceIndexes[slot] > index) return;
    const at = slot * this.#slotBytes;
    this.#sourcePool.set(source.bytes.subarray(source.start, source.end), at);
    this.#keepSource(index, source.end - source.start, source.arcStart - source.start);
    this.#settle();
  }

  /**
   * Takes in the FEC payload `b[at..end)` of a repair packet that was received and unprotected. `nearIndex` is the
   * protected SSRC's highest index, next to which SN base is read. Afterwards {@link poll} has what it restored.
   *
   * Faults: those of the FEC header; the repair is then dropped.
   */
  handleRepair(b: Uint8Array, at: number, end: number, nearIndex: number): Parsed<null> {
    const header = parseFlexfecHeader(b, at, end);
    if (!header.ok) return header;
    const { baseSequence16, offsets, headerBytes } = header.value;
    this.#counters.repairs++;
    const payloadBytes = end - at - headerBytes;
    const baseIndex = nearest(baseSequence16, nearIndex, 16);
    if (payloadBytes > this.#slotBytes || baseIndex < 0) this.#counters.inconsistent++;
    else if (this.#isKnown(baseIndex, offsets)) this.#counters.expired++;
    else {
      const slot = this.#repairSlot();
      const slotAt = slot * this.#repairSlotBytes;
      this.#repairPool.set(b.subarray(at, at + RECOVERY_FIELDS_BYTES), slotAt);
      this.#repairPool.set(b.subarray(at + headerBytes, end), slotAt + RECOVERY_FIELDS_BYTES);
      const missing = offsets.reduce((count, offset) => count + (this.#has(baseIndex + offset) ? 0 : 1), 0);
      this.#waiting.push({ baseIndex, offsets, missing, slot, payloadBytes });
      this.#settle();
    }
    return ok(null);
  }

  /** The next restored packet; undefined when there is none. */
  poll(): RecoveredPacket | undefined {
    return this.#out.shift();
  }
}
