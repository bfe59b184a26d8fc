/** A bad network in front of a socket: what leaves is lost, late, reordered, doubled, the same way for the same seed. */
import type { AddressTable, HostPort } from "../base/address_table.ts";
import { PacketBatch } from "../base/batch.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import { Impairer } from "../relay/impairer.ts";
import type { Impairment } from "../relay/impairment.ts";
import type { Clock } from "./clock.ts";
import type { DatagramCounters, DatagramTransport } from "./datagram.ts";

const OUT_PACKETS = 64;

export interface ImpairedTransportOptions {
  /** Its `rebind` does nothing: there is no NAT here that could forget an address. */
  readonly impairment: Impairment;
  readonly seed: number;
  readonly clock: Clock;
}

export class ImpairedTransport implements DatagramTransport {
  readonly impairer: Impairer;
  readonly #inner: DatagramTransport;
  readonly #clock: Clock;
  readonly #out = new PacketBatch(OUT_PACKETS, MAX_UNIT_BYTES);
  /** Sends in flight together would leave in any order: each waits for the one before. */
  #sending: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  #isClosed = false;

  constructor(inner: DatagramTransport, { impairment, seed, clock }: ImpairedTransportOptions) {
    this.#inner = inner;
    this.#clock = clock;
    this.impairer = new Impairer({
      impairment: { ...impairment, rebindMs: Infinity },
      seed,
      // All that leaves takes one way, whomever it is for.
      directionTo: () => 0,
      loseAddresses: () => {},
      nowMs: clock.nowMs(),
    });
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

  receive(batch: PacketBatch): Promise<boolean> {
    return this.#inner.receive(batch);
  }

  /** Leaves in `batch` what went out at once. */
  async send(batch: PacketBatch): Promise<void> {
    this.impairer.packets(batch, this.#clock.nowMs());
    this.#schedule();
    if (batch.size > 0) await this.#inTurn(() => this.#inner.send(batch));
  }

  /** What is under way is lost. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#inner.close();
  }

  #inTurn(send: () => Promise<void>): Promise<void> {
    return this.#sending = this.#sending.then(send);
  }

  #schedule(): void {
    const dueMs = this.impairer.nextTimeoutMs() ?? Infinity;
    if (this.#isClosed || dueMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = dueMs;
    const wake = () => void this.#inTurn(() => this.#arrive());
    this.#timer = setTimeout(wake, Math.max(0, Math.ceil(dueMs - this.#clock.nowMs())));
  }

  /** One batch a turn: what was sent at once meanwhile waits behind it, and must leave before what arrives later. */
  async #arrive(): Promise<void> {
    this.#timerAtMs = Infinity;
    if (this.#isClosed) return;
    this.#out.clear();
    if (this.impairer.pollPackets(this.#out, this.#clock.nowMs()) > 0) await this.#inner.send(this.#out);
    this.#schedule();
  }
}
