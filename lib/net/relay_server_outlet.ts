/** The relay's way out: sorts a batch by what its destinations are, and keeps the order of each. */
import { PacketBatch } from "../base/batch.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import { UnitRanker } from "../relay/unit_priority.ts";
import type { DatagramTransport } from "./datagram.ts";
import type { RelayAddressBook } from "./relay_server_addresses.ts";

/** Writes unit `i`, of class `priority`, to a connection. */
export type StreamWriter = (stream: number, batch: PacketBatch, i: number, priority: number) => void;

const DONE = Promise.resolve();

/** One UDP socket: one batch is sent after the other. */
class UdpOutlet {
  readonly transport: DatagramTransport;
  readonly base: number;
  #last: Promise<void> = DONE;
  #underWay = 0;

  constructor(transport: DatagramTransport, base: number) {
    this.transport = transport;
    this.base = base;
  }

  /** Sends a batch whose addresses are the socket's own; the batch is in use until the promise resolves. */
  send(batch: PacketBatch): Promise<void> {
    // Mostly nothing is under way, and a promise less for each packet shows.
    const begin = () => this.#begin(batch);
    return this.#last = this.#underWay++ === 0 ? begin() : this.#last.then(begin, begin);
  }

  async #begin(batch: PacketBatch): Promise<void> {
    try {
      await this.transport.send(batch);
    } finally {
      this.#underWay--;
    }
  }
}

export class RelayOutlet {
  readonly #udp: readonly UdpOutlet[];
  readonly #firstStream: number;
  readonly #write: StreamWriter;
  readonly #ranker = new UnitRanker();

  constructor(udp: readonly DatagramTransport[], addresses: RelayAddressBook, write: StreamWriter) {
    this.#udp = udp.map((transport, i) => new UdpOutlet(transport, addresses.udpBase(i)));
    this.#firstStream = addresses.firstStream;
    this.#write = write;
  }

  /** Sends all of `batch`, which the caller leaves alone until the promise resolves; its order and addresses change. */
  send(batch: PacketBatch): Promise<void> {
    takeStreamUnits(batch, this.#firstStream, this.#ranker, this.#write);
    if (batch.size === 0) return DONE;
    return this.#udp.length === 1 ? this.#udp[0].send(batch) : this.#sendShares(batch);
  }

  async #sendShares(batch: PacketBatch): Promise<void> {
    await Promise.all(this.#udp.map((outlet, i) => this.#sendShare(batch, outlet, this.#udp[i + 1]?.base ?? Infinity)));
  }

  async #sendShare(batch: PacketBatch, outlet: UdpOutlet, endBase: number): Promise<void> {
    const share = shareOf(batch, outlet.base, endBase);
    if (share.size > 0) await outlet.send(share);
  }
}

/** Hands what goes to connections to `write`, and takes it out of the batch. */
export function takeStreamUnits(
  batch: PacketBatch,
  firstStream: number,
  ranker: UnitRanker,
  write: StreamWriter,
): void {
  let kept = 0;
  for (let i = 0; i < batch.size; i++) {
    const address = batch.addresses[i];
    const start = batch.offset(i);
    const end = start + batch.lengths[i];
    if (address >= firstStream) {
      write(address, batch, i, ranker.priorityOf(batch.bytes, start, end));
      continue;
    }
    if (kept !== i) {
      batch.bytes.copyWithin(batch.offset(kept), start, end);
      batch.lengths[kept] = batch.lengths[i];
      batch.addresses[kept] = address;
    }
    kept++;
  }
  batch.size = kept;
}

/** The packets to addresses `base..endBase-1`, numbered from 0, in a batch of their own: with several sockets each gets one. */
export function shareOf(batch: PacketBatch, base: number, endBase: number): PacketBatch {
  const share = new PacketBatch(batch.size, MAX_UNIT_BYTES);
  for (let i = 0; i < batch.size; i++) {
    const address = batch.addresses[i];
    if (address >= base && address < endBase) share.push(batch.packet(i), address - base);
  }
  return share;
}
