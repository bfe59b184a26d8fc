/** All TCP and TLS connections of a relay: who comes in, who is shown out. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { formatHostPort } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";
import { NONE } from "../relay/relay_addresses.ts";
import { PRIORITIES } from "../relay/relay_counters.ts";
import type { Clock } from "./clock.ts";
import type { GateRefusal } from "./connection_gate.ts";
import type { RelayForwarder } from "./relay_forwarder.ts";
import type { RelayServerLog } from "./relay_server_events.ts";
import type { RelayStreamLimits } from "./relay_server_limits.ts";
import { UnitStream } from "./unit_stream.ts";

export interface RelayStreamsOptions {
  readonly forwarder: RelayForwarder;
  readonly clock: Clock;
  readonly limits: RelayStreamLimits;
  readonly log: RelayServerLog;
}

export class RelayStreams {
  readonly #options: RelayStreamsOptions;
  /** By the forwarder's number. */
  readonly #open = new Map<number, UnitStream>();
  /** Of connections that are gone. */
  readonly #slowDrops = new Float64Array(PRIORITIES);

  constructor(options: RelayStreamsOptions) {
    this.#options = options;
  }

  /** Takes a connected socket over, unless it was refused or no number is left for it. */
  accept(socket: Socket | TLSSocket, transport: "tcp" | "tls", refusal: GateRefusal | undefined): void {
    const { forwarder, clock, limits, log } = this.#options;
    const host = socket.remoteAddress ?? "";
    const port = socket.remotePort ?? 0;
    const from = formatHostPort({ host, port });
    const address = refusal === undefined ? forwarder.openStream(host, port, transport) : NONE;
    if (address === NONE) {
      socket.destroy();
      const why = refusal === "address_full" ? "this address has its connections" : "the relay has its connections";
      return log({ event: "disconnected", transport, from, why });
    }
    const counts = new Uint32Array(PRIORITIES);
    const stream = new UnitStream(socket, address, transport, limits.sendBufferBytes, {
      units: (batch: PacketBatch) => forwarder.takeUnits(batch, counts),
      tooLarge: () => forwarder.dropTooLarge(),
      closed: (why) => {
        this.#closed(address);
        log({ event: "disconnected", transport, from, why });
      },
    }, clock.nowMs());
    this.#open.set(address, stream);
  }

  /** Shows out who is not bound, and who does not read. */
  sweep(nowMs: number): void {
    const { forwarder, limits } = this.#options;
    for (const stream of [...this.#open.values()]) {
      stream.sweep(nowMs);
      if (forwarder.isInUse(stream.address) || nowMs - stream.openedMs < limits.bindTimeoutMs) continue;
      stream.close("it is not bound");
    }
  }

  /** Writes a unit for a connection; of one that is gone it is lost. */
  write(address: number, batch: PacketBatch, i: number, priority: number): void {
    this.#open.get(address)?.write(batch, i, priority);
  }

  closeAll(why: string): void {
    for (const stream of [...this.#open.values()]) stream.close(why);
  }

  count(transport: "tcp" | "tls"): number {
    let count = 0;
    for (const stream of this.#open.values()) if (stream.transport === transport) count++;
    return count;
  }

  /** Units not written because connections read too slowly, by PR, since the start. */
  slowDrops(): Float64Array {
    const sum = this.#slowDrops.slice();
    for (const stream of this.#open.values()) addTo(sum, stream.slowDrops);
    return sum;
  }

  #closed(address: number): void {
    const stream = this.#open.get(address);
    if (stream !== undefined) addTo(this.#slowDrops, stream.slowDrops);
    this.#open.delete(address);
    this.#options.forwarder.closeStream(address);
  }
}

function addTo(sum: Float64Array, counts: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += counts[i];
}
