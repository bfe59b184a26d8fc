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

interface Destination {
  readonly entry: HostPort;
  readonly to: Deno.NetAddr;
}

class DenoUdp implements DatagramTransport {
  readonly addresses: AddressTable;
  readonly local: HostPort;
  readonly counters: DatagramCounters = { received: 0, sent: 0, sendErrors: 0, oversize: 0 };
  readonly #socket: Deno.DatagramConn;
  /** The address last seen with each port: found again without the text that is the table's key. */
  readonly #byPort = new Map<number, number>();
  /** By number: an address as the runtime wants it, and the entry of the table that it was made from. */
  readonly #destinations: (Destination | undefined)[] = [];
  /** The caller's batch, mostly the same one, and its first slot. */
  #batch: PacketBatch | undefined;
  #slot = new Uint8Array(0);
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
        const [packet, from] = await this.#socket.receive(this.#firstSlot(batch));
        this.counters.received++;
        // A datagram that fills the slot to the last byte may have been cut: nothing that fits a unit is that long.
        if (packet.length === batch.slotBytes) {
          this.counters.oversize++;
          continue;
        }
        batch.lengths[0] = packet.length;
        batch.addresses[0] = this.#numberOf(from as Deno.NetAddr);
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
      const to = this.#destinationOf(batch.addresses[i]);
      try {
        if (to === undefined || this.#closed) throw new Deno.errors.NotConnected();
        // One at a time: sends in flight together leave in any order, and reordering of our own making costs the peer.
        await this.#socket.send(batch.packet(i), to);
        this.counters.sent++;
      } catch {
        this.counters.sendErrors++;
      }
    }
  }

  #firstSlot(batch: PacketBatch): Uint8Array {
    if (batch !== this.#batch) {
      this.#batch = batch;
      this.#slot = batch.bytes.subarray(batch.offset(0), batch.offset(0) + batch.slotBytes);
    }
    return this.#slot;
  }

  #numberOf({ hostname, port }: Deno.NetAddr): number {
    const known = this.#byPort.get(port) ?? -1;
    const entry = this.addresses.describe(known);
    if (entry?.port === port && entry.host === hostname) return known;
    const number = this.addresses.intern(hostname, port);
    this.#byPort.set(port, number);
    return number;
  }

  #destinationOf(number: number): Deno.NetAddr | undefined {
    const entry = this.addresses.describe(number);
    if (entry === undefined) return undefined;
    const known = this.#destinations[number];
    if (known?.entry === entry) return known.to;
    const to: Deno.NetAddr = { transport: "udp", hostname: entry.host, port: entry.port };
    this.#destinations[number] = { entry, to };
    return to;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
