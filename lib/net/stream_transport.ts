/** A TCP or TLS connection to one other side in the shape of a datagram socket: for tools that go either way. */
import { AddressTable, type HostPort } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";
import { UnitRanker } from "../relay/unit_priority.ts";
import type { Clock } from "./clock.ts";
import type { DatagramCounters, DatagramTransport } from "./datagram.ts";
import { openStream, type TlsTrust } from "./open_stream.ts";
import { UnitStream } from "./unit_stream.ts";

/** What may wait for the other side to read. */
const SEND_BUFFER_BYTES = 256 * 1024;

export interface StreamTransportOptions {
  /** Name or address: what a certificate is for. */
  readonly host: string;
  /** What the other side is called in the transport's table. */
  readonly to: HostPort;
  /** Undefined for plain TCP. */
  readonly tls: TlsTrust | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Connects. Throws NetError. */
export async function openStreamTransport(options: StreamTransportOptions): Promise<DatagramTransport> {
  const { host, to, tls, timeoutMs, clock } = options;
  const socket = await openStream(host, to.port, tls, timeoutMs);
  const local = { host: socket.localAddress ?? "", port: socket.localPort ?? 0 };
  const transport = new StreamTransport(to, local);
  const protocol = tls === undefined ? "tcp" : "tls";
  const events = {
    units: (batch: PacketBatch) => transport.units(batch),
    tooLarge: () => void transport.counters.oversize++,
    closed: () => transport.close(),
  };
  transport.stream = new UnitStream(socket, transport.number, protocol, SEND_BUFFER_BYTES, events, clock.nowMs());
  return transport;
}

class StreamTransport implements DatagramTransport {
  readonly addresses = new AddressTable(1);
  readonly local: HostPort;
  readonly counters: DatagramCounters = { received: 0, sent: 0, sendErrors: 0, oversize: 0 };
  /** The number of the other side. */
  readonly number: number;
  stream: UnitStream | undefined;
  readonly #ranker = new UnitRanker();
  /** Units that have come and wait to be received, and what says that they have been. */
  #inbox: PacketBatch | undefined;
  #taken: () => void = () => {};
  /** Somebody waits to receive. */
  #arrived: (() => void) | undefined;
  #isClosed = false;

  constructor(to: HostPort, local: HostPort) {
    this.local = local;
    this.number = this.addresses.intern(to.host, to.port);
  }

  /** Units of the connection; nothing more is read until they are received. */
  units(batch: PacketBatch): Promise<void> {
    return new Promise((resolve) => {
      this.#inbox = batch;
      this.#taken = resolve;
      this.#arrived?.();
    });
  }

  async receive(batch: PacketBatch): Promise<boolean> {
    batch.clear();
    while (!this.#isClosed) {
      const inbox = this.#inbox;
      if (inbox === undefined) {
        await new Promise<void>((resolve) => this.#arrived = resolve);
        this.#arrived = undefined;
        continue;
      }
      for (let i = 0; i < inbox.size; i++) {
        if (batch.size === batch.capacity) {
          this.#keep(inbox, i);
          return true;
        }
        this.counters.received++;
        if (!batch.push(inbox.packet(i), this.number)) this.counters.oversize++;
      }
      this.#inbox = undefined;
      this.#taken();
      if (batch.size > 0) return true;
    }
    return false;
  }

  send(batch: PacketBatch): Promise<void> {
    for (let i = 0; i < batch.size; i++) {
      const start = batch.offset(i);
      const priority = this.#ranker.priorityOf(batch.bytes, start, start + batch.lengths[i]);
      if (this.stream?.write(batch, i, priority)) this.counters.sent++;
      else this.counters.sendErrors++;
    }
    return Promise.resolve();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.stream?.close("closed here");
    this.#taken();
    this.#arrived?.();
  }

  /** Moves what is left of the inbox to its front. */
  #keep(inbox: PacketBatch, from: number): void {
    for (let i = from; i < inbox.size; i++) {
      const start = inbox.offset(i);
      inbox.bytes.copyWithin(inbox.offset(i - from), start, start + inbox.lengths[i]);
      inbox.lengths[i - from] = inbox.lengths[i];
    }
    inbox.size -= from;
  }
}
