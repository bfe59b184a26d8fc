/**
 * Sorts a batch's packets into messages: packets to one address and of one size, one behind the other, are one message
 * that the system cuts up again (UDP_SEGMENT). The last of them may be shorter. What goes to one address keeps its order.
 *
 * ```
 *   batch    A1200 B160 A1200 B160 A300 A1200
 *   groups   A: 1200 1200 300     B: 160 160     A: 1200
 * ```
 */
import type { PacketBatch } from "../../base/batch.ts";

const NONE = -1;
/** What the system takes as one message: 64 segments, and what fits a datagram's 16-bit length with room for headers. */
const MAX_SEGMENTS = 64;
const MAX_GROUP_BYTES = 65_000;

export class SendGroups {
  /** Groups of the last {@link sort}. */
  size = 0;
  // By group.
  readonly head: Int32Array;
  readonly count: Int32Array;
  readonly segmentBytes: Int32Array;
  readonly address: Int32Array;
  /** By packet: the next one of its group. */
  readonly next: Int32Array;
  readonly #tail: Int32Array;
  readonly #bytes: Int32Array;
  /** By address: the group that may still grow. */
  readonly #open: Int32Array;

  constructor(maxPackets: number, addresses: number) {
    this.head = new Int32Array(maxPackets);
    this.count = new Int32Array(maxPackets);
    this.segmentBytes = new Int32Array(maxPackets);
    this.address = new Int32Array(maxPackets);
    this.next = new Int32Array(maxPackets);
    this.#tail = new Int32Array(maxPackets);
    this.#bytes = new Int32Array(maxPackets);
    this.#open = new Int32Array(addresses).fill(NONE);
  }

  /**
   * Sorts packets `from..to-1`, as many as there is room for at most; those that `isKnown` does not take are left out.
   * Packet numbers in {@link head} and {@link next} count from `from`. Answers how many were left out.
   */
  sort(batch: PacketBatch, from: number, to: number, mayGroup: boolean, isKnown: (address: number) => boolean): number {
    this.size = 0;
    let left = 0;
    for (let i = from; i < to; i++) {
      const address = batch.addresses[i];
      if (!isKnown(address)) {
        left++;
        continue;
      }
      const bytes = batch.lengths[i];
      const open = mayGroup ? this.#open[address] : NONE;
      if (open !== NONE && this.#grow(open, i - from, bytes)) {
        if (bytes < this.segmentBytes[open]) this.#open[address] = NONE;
      } else {
        const group = this.#start(i - from, address, bytes);
        if (mayGroup) this.#open[address] = bytes > 0 ? group : NONE;
      }
    }
    for (let group = 0; group < this.size; group++) this.#open[this.address[group]] = NONE;
    return left;
  }

  #start(packet: number, address: number, bytes: number): number {
    const group = this.size++;
    this.head[group] = packet;
    this.#tail[group] = packet;
    this.count[group] = 1;
    this.segmentBytes[group] = bytes;
    this.#bytes[group] = bytes;
    this.address[group] = address;
    return group;
  }

  #grow(group: number, packet: number, bytes: number): boolean {
    const fits = bytes > 0 && bytes <= this.segmentBytes[group] && this.count[group] < MAX_SEGMENTS &&
      this.#bytes[group] + bytes <= MAX_GROUP_BYTES;
    if (!fits) return false;
    this.next[this.#tail[group]] = packet;
    this.#tail[group] = packet;
    this.count[group]++;
    this.#bytes[group] += bytes;
    return true;
  }
}
