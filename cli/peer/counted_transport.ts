import type { AddressTable, HostPort } from "../../lib/base/address_table.ts";
import type { PacketBatch } from "../../lib/base/batch.ts";
import type { DatagramCounters, DatagramTransport } from "../../lib/net/datagram.ts";

/** A transport that counts the bytes that cross it, whatever they are: media, reports, heartbeats. */
export class CountedTransport implements DatagramTransport {
  bytesSent = 0;
  bytesReceived = 0;
  readonly #inner: DatagramTransport;

  constructor(inner: DatagramTransport) {
    this.#inner = inner;
  }

  get addresses(): AddressTable {
    return this.#inner.addresses;
  }

  get local(): HostPort {
    return this.#inner.local;
  }

  get counters(): DatagramCounters {
    return this.#inner.counters;
  }

  async receive(batch: PacketBatch): Promise<boolean> {
    const isOpen = await this.#inner.receive(batch);
    if (isOpen) this.bytesReceived += bytesOf(batch);
    return isOpen;
  }

  send(batch: PacketBatch): Promise<void> {
    this.bytesSent += bytesOf(batch);
    return this.#inner.send(batch);
  }

  close(): void {
    this.#inner.close();
  }
}

function bytesOf(batch: PacketBatch): number {
  let bytes = 0;
  for (let i = 0; i < batch.size; i++) bytes += batch.lengths[i];
  return bytes;
}
