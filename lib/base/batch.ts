/**
 * Free bytes in front of every slot, so that a header can grow in place: a reduced header by 12, a stream's length
 * field by 2.
 */
export const HEADROOM_BYTES = 16;

/**
 * A batch of packets in one buffer: what transports hand over and what session, relay and load work on.
 * One packet is the plain case. Nothing is allocated after construction.
 */
export class PacketBatch {
  /** Backing store: slot `i` starts at {@link offset}. Owned by the batch; whoever reads it borrows. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly slotBytes: number;
  readonly capacity: number;
  /** Bytes in use of each slot. */
  readonly lengths: Uint32Array;
  /** Where each packet came from or goes to: a small integer that the transport's address table explains. */
  readonly addresses: Int32Array;
  /** Packets in use: slots `0..size-1`. */
  size = 0;

  /** Where the bytes behind the slots begin: `tailBytes` of scratch for whoever fills the batch. */
  readonly tail: number;

  constructor(capacity: number, slotBytes = 2048, tailBytes = 0) {
    this.capacity = capacity;
    this.slotBytes = slotBytes;
    this.tail = capacity * (HEADROOM_BYTES + slotBytes);
    this.bytes = new Uint8Array(this.tail + tailBytes);
    this.lengths = new Uint32Array(capacity);
    this.addresses = new Int32Array(capacity);
  }

  /** Offset of slot `i` in {@link bytes}; the {@link HEADROOM_BYTES} before it are the slot's too. */
  offset(i: number): number {
    return i * (HEADROOM_BYTES + this.slotBytes) + HEADROOM_BYTES;
  }

  /** A borrowed view of packet `i`, valid until the slot is written again. Allocates the view object. */
  packet(i: number): Uint8Array<ArrayBuffer> {
    const start = this.offset(i);
    return this.bytes.subarray(start, start + this.lengths[i]);
  }

  /** Copies `packet` into the next free slot; false, changing nothing, when full or when it is larger than a slot. */
  push(packet: Uint8Array, address: number): boolean {
    if (this.size === this.capacity || packet.length > this.slotBytes) return false;
    this.bytes.set(packet, this.offset(this.size));
    this.lengths[this.size] = packet.length;
    this.addresses[this.size] = address;
    this.size++;
    return true;
  }

  clear(): void {
    this.size = 0;
  }
}
