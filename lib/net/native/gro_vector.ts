/**
 * Receives what the system has put together: packets of one sender and one size that came one behind the other are one
 * message (UDP_GRO), which is cut up here. Where nobody puts anything together each message is one packet.
 *
 * ```
 *   tail of the batch    message 0: 1200 1200 1200 300 | message 1: 160 | ...
 *   slots                1200 | 1200 | 1200 | 300 | 160 | ...
 * ```
 */
import { PacketBatch } from "../../base/batch.ts";
import type { AddressCache } from "./address_cache.ts";
import { addressOf, type Libc, MSG_DONTWAIT, SOL_UDP, UDP_GRO } from "./libc.ts";
import {
  CMSG_SPACE_BYTES,
  CONTROL_AT,
  CONTROL_BYTES_AT,
  CONTROL_WORDS,
  HEADER_WORDS,
  LENGTH_AT,
  VECTOR_PACKETS,
} from "./message_layout.ts";
import { NAME_WORDS, ReceiveHeaders } from "./receive_headers.ts";
import { judgeReceiveError, type Received, type Receiver } from "./receive_vector.ts";
import { writeU64Words } from "./words.ts";

/** As large as a message can be, and a little, so that messages do not all fall on the same lines of the caches. */
const MESSAGE_BYTES = 65_536 + 192;

/** Of one socket and one batch: what did not fit the batch waits in its tail. All that the system writes hangs here. */
export class GroVector implements Receiver {
  /** The only one that {@link receive} fills. */
  readonly batch: PacketBatch;
  readonly #libc: Libc;
  readonly #headers: ReceiveHeaders;
  readonly #controls = new Uint32Array(VECTOR_PACKETS * CONTROL_WORDS);
  #messages = 0;
  /** The message that is being cut up, and how far. */
  #message = 0;
  #offset = 0;

  constructor(c: Libc, slotBytes: number) {
    this.#libc = c;
    this.batch = new PacketBatch(VECTOR_PACKETS, slotBytes, VECTOR_PACKETS * MESSAGE_BYTES);
    const base = addressOf(c, this.batch.bytes) + this.batch.tail;
    const controls = addressOf(c, new Uint8Array(this.#controls.buffer));
    this.#headers = new ReceiveHeaders(c);
    for (let i = 0; i < VECTOR_PACKETS; i++) {
      this.#headers.aim(i, base + i * MESSAGE_BYTES, MESSAGE_BYTES);
      writeU64Words(this.#headers.words, i * HEADER_WORDS + CONTROL_AT, controls + 4 * CONTROL_WORDS * i);
    }
  }

  receive(fd: number, batch: PacketBatch, addresses: AddressCache, counts: Received): number {
    if (batch !== this.batch) throw new RangeError("Cannot receive into this batch: the socket has one of its own");
    batch.clear();
    if (this.#message === this.#messages && !this.#refill(fd)) return 0;
    let taken = 0;
    while (this.#message < this.#messages && batch.size < batch.capacity) {
      const address = addresses.numberOf(this.#headers.names, this.#message * NAME_WORDS);
      taken += this.#cut(address, counts);
    }
    counts.received += taken;
    return taken;
  }

  /** Asks the system for more; false when there is nothing. */
  #refill(fd: number): boolean {
    const { words, bytes } = this.#headers;
    this.#headers.reset(VECTOR_PACKETS);
    for (let i = 0; i < VECTOR_PACKETS; i++) words[i * HEADER_WORDS + CONTROL_BYTES_AT] = CMSG_SPACE_BYTES;
    const count = this.#libc.recvmmsg(fd, bytes, VECTOR_PACKETS, MSG_DONTWAIT, null);
    this.#message = 0;
    this.#offset = 0;
    this.#messages = count < 0 ? judgeReceiveError(this.#libc) : count;
    return this.#messages > 0;
  }

  /** Moves packets of the message at hand into the batch, as far as there is room; answers how many. */
  #cut(address: number, counts: Received): number {
    const { batch } = this;
    const total = this.#headers.words[this.#message * HEADER_WORDS + LENGTH_AT];
    const each = this.#segmentBytes(this.#message) || total;
    const start = batch.tail + this.#message * MESSAGE_BYTES;
    let taken = 0;
    do {
      const bytes = Math.min(each, total - this.#offset);
      const from = start + this.#offset;
      if (bytes > batch.slotBytes) counts.oversize++;
      else {
        batch.bytes.copyWithin(batch.offset(batch.size), from, from + bytes);
        batch.lengths[batch.size] = bytes;
        batch.addresses[batch.size] = address;
        batch.size++;
      }
      taken++;
      this.#offset += bytes;
    } while (this.#offset < total && batch.size < batch.capacity);
    if (this.#offset >= total) {
      this.#message++;
      this.#offset = 0;
    }
    return taken;
  }

  /** Bytes of each packet but the last; 0 where the message is one packet. */
  #segmentBytes(message: number): number {
    const control = message * CONTROL_WORDS;
    const isThere = this.#headers.words[message * HEADER_WORDS + CONTROL_BYTES_AT] > 0 &&
      this.#controls[control + 2] === SOL_UDP && this.#controls[control + 3] === UDP_GRO;
    return isThere ? this.#controls[control + 4] : 0;
  }
}
