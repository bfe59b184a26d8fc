import type { HostPort } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";
import type { Impairer } from "../relay/impairer.ts";
import type { RelayState } from "../relay/relay_state.ts";
import type { RelayServerEvent } from "./relay_server_events.ts";
import type { ForwardingLatency, UdpFigures } from "./relay_server_metrics.ts";

/**
 * The half of a relay server that forwards: the relay's machine with its UDP sockets, on this thread or in workers.
 * Connections and pages are the server's; what comes from connections goes in here, under the numbers given out here.
 */
export interface RelayForwarder {
  readonly state: RelayState;
  readonly latency: ForwardingLatency;
  /** Where its UDP sockets are. */
  readonly udp: readonly HostPort[];
  udpFigures(): UdpFigures;
  /** What the impairment did; undefined without one. */
  impaired(): Impairer["counts"] | undefined;

  /** Begins to read the UDP sockets; resolves when it does. */
  start(): Promise<void>;
  /** No new sessions from here on. */
  drain(): void;
  stop(): Promise<void>;

  /** Numbers a connection; NONE when all numbers are taken, or its address cannot be written. */
  openStream(host: string, port: number, transport: "tcp" | "tls"): number;
  /** Takes units of a connection; the batch is in use until the promise resolves. */
  takeUnits(batch: PacketBatch, counts: Uint32Array): Promise<void>;
  /** A connection sent a unit that is longer than any that goes on. */
  dropTooLarge(): void;
  /** True while a connection has a reason to be there. */
  isInUse(stream: number): boolean;
  /** The connection is gone, and its number with it. */
  closeStream(stream: number): void;
}

export interface ForwarderEvents {
  readonly log: (event: RelayServerEvent) => void;
  /** Something of ours failed; the relay goes on. */
  readonly failed: (what: string, error: unknown) => void;
  /** A UDP socket, or what reads it, is broken for good. */
  readonly broken: (error: unknown) => void;
  /** A unit for a connection, of class `priority`. */
  readonly write: (stream: number, batch: PacketBatch, i: number, priority: number) => void;
}
