/** Forwarding on this thread, over whichever UDP backend. */
import type { HostPort } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";
import type { Rng } from "../base/rng.ts";
import type { CryptoBackend } from "../crypto/backend.ts";
import { Impairer } from "../relay/impairer.ts";
import type { Impairment } from "../relay/impairment.ts";
import type { RelayLimits } from "../relay/limits.ts";
import { Relay } from "../relay/relay.ts";
import type { Clock } from "./clock.ts";
import type { DatagramTransport } from "./datagram.ts";
import type { ForwarderEvents, RelayForwarder } from "./relay_forwarder.ts";
import { RelayAddressBook } from "./relay_server_addresses.ts";
import { describeEvent } from "./relay_server_events.ts";
import { ForwardingLatency, type UdpFigures } from "./relay_server_metrics.ts";
import { RelayOutlet } from "./relay_server_outlet.ts";
import { RelayPump } from "./relay_server_pump.ts";

export interface ForwarderOptions {
  readonly relayId: string;
  readonly secret: Uint8Array;
  readonly crypto: CryptoBackend;
  readonly limits: Partial<RelayLimits>;
  readonly maxConnections: number;
  readonly impairment: { readonly impairment: Impairment; readonly seed: number } | undefined;
}

export class RelayHere implements RelayForwarder {
  readonly state: Relay;
  readonly latency = new ForwardingLatency();
  readonly #udp: readonly DatagramTransport[];
  readonly #events: ForwarderEvents;
  readonly #clock: Clock;
  readonly #addresses: RelayAddressBook;
  readonly #impairer: Impairer | undefined;
  readonly #pump: RelayPump;

  /** Takes the sockets over. */
  constructor(
    options: ForwarderOptions & { readonly clock: Clock; readonly rng: Rng },
    udp: readonly DatagramTransport[],
    events: ForwarderEvents,
  ) {
    const { clock, maxConnections, impairment } = options;
    const nowMs = clock.nowMs();
    this.#udp = udp;
    this.#events = events;
    this.#clock = clock;
    this.#addresses = new RelayAddressBook(udp.map(({ addresses }) => addresses), maxConnections);
    const relay = new Relay({ ...options, unixOffsetMs: clock.unixOffsetMs, addresses: this.#addresses, nowMs });
    this.state = relay;
    this.#impairer = impairment && new Impairer({
      ...impairment,
      directionTo: (address, nowMs) => relay.directionTo(address, nowMs),
      loseAddresses: (side) => relay.loseAddresses(side),
      nowMs,
    });
    this.#pump = new RelayPump({
      relay,
      outlet: new RelayOutlet(udp, this.#addresses, events.write),
      impairer: this.#impairer,
      latency: this.latency,
      clock,
      event: (event) => events.log(describeEvent(event, this.#addresses)),
      failed: events.failed,
    });
  }

  get udp(): readonly HostPort[] {
    return this.#udp.map(({ local }) => local);
  }

  udpFigures(): UdpFigures {
    const total = (name: "received" | "sent" | "sendErrors" | "oversize") =>
      this.#udp.reduce((sum, { counters }) => sum + counters[name], 0);
    const drops = this.#udp.map((transport) => transport.kernelDrops?.());
    return {
      received: total("received"),
      sent: total("sent"),
      sendErrors: total("sendErrors"),
      oversize: total("oversize"),
      kernelDrops: drops.reduce((sum, n) => sum === undefined || n === undefined ? undefined : sum + n, 0),
    };
  }

  impaired(): Impairer["counts"] | undefined {
    return this.#impairer?.counts;
  }

  start(): Promise<void> {
    this.#udp.forEach((transport, i) => {
      this.#pump.run(transport, this.#addresses.udpBase(i)).catch((error) => this.#events.broken(error));
    });
    this.#pump.settle();
    return Promise.resolve();
  }

  drain(): void {
    this.state.drain();
  }

  stop(): Promise<void> {
    this.#pump.stop();
    for (const transport of this.#udp) transport.close();
    return Promise.resolve();
  }

  openStream(host: string, port: number, transport: "tcp" | "tls"): number {
    return this.#addresses.openStream(host, port, transport);
  }

  takeUnits(batch: PacketBatch, counts: Uint32Array): Promise<void> {
    return this.#pump.pass(batch, counts);
  }

  dropTooLarge(): void {
    this.state.counters.drop("too_large");
  }

  isInUse(stream: number): boolean {
    return this.state.isInUse(stream, this.#clock.nowMs());
  }

  closeStream(stream: number): void {
    this.state.closed(stream, this.#clock.nowMs());
    // After the last event that names it has been read out.
    this.#pump.settle();
    this.#addresses.closeStream(stream);
  }
}
