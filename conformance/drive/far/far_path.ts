/** A UDP socket of the other peer: one place where the peer under test can reach it. */
import type { HostPort } from "../../../lib/base/address_table.ts";
import { formatHostPort } from "../../../lib/base/address_table.ts";
import { PacketBatch } from "../../../lib/base/batch.ts";
import type { DatagramTransport } from "../../../lib/net/datagram.ts";
import { openUdp } from "../../../lib/net/udp_deno.ts";
import type { Line } from "../line.ts";

const SLOT_BYTES = 65_536;
const LOOPBACK = "127.0.0.1";

export class FarPath {
  readonly line: Line;
  readonly local: HostPort;
  /** HEARTBEATs that come here are answered; a path that is switched off is as good as cut. */
  isAnswering = true;
  /** Where the peer under test was first heard from, or is said to be. */
  #remote: HostPort | undefined;
  readonly #socket: DatagramTransport;

  /** Opens the socket; `take` is told of each unit, which is borrowed, and where it came from. */
  constructor(line: Line, take: (path: FarPath, unit: Uint8Array, from: HostPort) => void) {
    this.line = line;
    this.#socket = openUdp({ host: LOOPBACK, port: 0 });
    this.local = this.#socket.local;
    line.opened({
      name: `udp://${formatHostPort(this.local)}`,
      local: this.local,
      send: (unit) => this.#send(unit),
      close: () => this.#socket.close(),
    });
    this.#receive(take).catch((error: unknown) => line.ended(error instanceof Error ? error.message : String(error)));
  }

  get remote(): HostPort | undefined {
    return this.#remote;
  }

  /** Units go there from now on. */
  aim(remote: HostPort): void {
    this.#remote = remote;
  }

  /** Sends a unit as it is, to where the peer under test was heard from. */
  send(unit: Uint8Array): Promise<void> {
    return this.line.send(unit);
  }

  async #send(unit: Uint8Array): Promise<void> {
    if (this.#remote === undefined) throw new Error(`${this.line.name} has not heard of the peer yet`);
    const batch = new PacketBatch(1, SLOT_BYTES);
    batch.push(unit, this.#socket.addresses.intern(this.#remote.host, this.#remote.port));
    await this.#socket.send(batch);
  }

  async #receive(take: (path: FarPath, unit: Uint8Array, from: HostPort) => void): Promise<void> {
    const batch = new PacketBatch(1, SLOT_BYTES);
    while (await this.#socket.receive(batch)) {
      const from = this.#socket.addresses.describe(batch.addresses[0]);
      if (from === undefined) continue;
      this.#remote ??= from;
      take(this, batch.packet(0), from);
    }
  }
}
