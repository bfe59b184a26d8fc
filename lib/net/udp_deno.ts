/** UDP over `Deno.listenDatagram`: the portable backend. */
import { AddressTable, type HostPort } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";
import type { DatagramCounters, DatagramTransport } from "./datagram.ts";

export interface UdpOptions {
  /** IP address to bind; `0.0.0.0` or `::` for all. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Addresses that can be told apart at a time; default 4096. */
  readonly addressCapacity?: number;
}

/** Opens a UDP socket. Throws what the system says (address in use, permission). */
export function openUdp(options: UdpOptions): DatagramTransport {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: options.host, port: options.port });
  return new DenoUdp(socket, new AddressTable(options.addressCapacity));
}

class DenoUdp implements DatagramTransport {
  readonly addresses: AddressTable;
  readonly local: HostPort;
  readonly counters: DatagramCounters = { received: 0, sent: 0, sendErrors: 0, oversize: 0 };
  readonly #socket: Deno.DatagramConn;
  #closed = false;

  constructor(socket: Deno.DatagramConn, addresses: AddressTable) {
    this.#socket = socket;
    this.addresses = addresses;
    const { hostname, port } = socket.addr as Deno.NetAddr;
    this.local = { host: hostname, port };
  }

  async receive(batch: PacketBatch): Promise<boolean> {
    batch.clear();
    while (!this.#closed) {
      try {
        const slot = batch.bytes.subarray(batch.offset(0), batch.offset(0) + batch.slotBytes);
        const [packet, from] = await this.#socket.receive(slot);
        this.counters.received++;
        // A datagram that fills the slot to the last byte may have been cut: nothing that fits a unit is that long.
        if (packet.length === batch.slotBytes) {
          this.counters.oversize++;
          continue;
        }
        batch.lengths[0] = packet.length;
        batch.addresses[0] = this.addresses.intern((from as Deno.NetAddr).hostname, (from as Deno.NetAddr).port);
        batch.size = 1;
        return true;
      } catch (error) {
        if (this.#closed) return false;
        // An ICMP "port unreachable" for an earlier send surfaces here on some systems; the socket itself is fine.
        if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.ConnectionReset) continue;
        throw error;
      }
    }
    return false;
  }

  async send(batch: PacketBatch): Promise<void> {
    for (let i = 0; i < batch.size; i++) {
      const to = this.addresses.describe(batch.addresses[i]);
      try {
        if (to === undefined || this.#closed) throw new Deno.errors.NotConnected();
        // One at a time: sends in flight together leave in any order, and reordering of our own making costs the peer.
        await this.#socket.send(batch.packet(i), { transport: "udp", hostname: to.host, port: to.port });
        this.counters.sent++;
      } catch {
        this.counters.sendErrors++;
      }
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
