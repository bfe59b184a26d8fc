/** A UDP socket by system calls, many packets in each: synchronous, never waiting to receive. */
import { AddressTable, type HostPort } from "../../base/address_table.ts";
import type { PacketBatch } from "../../base/batch.ts";
import type { DatagramCounters } from "../datagram.ts";
import type { UdpOptions } from "../udp_deno.ts";
import { AddressCache } from "./address_cache.ts";
import {
  addressOf,
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
  UDP_GRO,
  UDP_SEGMENT,
} from "./libc.ts";
import { GroVector } from "./gro_vector.ts";
import { type Receiver, ReceiveVector } from "./receive_vector.ts";
import { type SendSocket, SendVector } from "./send_vector.ts";
import { type Family, familyOf, readSockaddr, SOCKADDR_BYTES, sockaddrBytes, writeSockaddr } from "./sockaddr.ts";

export interface NativeUdpOptions extends UdpOptions {
  /** False: every packet leaves as a message of its own, as from senders that know no better. */
  readonly groups?: boolean;
  /** Others of this process may bind the same port: the system then shares the senders out among them. */
  readonly reusePort?: boolean;
}

/** What a thread keeps of a socket. */
export interface NativeUdpState {
  readonly addressCapacity?: number;
  readonly groups?: boolean;
  /** What it counts in; its own where it is left out. */
  readonly counters?: DatagramCounters;
}

/** A bound socket, as any thread of the process may use it. */
export interface BoundUdp {
  readonly fd: number;
  readonly local: HostPort;
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
let sendVector: SendVector | undefined;

export class NativeUdpSocket {
  readonly addresses: AddressTable;
  readonly local: HostPort;
  readonly fd: number;
  readonly counters: DatagramCounters;
  readonly #libc: Libc;
  readonly #cache: AddressCache;
  #receive: Receiver;
  readonly #send: SendVector;
  readonly #sending: SendSocket;
  #isClosed = false;

  /** Opens and binds. @throws LibraryError, Error with a `code` as the system says it. */
  static open(options: NativeUdpOptions): NativeUdpSocket {
    return NativeUdpSocket.takeOver(bindUdp(options), options);
  }

  /** A socket that another thread of the process has bound, and leaves alone from here on. */
  static takeOver({ fd, local }: BoundUdp, options: NativeUdpState): NativeUdpSocket {
    return new NativeUdpSocket(libc(), fd, local, options);
  }

  private constructor(c: Libc, fd: number, local: HostPort, options: NativeUdpState) {
    const family = familyOf(local.host);
    this.#libc = c;
    this.fd = fd;
    this.local = local;
    this.counters = options.counters ?? { received: 0, sent: 0, sendErrors: 0, oversize: 0 };
    this.addresses = new AddressTable(options.addressCapacity);
    this.#cache = new AddressCache(this.addresses, family);
    this.#receive = receiveVector ??= new ReceiveVector(c);
    const mayGroup = options.groups !== false && setOption(c, this.fd, SOL_UDP, UDP_SEGMENT, 0);
    this.#sending = {
      fd,
      addresses: this.#cache,
      addressCapacity: this.addresses.capacity,
      addressBase: addressOf(c, this.#cache.bytes),
      nameBytes: sockaddrBytes(family),
      mayGroup,
    };
    this.#send = sendVector ??= new SendVector(c, this.#sending);
  }

  /** Fills `batch` with what waits, at most 64; answers how many datagrams came. Never waits. */
  receive(batch: PacketBatch): number {
    this.#checkOpen();
    return this.#receive.receive(this.fd, batch, this.#cache, this.counters);
  }

  /**
   * Lets the system hand over packets of one sender together, where it can, and answers the batch that {@link receive}
   * must be given from here on: its tail holds what did not fit.
   */
  coalesce(slotBytes: number): PacketBatch {
    this.#checkOpen();
    setOption(this.#libc, this.fd, SOL_UDP, UDP_GRO, 1);
    const vector = new GroVector(this.#libc, slotBytes);
    this.#receive = vector;
    return vector.batch;
  }

  send(batch: PacketBatch): void {
    this.#checkOpen();
    this.#send.send(this.#sending, batch, this.counters);
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

/** Opens and binds. @throws LibraryError, Error with a `code` as the system says it. */
export function bindUdp(options: NativeUdpOptions): BoundUdp {
  const c = libc();
  const fd = open(c, familyOf(options.host), options);
  return { fd, local: localOf(c, fd) };
}

export function closeUdp({ fd }: BoundUdp): void {
  libc().close(fd);
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
