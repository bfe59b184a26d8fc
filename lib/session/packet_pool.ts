/**
 * Where packets wait between a frame and the wire: written once by the packetizer, then sent, kept for retransmission,
 * summed up by FEC, all from the same bytes.
 *
 * Slots come in chunks that are allocated when they are first needed, so that an idle session costs nothing. Whoever
 * keeps a slot holds a reference to it; the last {@link PacketPool.release} frees it.
 */
import { MAX_UNIT_BYTES } from "../packet/demux.ts";

const CHUNK_SLOTS = 64;
const CHUNK_SHIFT = 6;

/** Packets that wait, or may be asked for again, in one session. Beyond, frames are refused. */
const MAX_SLOTS = 4096;

/** Slots are small integers; the arrays tell of slot `i`. Allocates only when it grows. */
export class PacketPool {
  readonly slotBytes = MAX_UNIT_BYTES;
  /** Bytes of the packet. */
  readonly lengths = new Uint16Array(MAX_SLOTS);
  /** First byte of its Arc block. */
  readonly arcOffsets = new Uint8Array(MAX_SLOTS);
  readonly headerBytes = new Uint8Array(MAX_SLOTS);
  /** PR. */
  readonly priorities = new Uint8Array(MAX_SLOTS);
  /** 1: the extension is there, to be stamped when the packet leaves. */
  readonly stamped = new Uint8Array(MAX_SLOTS);
  /** 1: the last packet of its frame. */
  readonly endsFrame = new Uint8Array(MAX_SLOTS);
  readonly queuedMs = new Float64Array(MAX_SLOTS);

  readonly #references = new Uint8Array(MAX_SLOTS);
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly #free: number[] = [];

  /** Slots in use. */
  get used(): number {
    return this.#chunks.length * CHUNK_SLOTS - this.#free.length;
  }

  /** A slot with one reference, the caller's; -1 when all are taken. */
  acquire(): number {
    const slot = this.#free.pop() ?? this.#grow();
    if (slot >= 0) this.#references[slot] = 1;
    return slot;
  }

  retain(slot: number): void {
    this.#references[slot]++;
  }

  release(slot: number): void {
    if (--this.#references[slot] === 0) this.#free.push(slot);
  }

  /** The bytes that a slot is part of, from {@link offset} on. */
  bytes(slot: number): Uint8Array<ArrayBuffer> {
    return this.#chunks[slot >>> CHUNK_SHIFT];
  }

  offset(slot: number): number {
    return (slot & (CHUNK_SLOTS - 1)) * this.slotBytes;
  }

  payloadBytes(slot: number): number {
    return this.lengths[slot] - this.headerBytes[slot];
  }

  #grow(): number {
    const first = this.#chunks.length * CHUNK_SLOTS;
    if (first === MAX_SLOTS) return -1;
    this.#chunks.push(new Uint8Array(CHUNK_SLOTS * this.slotBytes));
    for (let slot = first + CHUNK_SLOTS - 1; slot > first; slot--) this.#free.push(slot);
    return first;
  }
}

/** Slots in their order of leaving: a ring that grows. */
export class SlotQueue {
  #slots = new Int32Array(16);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(slot: number): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) % this.#slots.length] = slot;
    this.#size++;
  }

  /** The next slot, -1 when empty. */
  peek(): number {
    return this.#size === 0 ? -1 : this.#slots[this.#head];
  }

  shift(): number {
    if (this.#size === 0) return -1;
    const slot = this.#slots[this.#head];
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#size--;
    return slot;
  }

  #grow(): void {
    const grown = new Int32Array(this.#slots.length * 2);
    for (let i = 0; i < this.#size; i++) grown[i] = this.#slots[(this.#head + i) % this.#slots.length];
    this.#slots = grown;
    this.#head = 0;
  }
}
