import type { AddressTable, HostPort } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";

/**
 * A datagram socket that hands over batches. Every backend (the runtime's own, batched system calls, memory) has this
 * shape, so that sessions, relays and generators know one data path.
 */
export interface DatagramTransport {
  /** Explains the address numbers of received batches and of those to send. */
  readonly addresses: AddressTable;
  readonly local: HostPort;
  readonly counters: DatagramCounters;
  /**
   * Waits for one datagram or more and fills `batch` from slot 0 (the batch stays the caller's; its old content is
   * gone). Answers false once the socket is closed.
   */
  receive(batch: PacketBatch): Promise<boolean>;
  /** Sends every packet of `batch`; the caller may reuse it when the promise resolves. What the system refuses is counted. */
  send(batch: PacketBatch): Promise<void>;
  /** Datagrams that the system dropped because nobody read them in time; absent where the backend cannot tell. */
  kernelDrops?(): number;
  close(): void;
}

export interface DatagramCounters {
  received: number;
  sent: number;
  /** Datagrams that the system would not take: too large, no route, port closed by the other side. */
  sendErrors: number;
  /** Datagrams received that were larger than a slot, cut off by the system. */
  oversize: number;
}
