/** A UDP socket of the other peer: one place where the peer under test can reach it. */
import type { HostPort } from "../../../lib/base/address_table.ts";
import { formatHostPort } from "../../../lib/base/address_table.ts";
import { PacketBatch } from "../../../lib/base/batch.ts";
import type { DatagramTransport } from "../../../lib/net/datagram.ts";
import { openUdp } from "../../../lib/net/udp_deno.ts";
import type { Line } from "../line.ts";
import type { FarPath, FarPlace, PathEvents } from "./far_path.ts";

const SLOT_BYTES = 65_536;
const LOOPBACK = "127.0.0.1";

export class FarSocket implements FarPath, FarPlace {
  readonly line: Line;
  readonly local: HostPort;
  isAnswering = true;
  #remote: HostPort | undefined;
  readonly #socket: DatagramTransport;

  constructor(line: Line, events: PathEvents) {
    this.line = line;
    this.#socket = openUdp({ host: LOOPBACK, port: 0 });
    this.local = this.#socket.local;
    line.opened({
      name: `udp://${formatHostPort(this.local)}`,
      local: this.local,
      send: (unit) => this.#send(unit),
      close: () => this.#socket.close(),
    });
    line.divert((unit) => events.took(this, unit));
    this.#receive().catch((error: unknown) => line.ended(error instanceof Error ? error.message : String(error)));
  }

  get name(): string {
    return this.line.name;
  }

  /** Where the peer under test was first heard from, or is said to be. */
  get remote(): HostPort | undefined {
    return this.#remote;
  }

  get latest(): FarPath {
    return this;
  }

  owns(path: FarPath): boolean {
    return path === this;
  }

  /** Units go there from now on. */
  aim(remote: HostPort): void {
    this.#remote = remote;
  }

  send(unit: Uint8Array): Promise<void> {
    return this.line.send(unit);
  }

  async #send(unit: Uint8Array): Promise<void> {
    if (this.#remote === undefined) throw new Error(`${this.line.name} has not heard of the peer yet`);
    const batch = new PacketBatch(1, SLOT_BYTES);
    batch.push(unit, this.#socket.addresses.intern(this.#remote.host, this.#remote.port));
    await this.#socket.send(batch);
  }

  async #receive(): Promise<void> {
    const batch = new PacketBatch(1, SLOT_BYTES);
    while (await this.#socket.receive(batch)) {
      const from = this.#socket.addresses.describe(batch.addresses[0]);
      if (from === undefined) continue;
      this.#remote ??= from;
      this.line.took(batch.packet(0));
    }
  }
}
