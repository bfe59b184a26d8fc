/** What `recvmmsg` fills: up to 64 datagrams at a time, straight into the slots of a batch. */
import type { PacketBatch } from "../../base/batch.ts";
import type { AddressCache } from "./address_cache.ts";
import { addressOf, ERRNO, errno, type Libc, MSG_DONTWAIT, MSG_TRUNC, systemError } from "./libc.ts";
import {
  FLAGS_AT,
  HEADER_WORDS,
  IOV_AT,
  IOV_COUNT_AT,
  IOVEC_WORDS,
  LENGTH_AT,
  NAME_AT,
  NAME_BYTES_AT,
  VECTOR_PACKETS,
} from "./message_layout.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";
import { writeU64Words } from "./words.ts";

const NAME_WORDS = SOCKADDR_BYTES / 4;

export interface Received {
  received: number;
  oversize: number;
}

/** Fills batches from a socket, without waiting. */
export interface Receiver {
  /**
   * Fills `batch` from slot 0; answers how many datagrams came in, those included that were too large for a slot and are
   * not in the batch.
   *
   * @throws Error with a `code` when the socket is broken.
   */
  receive(fd: number, batch: PacketBatch, addresses: AddressCache, counts: Received): number;
}

/**
 * One for all sockets of a thread: the system writes only while a call lasts. Everything whose address it is given
 * hangs on this object, and this object on its module, so that no collection can take it away.
 */
export class ReceiveVector implements Receiver {
  readonly #libc: Libc;
  readonly #headers = new Uint32Array(VECTOR_PACKETS * HEADER_WORDS);
  readonly #headerBytes = new Uint8Array(this.#headers.buffer);
  readonly #names = new Uint32Array(VECTOR_PACKETS * NAME_WORDS);
  readonly #iovecs = new Uint32Array(VECTOR_PACKETS * IOVEC_WORDS);
  /** The batch that the vectors point into, kept alive here. */
  #batch: PacketBatch | undefined;

  constructor(c: Libc) {
    this.#libc = c;
    const names = addressOf(c, new Uint8Array(this.#names.buffer));
    const iovecs = addressOf(c, new Uint8Array(this.#iovecs.buffer));
    for (let i = 0; i < VECTOR_PACKETS; i++) {
      const header = i * HEADER_WORDS;
      writeU64Words(this.#headers, header + NAME_AT, names + 4 * NAME_WORDS * i);
      writeU64Words(this.#headers, header + IOV_AT, iovecs + 4 * IOVEC_WORDS * i);
      writeU64Words(this.#headers, header + IOV_COUNT_AT, 1);
    }
  }

  receive(fd: number, batch: PacketBatch, addresses: AddressCache, counts: Received): number {
    batch.clear();
    const room = Math.min(VECTOR_PACKETS, batch.capacity);
    if (this.#batch !== batch) this.#aim(batch, room);
    for (let i = 0; i < room; i++) this.#headers[i * HEADER_WORDS + NAME_BYTES_AT] = SOCKADDR_BYTES;
    const count = this.#libc.recvmmsg(fd, this.#headerBytes, room, MSG_DONTWAIT, null);
    if (count < 0) return judgeReceiveError(this.#libc);
    for (let i = 0; i < count; i++) this.#take(i, batch, addresses, counts);
    counts.received += count;
    return count;
  }

  #take(i: number, batch: PacketBatch, addresses: AddressCache, counts: Received): void {
    const header = i * HEADER_WORDS;
    if ((this.#headers[header + FLAGS_AT] & MSG_TRUNC) !== 0) {
      counts.oversize++;
      return;
    }
    const bytes = this.#headers[header + LENGTH_AT];
    const slot = batch.size;
    if (slot !== i) {
      const at = batch.offset(i);
      batch.bytes.copyWithin(batch.offset(slot), at, at + bytes);
    }
    batch.lengths[slot] = bytes;
    batch.addresses[slot] = addresses.numberOf(this.#names, i * NAME_WORDS);
    batch.size = slot + 1;
  }

  #aim(batch: PacketBatch, room: number): void {
    const base = addressOf(this.#libc, batch.bytes);
    for (let i = 0; i < room; i++) {
      const start = batch.offset(i);
      if (start + batch.slotBytes > batch.bytes.length) throw new RangeError(`slot ${i} is not inside its batch`);
      writeU64Words(this.#iovecs, i * IOVEC_WORDS, base + start);
      writeU64Words(this.#iovecs, i * IOVEC_WORDS + 2, batch.slotBytes);
    }
    this.#batch = batch;
  }
}

/** 0 where a failed receive means that there was nothing. @throws Error with a `code` otherwise. */
export function judgeReceiveError(c: Libc): 0 {
  switch (errno(c)) {
    case ERRNO.EAGAIN:
    case ERRNO.EINTR:
    // What an earlier datagram met on its way; the socket itself is fine.
    case ERRNO.ECONNREFUSED:
      return 0;
    default:
      throw systemError(c, "recvmmsg");
  }
}
