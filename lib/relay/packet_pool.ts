import type { PacketBatch } from "../base/batch.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import { NONE } from "./relay_addresses.ts";

/**
 * Packets that wait, in slots of one buffer. Nothing is allocated per packet: `set` needs a view of what it copies, so
 * the views of whole slots are made once, here and per batch, and copying a little more than the packet is cheaper than
 * making one (33 ns against 80).
 */
export class PacketPool {
  readonly capacity: number;
  /** Bytes in use of each slot. */
  readonly lengths: Uint32Array;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #slots: readonly Uint8Array[];
  /** The free slots, as a stack. */
  readonly #free: Int32Array;
  #freeCount: number;
  /** Views of the slots of batches that packets came in. */
  readonly #batches = new WeakMap<PacketBatch, readonly Uint8Array[]>();

  /** Slots hold one unit of the protocol each: {@link MAX_UNIT_BYTES}. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.lengths = new Uint32Array(capacity);
    this.#bytes = new Uint8Array(capacity * MAX_UNIT_BYTES);
    this.#slots = Array.from(
      { length: capacity },
      (_, i) => this.#bytes.subarray(i * MAX_UNIT_BYTES, (i + 1) * MAX_UNIT_BYTES),
    );
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
    this.#freeCount = capacity;
  }

  get used(): number {
    return this.capacity - this.#freeCount;
  }

  get isFull(): boolean {
    return this.#freeCount === 0;
  }

  /** Bytes of memory that the packets take, whether used or not. */
  get memoryBytes(): number {
    return this.#bytes.length;
  }

  /** Copies packet `i` of `batch`, which is at most {@link MAX_UNIT_BYTES} long; answers its slot, {@link NONE} when full. */
  put(batch: PacketBatch, i: number): number {
    if (this.#freeCount === 0) return NONE;
    const slot = this.#free[--this.#freeCount];
    this.#bytes.set(this.#views(batch)[i], slot * MAX_UNIT_BYTES);
    this.lengths[slot] = batch.lengths[i];
    return slot;
  }

  /** Copies a packet to the end of `out`, which has room, and frees its slot. */
  take(slot: number, out: PacketBatch, address: number): void {
    this.copy(slot, out, address);
    this.free(slot);
  }

  /** Copies a packet to the end of `out`, which has room, and keeps it. */
  copy(slot: number, out: PacketBatch, address: number): void {
    out.bytes.set(this.#slots[slot], out.offset(out.size));
    out.lengths[out.size] = this.lengths[slot];
    out.addresses[out.size] = address;
    out.size++;
  }

  free(slot: number): void {
    this.#free[this.#freeCount++] = slot;
  }

  #views(batch: PacketBatch): readonly Uint8Array[] {
    let views = this.#batches.get(batch);
    if (views === undefined) {
      const bytes = Math.min(MAX_UNIT_BYTES, batch.slotBytes);
      views = Array.from(
        { length: batch.capacity },
        (_, i) => batch.bytes.subarray(batch.offset(i), batch.offset(i) + bytes),
      );
      this.#batches.set(batch, views);
    }
    return views;
  }
}

/** @throws RangeError when the slots of `out` cannot hold every unit: a programmer's mistake. */
export function checkOutBatch(out: PacketBatch): void {
  if (out.slotBytes >= MAX_UNIT_BYTES) return;
  throw new RangeError(`Cannot fill batch: need slots of ${MAX_UNIT_BYTES} bytes, got ${out.slotBytes}`);
}
