/** What `recvmmsg` fills: up to 64 datagrams at a time, straight into the slots of a batch. */
import type { PacketBatch } from "../../base/batch.ts";
import type { AddressCache } from "./address_cache.ts";
import { addressOf, ERRNO, errno, type Libc, MSG_DONTWAIT, MSG_TRUNC, systemError } from "./libc.ts";
import { FLAGS_AT, HEADER_WORDS, LENGTH_AT, VECTOR_PACKETS } from "./message_layout.ts";
import { NAME_WORDS, ReceiveHeaders } from "./receive_headers.ts";

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
  readonly #headers: ReceiveHeaders;
  /** The batch that the vectors point into, kept alive here. */
  #batch: PacketBatch | undefined;

  constructor(c: Libc) {
    this.#libc = c;
    this.#headers = new ReceiveHeaders(c);
  }

  receive(fd: number, batch: PacketBatch, addresses: AddressCache, counts: Received): number {
    batch.clear();
    const room = Math.min(VECTOR_PACKETS, batch.capacity);
    if (this.#batch !== batch) this.#aim(batch, room);
    this.#headers.reset(room);
    const count = this.#libc.recvmmsg(fd, this.#headers.bytes, room, MSG_DONTWAIT, null);
    if (count < 0) return judgeReceiveError(this.#libc);
    for (let i = 0; i < count; i++) this.#take(i, batch, addresses, counts);
    counts.received += count;
    return count;
  }

  #take(i: number, batch: PacketBatch, addresses: AddressCache, counts: Received): void {
    const header = i * HEADER_WORDS;
    if ((this.#headers.words[header + FLAGS_AT] & MSG_TRUNC) !== 0) {
      counts.oversize++;
      return;
    }
    const bytes = this.#headers.words[header + LENGTH_AT];
    const slot = batch.size;
    if (slot !== i) {
      const at = batch.offset(i);
      batch.bytes.copyWithin(batch.offset(slot), at, at + bytes);
    }
    batch.lengths[slot] = bytes;
    batch.addresses[slot] = addresses.numberOf(this.#headers.names, i * NAME_WORDS);
    batch.size = slot + 1;
  }

  #aim(batch: PacketBatch, room: number): void {
    const base = addressOf(this.#libc, batch.bytes);
    for (let i = 0; i < room; i++) {
      const start = batch.offset(i);
      if (start + batch.slotBytes > batch.bytes.length) throw new RangeError(`slot ${i} is not inside its batch`);
      this.#headers.aim(i, base + start, batch.slotBytes);
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
