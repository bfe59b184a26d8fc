/** What `sendmmsg` reads: a batch as messages, each one packet or several of one size to one address. */
import type { PacketBatch } from "../../base/batch.ts";
import type { AddressCache } from "./address_cache.ts";
import { addressOf, ERRNO, errno, type Libc, SOL_UDP, UDP_SEGMENT } from "./libc.ts";
import {
  CMSG_SPACE_BYTES,
  CONTROL_AT,
  CONTROL_BYTES_AT,
  CONTROL_WORDS,
  HEADER_WORDS,
  IOV_AT,
  IOV_COUNT_AT,
  IOVEC_WORDS,
  NAME_AT,
  NAME_BYTES_AT,
  SEGMENT_CMSG_BYTES,
} from "./message_layout.ts";
import { SendGroups } from "./send_groups.ts";
import { writeU64Words } from "./words.ts";

/** Packets of one system call; a batch with more takes several. */
const CALL_PACKETS = 256;

export interface Sent {
  sent: number;
  sendErrors: number;
}

/** What a socket brings along. */
export interface SendSocket {
  readonly fd: number;
  readonly addresses: AddressCache;
  readonly addressCapacity: number;
  /** Where the bytes of {@link addresses} lie. */
  readonly addressBase: number;
  /** Bytes of one address. */
  readonly nameBytes: number;
  /** Cleared where the system, or the device behind it, will not cut messages up. */
  mayGroup: boolean;
}

/**
 * One for all sockets of a thread, as {@link ReceiveVector} is: the system reads only while a call lasts. All that it
 * reads hangs on this object, the socket's addresses and the batch included.
 */
export class SendVector {
  readonly #libc: Libc;
  readonly #headers = new Uint32Array(CALL_PACKETS * HEADER_WORDS);
  readonly #headerBytes = new Uint8Array(this.#headers.buffer);
  readonly #iovecs = new Uint32Array(CALL_PACKETS * IOVEC_WORDS);
  readonly #iovecBase: number;
  readonly #controls = new Uint32Array(CALL_PACKETS * CONTROL_WORDS);
  readonly #controlBase: number;
  #groups = new SendGroups(CALL_PACKETS, 0);
  #addressCapacity = 0;
  #socket: SendSocket;
  readonly #isKnown = (address: number): boolean => this.#socket.addresses.ensure(address);
  #batch: PacketBatch | undefined;
  #batchBase = 0;

  constructor(c: Libc, first: SendSocket) {
    this.#libc = c;
    this.#socket = first;
    this.#iovecBase = addressOf(c, new Uint8Array(this.#iovecs.buffer));
    this.#controlBase = addressOf(c, new Uint8Array(this.#controls.buffer));
    for (let i = 0; i < CALL_PACKETS; i++) {
      const control = i * CONTROL_WORDS;
      writeU64Words(this.#controls, control, SEGMENT_CMSG_BYTES);
      this.#controls[control + 2] = SOL_UDP;
      this.#controls[control + 3] = UDP_SEGMENT;
    }
  }

  /** Sends all of `batch`; what the system refuses is counted. May wait while the system's buffer is full. */
  send(socket: SendSocket, batch: PacketBatch, counts: Sent): void {
    this.#socket = socket;
    if (socket.addressCapacity > this.#addressCapacity) {
      this.#addressCapacity = socket.addressCapacity;
      this.#groups = new SendGroups(CALL_PACKETS, socket.addressCapacity);
    }
    if (this.#batch !== batch) this.#batchBase = addressOf(this.#libc, batch.bytes);
    this.#batch = batch;
    for (let from = 0; from < batch.size; from += CALL_PACKETS) {
      this.#sendPart(batch, from, Math.min(batch.size, from + CALL_PACKETS), counts);
    }
  }

  #sendPart(batch: PacketBatch, from: number, to: number, counts: Sent): void {
    const groups = this.#groups;
    counts.sendErrors += groups.sort(batch, from, to, this.#socket.mayGroup, this.#isKnown);
    this.#write(batch, from);
    let done = 0;
    while (done < groups.size) {
      const headers = done === 0 ? this.#headerBytes : this.#headerBytes.subarray(4 * HEADER_WORDS * done);
      const taken = this.#libc.sendmmsg(this.#socket.fd, headers, groups.size - done, 0);
      for (let group = done; group < done + taken; group++) counts.sent += groups.count[group];
      if (taken > 0) done += taken;
      else if (this.#isRefused(batch, from, done, counts)) done++;
    }
  }

  /** Judges why the system did not take group `group`; false when it is to be tried again. */
  #isRefused(batch: PacketBatch, from: number, group: number, counts: Sent): boolean {
    const { count, head, next } = this.#groups;
    const error = errno(this.#libc);
    if (error === ERRNO.EINTR) return false;
    const isAboutGrouping = error === ERRNO.EIO || error === ERRNO.EINVAL || error === ERRNO.EMSGSIZE;
    if (count[group] === 1 || !isAboutGrouping) {
      counts.sendErrors += count[group];
      return true;
    }
    // A device that cannot cut messages up says EIO, and will say so of every one.
    if (error === ERRNO.EIO) this.#socket.mayGroup = false;
    for (let left = count[group], packet = head[group]; left > 0; left--, packet = next[packet]) {
      this.#writeHeader(group, packet, 1);
      this.#writeIovec(packet, batch, from + packet);
      const header = this.#headerBytes.subarray(4 * HEADER_WORDS * group);
      if (this.#libc.sendmmsg(this.#socket.fd, header, 1, 0) === 1) counts.sent++;
      else counts.sendErrors++;
    }
    return true;
  }

  #write(batch: PacketBatch, from: number): void {
    const { size, count, head, next } = this.#groups;
    let iovec = 0;
    for (let group = 0; group < size; group++) {
      this.#writeHeader(group, iovec, count[group]);
      for (let left = count[group], packet = head[group]; left > 0; left--, packet = next[packet]) {
        this.#writeIovec(iovec++, batch, from + packet);
      }
    }
  }

  #writeHeader(group: number, firstIovec: number, packets: number): void {
    const { address, segmentBytes } = this.#groups;
    const { addressBase, addresses, nameBytes } = this.#socket;
    const header = group * HEADER_WORDS;
    const isGroup = packets > 1;
    writeU64Words(this.#headers, header + NAME_AT, addressBase + addresses.at(address[group]));
    this.#headers[header + NAME_BYTES_AT] = nameBytes;
    writeU64Words(this.#headers, header + IOV_AT, this.#iovecBase + 4 * IOVEC_WORDS * firstIovec);
    this.#headers[header + IOV_COUNT_AT] = packets;
    writeU64Words(
      this.#headers,
      header + CONTROL_AT,
      isGroup ? this.#controlBase + 4 * CONTROL_WORDS * group : 0,
    );
    this.#headers[header + CONTROL_BYTES_AT] = isGroup ? CMSG_SPACE_BYTES : 0;
    this.#controls[group * CONTROL_WORDS + 4] = segmentBytes[group];
  }

  #writeIovec(iovec: number, batch: PacketBatch, i: number): void {
    const start = batch.offset(i);
    const bytes = batch.lengths[i];
    if (bytes > batch.slotBytes) throw new RangeError(`packet ${i} of ${bytes} bytes is larger than its slot`);
    writeU64Words(this.#iovecs, iovec * IOVEC_WORDS, this.#batchBase + start);
    this.#iovecs[iovec * IOVEC_WORDS + 2] = bytes;
  }
}
