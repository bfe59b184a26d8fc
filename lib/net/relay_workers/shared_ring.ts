/**
 * A ring of records in shared memory from one thread to one other: neither waits for the other, nothing is allocated.
 *
 * ```
 *   control    head (written by the writer)  ...64 bytes...  tail (written by the reader)  ...64 bytes...
 *   slot       kind, bytes, and 14 words that the kind explains | payload of up to 2048 bytes
 * ```
 */
import { HEADROOM_BYTES, type PacketBatch } from "../../base/batch.ts";

export const RING_PAYLOAD_BYTES = 2048;
/** A power of two. */
const RING_SLOTS = 256;
const HEADER_WORDS = 16;
const SLOT_BYTES = 4 * HEADER_WORDS + RING_PAYLOAD_BYTES;
const TAIL = 16;
const CONTROL_BYTES = 128;

/** Words of a record. */
export const KIND_AT = 0;
const BYTES_AT = 1;
/** From here on a record's words are its kind's. */
export const OWN_WORDS_AT = 2;

export class SharedRing {
  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(CONTROL_BYTES + RING_SLOTS * SLOT_BYTES);
  }

  /** Words of all records; those of a slot begin at {@link wordOf}. */
  readonly words: Uint32Array;
  readonly #control: Int32Array;
  readonly #payloads: readonly Uint8Array[];
  /** Views of the slots of batches that packets came in. */
  readonly #slots = new WeakMap<PacketBatch, readonly Uint8Array[]>();

  constructor(memory: SharedArrayBuffer) {
    this.#control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.words = new Uint32Array(memory, CONTROL_BYTES);
    this.#payloads = Array.from(
      { length: RING_SLOTS },
      (_, i) => new Uint8Array(memory, CONTROL_BYTES + i * SLOT_BYTES + 4 * HEADER_WORDS, RING_PAYLOAD_BYTES),
    );
  }

  /** The first word of a slot's record. */
  wordOf(slot: number): number {
    return (slot * SLOT_BYTES) / 4;
  }

  /** Writer: the slot to fill, or -1 when the ring is full. */
  reserve(): number {
    const head = this.#control[0];
    // Both count on beyond 2^31, around zero and on: only their difference and lowest bits mean something.
    const isFull = ((head - Atomics.load(this.#control, TAIL)) | 0) >= RING_SLOTS;
    return isFull ? -1 : head & (RING_SLOTS - 1);
  }

  /** Writer: hands the reserved slot over. */
  commit(): void {
    Atomics.store(this.#control, 0, this.#control[0] + 1);
  }

  /** Reader: the oldest slot, or -1 when there is none. It is the reader's until {@link release}. */
  front(): number {
    const tail = this.#control[TAIL];
    return Atomics.load(this.#control, 0) === tail ? -1 : tail & (RING_SLOTS - 1);
  }

  release(): void {
    Atomics.store(this.#control, TAIL, this.#control[TAIL] + 1);
  }

  /** Writer: puts packet `i` of `batch` into a slot. @throws RangeError when the batch's slots are larger than ours. */
  put(slot: number, batch: PacketBatch, i: number): void {
    this.#payloads[slot].set(this.#views(batch)[i]);
    this.words[this.wordOf(slot) + BYTES_AT] = batch.lengths[i];
  }

  /** Reader: copies a slot's packet to the end of `batch`, which has room and slots of {@link RING_PAYLOAD_BYTES}. */
  take(slot: number, batch: PacketBatch, address: number): void {
    batch.bytes.set(this.#payloads[slot], batch.offset(batch.size));
    batch.lengths[batch.size] = this.words[this.wordOf(slot) + BYTES_AT];
    batch.addresses[batch.size] = address;
    batch.size++;
  }

  /** Writer: puts bytes into a slot, as many as there is room for. */
  putBytes(slot: number, bytes: Uint8Array): void {
    const kept = bytes.subarray(0, RING_PAYLOAD_BYTES);
    this.#payloads[slot].set(kept);
    this.words[this.wordOf(slot) + BYTES_AT] = kept.length;
  }

  /** Reader: a view of a slot's payload, borrowed until {@link release}. */
  payloadOf(slot: number): Uint8Array {
    return this.#payloads[slot].subarray(0, this.words[this.wordOf(slot) + BYTES_AT]);
  }

  #views(batch: PacketBatch): readonly Uint8Array[] {
    let views = this.#slots.get(batch);
    if (views === undefined) {
      if (batch.slotBytes > RING_PAYLOAD_BYTES) throw new RangeError("the batch's slots are larger than the ring's");
      views = Array.from(
        { length: batch.capacity },
        (_, i) => batch.bytes.subarray(batch.offset(i), batch.offset(i + 1) - HEADROOM_BYTES),
      );
      this.#slots.set(batch, views);
    }
    return views;
  }
}
