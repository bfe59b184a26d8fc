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
import { RTP_FIXED_HEADER_BYTES, RTP_VERSION } from "../packet/rtp_header.ts";
import { lengthRecovery, parseFlexfecHeader, RECOVERY_FIELDS_BYTES, timestampRecovery } from "./flexfec_header.ts";
import { addSource, type FecSource, sourcePayloadBytes } from "./source.ts";

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

/** A repair that misses two sources or more. */
interface WaitingRepair {
  readonly baseIndex: number;
  readonly offsets: readonly number[];
  readonly payloadBytes: number;
  /** Where in the pool its recovery fields and payload are. */
  readonly slot: number;
  /** Sources not in the store when they were last counted. */
  missing: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Recovery for one protected SSRC. Memory is bounded; sources are copied, since they are needed after they are played. */
export class FecRecovery {
  readonly #ssrc: number;
  readonly #slotBytes: number;

  // The store of sources: index i is in slot i % capacity, or is not there.
  readonly #capacity: number;
  readonly #pool: Uint8Array;
  readonly #indexes: Float64Array;
  readonly #lengths: Uint32Array;
  /** Of the Arc block, from the packet's start. */
  readonly #arcOffsets: Uint32Array;
  #highestIndex = -Infinity;

  readonly #repairSlotBytes: number;
  readonly #repairPool: Uint8Array;
  readonly #freeSlots: number[];
  /** Oldest first. */
  readonly #waiting: WaitingRepair[] = [];

  readonly #restored: Ring<RecoveredPacket>;
  readonly #view = new ArcRtpView();
  readonly #source: Mutable<FecSource>;
  readonly #counters: Mutable<FecCounters> = { repairs: 0, recovered: 0, unneeded: 0, expired: 0, inconsistent: 0 };

