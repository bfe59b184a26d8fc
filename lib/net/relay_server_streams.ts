/** All TCP and TLS connections of a relay: who comes in, who is shown out. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { formatHostPort } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";
import type { Relay } from "../relay/relay.ts";
import { NONE } from "../relay/relay_addresses.ts";
import { PRIORITIES } from "../relay/relay_counters.ts";
import type { Clock } from "./clock.ts";
import type { GateRefusal } from "./connection_gate.ts";
import type { RelayAddressBook } from "./relay_server_addresses.ts";
import type { RelayServerLog } from "./relay_server_events.ts";
import type { RelayStreamLimits } from "./relay_server_limits.ts";
import type { RelayPump } from "./relay_server_pump.ts";
import { UnitStream } from "./unit_stream.ts";

export interface RelayStreamsOptions {
  readonly relay: Relay;
  readonly addresses: RelayAddressBook;
  readonly pump: RelayPump;
  readonly clock: Clock;
  readonly limits: RelayStreamLimits;
  readonly log: RelayServerLog;
  /** The open connections by address; filled here, read by the outlet. */
  readonly open: Map<number, UnitStream>;
}

export class RelayStreams {
  readonly #options: RelayStreamsOptions;
  /** Of connections that are gone. */
  readonly #slowDrops = new Float64Array(PRIORITIES);

  constructor(options: RelayStreamsOptions) {
    this.#options = options;
  }

  /** Takes a connected socket over, unless it was refused or no number is left for it. */
  accept(socket: Socket | TLSSocket, transport: "tcp" | "tls", refusal: GateRefusal | undefined): void {
    const { addresses, pump, relay, clock, limits, log, open } = this.#options;
    const host = socket.remoteAddress ?? "";
    const port = socket.remotePort ?? 0;
    const from = formatHostPort({ host, port });
    const address = refusal === undefined ? addresses.openStream(host, port, transport) : NONE;
    if (address === NONE) {
      socket.destroy();
      const why = refusal === "address_full" ? "this address has its connections" : "the relay has its connections";
      return log({ event: "disconnected", transport, from, why });
    }
    const counts = new Uint32Array(PRIORITIES);
    const stream = new UnitStream(socket, address, transport, limits.sendBufferBytes, {
      units: (batch: PacketBatch) => pump.pass(batch, counts),
      tooLarge: () => relay.counters.drop("too_large"),
      closed: (why) => {
        this.#closed(address);
        log({ event: "disconnected", transport, from, why });
      },
    }, clock.nowMs());
    open.set(address, stream);
  }

  /** Shows out who is not bound, and who does not read. */
  sweep(nowMs: number): void {
    const { relay, limits, open } = this.#options;
    for (const stream of [...open.values()]) {
      stream.sweep(nowMs);
      if (relay.isInUse(stream.address, nowMs) || nowMs - stream.openedMs < limits.bindTimeoutMs) continue;
      stream.close("it is not bound");
    }
  }

  closeAll(why: string): void {
    for (const stream of [...this.#options.open.values()]) stream.close(why);
  }

  count(transport: "tcp" | "tls"): number {
    let count = 0;
    for (const stream of this.#options.open.values()) if (stream.transport === transport) count++;
    return count;
  }

  /** Units not written because connections read too slowly, by PR, since the start. */
  slowDrops(): Float64Array {
    const sum = this.#slowDrops.slice();
    for (const stream of this.#options.open.values()) addTo(sum, stream.slowDrops);
    return sum;
  }

  #closed(address: number): void {
    const { relay, addresses, pump, clock, open } = this.#options;
    const stream = open.get(address);
    if (stream !== undefined) addTo(this.#slowDrops, stream.slowDrops);
    open.delete(address);
    relay.closed(address, clock.nowMs());
    // After the last event that names it has been read out.
    pump.settle();
    addresses.closeStream(address);
  }
}

function addTo(sum: Float64Array, counts: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += counts[i];
}
