/** A worker's share in what sessions have across threads: units that others received, addresses that others serve. */
import type { PacketBatch } from "../../base/batch.ts";
import { decodeUtf8 } from "../../base/bytes.ts";
import { unwrap } from "../../base/parsed.ts";
import type { Relay } from "../../relay/relay.ts";
import { NONE } from "../../relay/relay_addresses.ts";
import { UnitRanker } from "../../relay/unit_priority.ts";
import type { Clock } from "../clock.ts";
import type { NativeUdpSocket } from "../native/udp_socket.ts";
import type { RelayAddressBook } from "../relay_server_addresses.ts";
import { KIND_AT, type SharedRing } from "./shared_ring.ts";
import { Steering } from "./steering.ts";
import {
  RecordKind,
  SERIAL_AT,
  SOCKADDR_AT,
  SOCKET_AT,
  STREAM_AT,
  TRANSPORT_AT,
  type WorkerSetup,
} from "./worker_messages.ts";
import type { ThreadRings } from "./worker_rings.ts";

export class HandOver {
  readonly #self: number;
  readonly #workers: number;
  readonly #rings: ThreadRings;
  readonly #sockets: readonly NativeUdpSocket[];
  readonly #addresses: RelayAddressBook;
  readonly #relay: Relay;
  readonly #clock: Clock;
  readonly #steering: readonly Steering[];
  readonly #ranker = new UnitRanker();
  /** By address: the thread that units from it come through; {@link NONE}: our own sockets. */
  readonly #via: Int16Array;
  /** By connection: which one of those that had the number; 0 for none. */
  readonly #streamSerials: Uint32Array;
  readonly #streamUse: Uint8Array;

  constructor(
    { index, workers, maxConnections, streamUse }: WorkerSetup,
    rings: ThreadRings,
    sockets: readonly NativeUdpSocket[],
    addresses: RelayAddressBook,
    relay: Relay,
    clock: Clock,
  ) {
    this.#self = index;
    this.#workers = workers;
    this.#rings = rings;
    this.#sockets = sockets;
    this.#addresses = addresses;
    this.#relay = relay;
    this.#clock = clock;
    this.#steering = sockets.map(({ addresses }) => new Steering(workers, addresses.capacity));
    this.#via = new Int16Array(addresses.capacity).fill(NONE);
    this.#streamSerials = new Uint32Array(maxConnections);
    this.#streamUse = new Uint8Array(streamUse);
  }