  constructor(protectedSsrc: number, options: FecRecoveryOptions = {}) {
    const repairs = options.repairs ?? 64;
    this.#ssrc = protectedSsrc;
    this.#slotBytes = options.slotBytes ?? 1232;
    this.#capacity = options.sources ?? 512;
    this.#pool = new Uint8Array(this.#capacity * this.#slotBytes);
    this.#indexes = new Float64Array(this.#capacity).fill(-1);
    this.#lengths = new Uint32Array(this.#capacity);
    this.#arcOffsets = new Uint32Array(this.#capacity);
    this.#repairSlotBytes = RECOVERY_FIELDS_BYTES + this.#slotBytes;
    this.#repairPool = new Uint8Array(repairs * this.#repairSlotBytes);
    this.#freeSlots = Array.from({ length: repairs }, (_, slot) => slot);
    this.#restored = new Ring(repairs);
    this.#source = { bytes: this.#pool, start: 0, end: 0, arcStart: 0 };
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
    const length = source.end - source.start;
    const slot = index % this.#capacity;
    if (length > this.#slotBytes || this.#indexes[slot] >= index) return;
    const at = slot * this.#slotBytes;
    this.#pool.set(source.bytes.subarray(source.start, source.end), at);
    this.#keep(index, length, source.arcStart - source.start);
    this.#spread(index);
  }

  /**
   * Takes in the FEC payload `b[at..end)` of a repair packet that was received and unprotected. `nearIndex` is the
   * protected SSRC's highest index, next to which SN base is read. Afterwards {@link poll} has what it restored.
   *
   * Faults: those of the FEC header, counted from `at`; the repair is dropped.
   */
  handleRepair(b: Uint8Array, at: number, end: number, nearIndex: number): Parsed<null> {
    const header = parseFlexfecHeader(b, at, end);
    if (!header.ok) return header;
    this.#counters.repairs++;
    const { baseSequence16, offsets, headerBytes } = header.value;
    const baseIndex = nearest(baseSequence16, nearIndex, 16);
    const payloadBytes = end - at - headerBytes;
    if (baseIndex < 0 || payloadBytes > this.#slotBytes) this.#counters.inconsistent++;
    else if (baseIndex <= this.#highestIndex - this.#capacity) this.#counters.expired++;
    else {
      const slot = this.#takeSlot();
      const slotAt = slot * this.#repairSlotBytes;
      this.#repairPool.set(b.subarray(at, at + RECOVERY_FIELDS_BYTES), slotAt);
      this.#repairPool.set(b.subarray(at + headerBytes, end), slotAt + RECOVERY_FIELDS_BYTES);
      const missing = offsets.reduce((count, offset) => count + (this.#has(baseIndex + offset) ? 0 : 1), 0);
      const repair = { baseIndex, offsets, payloadBytes, slot, missing };
      if (missing > 1) this.#waiting.push(repair);
      else {
        const index = this.#finish(repair);
        if (index !== undefined) this.#spread(index);
      }
    }
    return ok(null);
  }

  /** The next restored packet; undefined when there is none. */
  poll(): RecoveredPacket | undefined {
    return this.#restored.shift();
  }

  #has(index: number): boolean {
    return this.#indexes[index % this.#capacity] === index;
  }

  #keep(index: number, length: number, arcOffset: number): void {
    const slot = index % this.#capacity;
    this.#indexes[slot] = index;
    this.#lengths[slot] = length;
    this.#arcOffsets[slot] = arcOffset;
    this.#highestIndex = Math.max(this.#highestIndex, index);
    setKeyPhase(this.#pool, slot * this.#slotBytes + arcOffset, 0);
  }

  /** A slot for a new repair: the oldest that waits gives up its own when all are taken. */
  #takeSlot(): number {
    const free = this.#freeSlots.pop();
    if (free !== undefined) return free;
    this.#counters.expired++;
    return this.#waiting.shift()?.slot ?? 0;
  }

  /** Follows a new source through the repairs that wait for it, and what they restore in turn. */
  #spread(index: number): void {
    if (this.#waiting.length === 0) return;
    const fresh = [index];
    for (let next = fresh.pop(); next !== undefined; next = fresh.pop()) {
      for (let i = 0; i < this.#waiting.length;) {
        const repair = this.#waiting[i];
        const isFinished = repair.offsets.includes(next - repair.baseIndex) && --repair.missing <= 1;
        if (!isFinished) i++;
        else {
          this.#waiting.splice(i, 1);
          const restored = this.#finish(repair);
          if (restored !== undefined) fresh.push(restored);
        }
      }
    }
  }

  /** Uses a repair up; answers the index of what it restored. */
  #finish(repair: WaitingRepair): number | undefined {
    this.#freeSlots.push(repair.slot);
    let missing = -1;
    for (const offset of repair.offsets) {
      const index = repair.baseIndex + offset;
      if (this.#has(index)) continue;
      // More than one is missing after all, or it is so old that its place is taken: the others may be gone as well.
      if (missing >= 0 || index <= this.#highestIndex - this.#capacity) {
        this.#counters.expired++;
        return undefined;
      }
      missing = index;
    }
    if (missing < 0) {
      this.#counters.unneeded++;
      return undefined;
    }
    if (!this.#restore(repair, missing)) {
      this.#counters.inconsistent++;
      return undefined;
    }
    this.#counters.recovered++;
    return missing;
  }

  /** Takes all other sources out of the repair's sum: what is left is the missing one (RFC 8627 §6.3.2). */
  #restore(repair: WaitingRepair, missing: number): boolean {
    const sumAt = repair.slot * this.#repairSlotBytes;
    const payloadAt = sumAt + RECOVERY_FIELDS_BYTES;
    for (const offset of repair.offsets) {
      const index = repair.baseIndex + offset;
      if (index === missing) continue;
      const slot = index % this.#capacity;
      this.#source.start = slot * this.#slotBytes;
      this.#source.end = this.#source.start + this.#lengths[slot];
      this.#source.arcStart = this.#source.start + this.#arcOffsets[slot];
      if (sourcePayloadBytes(this.#source) > repair.payloadBytes) return false;
      addSource(this.#source, this.#repairPool, sumAt, payloadAt);
    }
    return this.#rebuild(repair, missing, sumAt, payloadAt);
  }

  #rebuild(repair: WaitingRepair, missing: number, sumAt: number, payloadAt: number): boolean {
    const sum = this.#repairPool;
    const length = lengthRecovery(sum, sumAt);
    if (length > Math.min(repair.payloadBytes, this.#slotBytes - RTP_FIXED_HEADER_BYTES)) return false;
    // Beyond the packet's own length nothing may be left over.
    for (let i = payloadAt + length; i < payloadAt + repair.payloadBytes; i++) if (sum[i] !== 0) return false;
    const slot = missing % this.#capacity;
    const start = slot * this.#slotBytes;
    const end = start + RTP_FIXED_HEADER_BYTES + length;
    this.#indexes[slot] = -1;
    this.#pool[start] = (RTP_VERSION << 6) | (sum[sumAt] & 0x3f);
    this.#pool[start + 1] = sum[sumAt + 1];
    writeU16(this.#pool, start + 2, missing % 0x1_0000);
    writeU32(this.#pool, start + 4, timestampRecovery(sum, sumAt));
    writeU32(this.#pool, start + 8, this.#ssrc);
    this.#pool.set(sum.subarray(payloadAt, payloadAt + length), start + RTP_FIXED_HEADER_BYTES);
    if (!this.#view.parse(this.#pool, start, end)) return false;
    const arcStart = this.#view.arcStart;
    this.#keep(missing, end - start, arcStart - start);
    this.#restored.push({ index: missing, bytes: this.#pool, start, end, arcStart });
    return true;
  }
}
