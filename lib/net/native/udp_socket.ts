/** A UDP socket by system calls, many packets in each: synchronous, never waiting to receive. */
import { AddressTable, type HostPort } from "../../base/address_table.ts";
import type { PacketBatch } from "../../base/batch.ts";
import type { DatagramCounters } from "../datagram.ts";
import type { UdpOptions } from "../udp_deno.ts";
import { AddressCache } from "./address_cache.ts";
import {
  type Libc,
  libc,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
  SOL_UDP,
  systemError,
  UDP_SEGMENT,
} from "./libc.ts";
import { ReceiveVector } from "./receive_vector.ts";
import { SendVector } from "./send_vector.ts";
import { type Family, familyOf, readSockaddr, SOCKADDR_BYTES, sockaddrBytes, writeSockaddr } from "./sockaddr.ts";

export interface NativeUdpOptions extends UdpOptions {
  /** Others of this process may bind the same port: the system then shares the senders out among them. */
  readonly reusePort?: boolean;
}

/** Asked for in both directions; the system gives what its administrator allows. */
const BUFFER_BYTES = 4 * 1024 * 1024;
/** Beyond the administrator's limit, for those who may. */
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const MEMINFO_WORDS = 9;
const MEMINFO_DROPS = 8;

/** Of this thread; see {@link ReceiveVector}. */
let receiveVector: ReceiveVector | undefined;

export class NativeUdpSocket {
  readonly addresses: AddressTable;
  readonly local: HostPort;
  readonly fd: number;
  readonly counters: DatagramCounters = { received: 0, sent: 0, sendErrors: 0, oversize: 0 };
  readonly #libc: Libc;
  readonly #cache: AddressCache;
  readonly #receive: ReceiveVector;
  readonly #send: SendVector;
  #isClosed = false;

  /** Opens and binds. @throws LibraryError, Error with a `code` as the system says it. */
  constructor(options: NativeUdpOptions) {
    const c = libc();
    const family = familyOf(options.host);
    this.#libc = c;
    this.fd = open(c, family, options);
    this.local = localOf(c, this.fd);
    this.addresses = new AddressTable(options.addressCapacity);
    this.#cache = new AddressCache(this.addresses, family);
    this.#receive = receiveVector ??= new ReceiveVector(c);
    const mayGroup = setOption(c, this.fd, SOL_UDP, UDP_SEGMENT, 0);
    this.#send = new SendVector(c, this.fd, this.#cache, this.addresses.capacity, sockaddrBytes(family), mayGroup);
  }

  /** Fills `batch` with what waits, at most 64; answers how many datagrams came. Never waits. */
  receive(batch: PacketBatch): number {
    this.#checkOpen();
    return this.#receive.receive(this.fd, batch, this.#cache, this.counters);
  }

  send(batch: PacketBatch): void {
    this.#checkOpen();
    this.#send.send(batch, this.counters);
  }

  /** The number of a socket address that was handed over from another socket of the same port: 7 words. */
  intern(words: Uint32Array, word: number): number {
    return this.#cache.numberOf(words, word);
  }

  /** Copies the socket address of a number into `words`; false when it has none. */
  copyAddress(number: number, words: Uint32Array, word: number): boolean {
    return this.#cache.copy(number, words, word);
  }

  /** Datagrams that the system dropped since the start because nobody read them in time. */
  kernelDrops(): number {
    const info = new Uint32Array(MEMINFO_WORDS);
    const bytes = Uint32Array.of(info.byteLength);
    if (this.#isClosed) return 0;
    const result = this.#libc.getsockopt(this.fd, SOL_SOCKET, SO_MEMINFO, bytesOf(info), bytesOf(bytes));
    return result === 0 ? info[MEMINFO_DROPS] : 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#libc.close(this.fd);
  }

  /** The number of a closed socket may be another's by now. */
  #checkOpen(): void {
    if (this.#isClosed) throw new Error("Cannot use UDP socket: it is closed");
  }
}

function open(c: Libc, family: Family, options: NativeUdpOptions): number {
  const fd = c.socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError(c, "socket");
  if (options.reusePort && !setOption(c, fd, SOL_SOCKET, SO_REUSEPORT, 1)) throw closing(c, fd, "SO_REUSEPORT");
  for (const [force, plain] of [[SO_RCVBUFFORCE, SO_RCVBUF], [SO_SNDBUFFORCE, SO_SNDBUF]]) {
    if (!setOption(c, fd, SOL_SOCKET, force, BUFFER_BYTES)) setOption(c, fd, SOL_SOCKET, plain, BUFFER_BYTES);
  }
  const address = new Uint8Array(SOCKADDR_BYTES);
  if (!writeSockaddr(options, family, address, 0)) {
    c.close(fd);
    throw Object.assign(new Error(`'${options.host}' is no IP address`), { code: "EADDRNOTAVAIL" });
  }
  if (c.bind(fd, address, sockaddrBytes(family)) !== 0) throw closing(c, fd, "bind");
  return fd;
}

function closing(c: Libc, fd: number, call: string): Error {
  const error = systemError(c, call);
  c.close(fd);
  return error;
}

function localOf(c: Libc, fd: number): HostPort {
  const address = new Uint8Array(SOCKADDR_BYTES);
  if (c.getsockname(fd, address, bytesOf(Uint32Array.of(SOCKADDR_BYTES))) !== 0) throw closing(c, fd, "getsockname");
  return readSockaddr(address, 0);
}

function setOption(c: Libc, fd: number, level: number, name: number, value: number): boolean {
  return c.setsockopt(fd, level, name, bytesOf(Int32Array.of(value)), 4) === 0;
}

function bytesOf(words: Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