  /** Hands over what other workers serve and leaves the rest in the batch, which came from socket `i`. */
  keepOurs(batch: PacketBatch, i: number): void {
    if (this.#workers === 1) return;
    const { addresses } = this.#sockets[i];
    const base = this.#addresses.udpBase(i);
    let kept = 0;
    for (let k = 0; k < batch.size; k++) {
      const start = batch.offset(k);
      const end = start + batch.lengths[k];
      const local = batch.addresses[k] - base;
      const to = this.#steering[i].workerFor(local, addresses.serialOf(local), batch.bytes, start, end);
      if (to !== NONE && to !== this.#self) {
        this.#send(to, batch, k, i, local);
        continue;
      }
      this.#via[batch.addresses[k]] = NONE;
      if (kept !== k) {
        batch.bytes.copyWithin(batch.offset(kept), start, end);
        batch.lengths[kept] = batch.lengths[k];
        batch.addresses[kept] = batch.addresses[k];
      }
      kept++;
    }
    batch.size = kept;
  }

  /** Works off records from a thread and fills the batch with their units; false when there were none. */
  receive(from: number, batch: PacketBatch): boolean {
    batch.clear();
    const ring = this.#rings.incoming[from];
    let slot = ring?.front() ?? NONE;
    if (ring === undefined || slot === NONE) return false;
    for (; slot !== NONE && batch.size < batch.capacity; slot = ring.front()) {
      // A connection's end and what it sent before must meet the relay in this order.
      const kind = ring.words[ring.wordOf(slot) + KIND_AT];
      if (batch.size > 0 && kind !== RecordKind.datagram && kind !== RecordKind.unit) break;
      this.#take(ring, slot, kind, from, batch);
      ring.release();
    }
    return true;
  }

  /** Hands a unit for a connection to the server; false when its ring is full. */
  toServer(address: number, batch: PacketBatch, i: number): boolean {
    const stream = address - this.#addresses.firstStream;
    return this.#rings.tellPacket(this.#workers, RecordKind.unit, batch, i, stream, this.#streamSerials[stream]);
  }

  /** An address is bound here: whoever receives from it must know. */
  bound(address: number): void {
    const { firstStream } = this.#addresses;
    const via = this.#via[address];
    if (address >= firstStream) {
      const stream = address - firstStream;
      this.#rings.tell(this.#workers, RecordKind.routeStream, stream, this.#streamSerials[stream]);
    } else if (via !== NONE) this.#tellAddress(via, RecordKind.route, address);
    else if (this.#workers > 1) this.#route(address, this.#self);
  }

  /** Tells the server which connections are in use. */
  noteStreamUse(): void {
    const nowMs = this.#clock.nowMs();
    const { firstStream } = this.#addresses;
    for (let stream = 0; stream < this.#streamSerials.length; stream++) {
      if (this.#streamSerials[stream] === 0) continue;
      this.#streamUse[stream] = this.#relay.isInUse(firstStream + stream, nowMs) ? 1 : 0;
    }
  }

  #take(ring: SharedRing, slot: number, kind: number, from: number, batch: PacketBatch): void {
    const word = ring.wordOf(slot);
    const { firstStream } = this.#addresses;
    const stream = ring.words[word + STREAM_AT];
    switch (kind) {
      case RecordKind.datagram: {
        const address = this.#addressIn(ring, word);
        this.#via[address] = from;
        return ring.take(slot, batch, address);
      }
      case RecordKind.unit:
        if (this.#streamSerials[stream] === ring.words[word + SERIAL_AT]) ring.take(slot, batch, firstStream + stream);
        return;
      case RecordKind.route:
        return this.#route(this.#addressIn(ring, word), from);
      case RecordKind.gone:
        return this.#relay.closed(this.#addressIn(ring, word), this.#clock.nowMs());
      case RecordKind.opened: {
        const [host, port] = unwrap(decodeUtf8(ring.payloadOf(slot).slice())).split(" ");
        const transport = ring.words[word + TRANSPORT_AT] === 0 ? "tcp" : "tls";
        this.#addresses.placeStream(stream, host, Number(port), transport);
        this.#streamSerials[stream] = ring.words[word + SERIAL_AT];
        return;
      }
      case RecordKind.leftStream:
        return this.#relay.closed(firstStream + stream, this.#clock.nowMs());
      case RecordKind.closed:
        this.#relay.closed(firstStream + stream, this.#clock.nowMs());
        this.#addresses.closeStream(firstStream + stream);
        this.#streamSerials[stream] = 0;
        this.#streamUse[stream] = 0;
        return;
      case RecordKind.drain:
        return this.#relay.drain();
    }
  }

  /** A source of ours is bound at a worker; at another one than before, that one must let go. */
  #route(address: number, worker: number): void {
    const i = this.#socketOf(address);
    const local = address - this.#addresses.udpBase(i);
    const before = this.#steering[i].bound(local, this.#sockets[i].addresses.serialOf(local), worker);
    if (before === this.#self) this.#relay.closed(address, this.#clock.nowMs());
    else if (before !== NONE) this.#tellAddress(before, RecordKind.gone, address);
  }

  #send(to: number, batch: PacketBatch, k: number, i: number, local: number): void {
    const { ring, slot, word } = this.#rings.reserve(to, RecordKind.datagram);
    if (slot === NONE) {
      const start = batch.offset(k);
      const end = start + batch.lengths[k];
      return this.#relay.counters.queueDrop(this.#ranker.priorityOf(batch.bytes, start, end));
    }
    ring.words[word + SOCKET_AT] = i;
    this.#sockets[i].copyAddress(local, ring.words, word + SOCKADDR_AT);
    ring.put(slot, batch, k);
    this.#rings.commit(to);
  }

  /** Lost when the ring is full: the next BIND says it again. */
  #tellAddress(to: number, kind: number, address: number): void {
    const { ring, slot, word } = this.#rings.reserve(to, kind);
    if (slot === NONE) return;
    const i = this.#socketOf(address);
    ring.words[word + SOCKET_AT] = i;
    this.#sockets[i].copyAddress(address - this.#addresses.udpBase(i), ring.words, word + SOCKADDR_AT);
    this.#rings.commit(to);
  }

  #addressIn(ring: SharedRing, word: number): number {
    const i = ring.words[word + SOCKET_AT];
    return this.#addresses.udpBase(i) + this.#sockets[i].intern(ring.words, word + SOCKADDR_AT);
  }

  #socketOf(address: number): number {
    let i = this.#sockets.length - 1;
    while (this.#addresses.udpBase(i) > address) i--;
    return i;
  }
}
