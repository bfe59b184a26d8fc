/**
 * The sockets behind a session's TCP and TLS connections: opens and accepts them as the session wants, and carries its
 * units over them.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { lookup } from "node:dns/promises";
import { type HostPort, isStreamAddress } from "../base/address_table.ts";
import type { PacketBatch } from "../base/batch.ts";
import { unreachable } from "../base/unreachable.ts";
import { UnitRanker } from "../relay/unit_priority.ts";
import {
  CONNECT_TIMEOUT_MS,
  type StreamTarget,
  type TransportEvent,
  type TransportWant,
} from "../session/stream_connections.ts";
import type { Clock } from "./clock.ts";
import { listenTcp } from "./listen.ts";
import { openStream, type TlsTrust } from "./open_stream.ts";
import { plainIp } from "./relay_server_addresses.ts";
import { UnitStream } from "./unit_stream.ts";

/** What may wait for a connection: half a second of a good video. More would be too old when it arrives. */
const SEND_BUFFER_BYTES = 128 * 1024;

export interface SessionStreamsOptions {
  /** The address that the media socket is bound to: connections are accepted there, and names looked up for it. */
  readonly bindHost: string;
  readonly relayTrust: TlsTrust;
  readonly clock: Clock;
}

/** Whom it works for. */
export interface SessionStreamEvents {
  event(event: TransportEvent): void;
  /** The number of a connection that was accepted; undefined when nobody wants it. */
  accepted(from: HostPort): number | undefined;
  /** Units from a connection; borrowed for the call, and worked on in place. */
  units(batch: PacketBatch): void;
}

export class SessionStreams {
  /** Units over all connections; dropped ones found no room in the buffer of a slow one, or their connection gone. */
  readonly counters = { sent: 0, sentBytes: 0, dropped: 0, received: 0, receivedBytes: 0 };
  readonly #options: SessionStreamsOptions;
  readonly #events: SessionStreamEvents;
  readonly #streams = new Map<number, UnitStream>();
  /** Connections that are being made and still wanted. */
  readonly #opening = new Set<number>();
  readonly #servers = new Map<number, Server>();
  readonly #ranker = new UnitRanker();
  #isClosed = false;

  constructor(options: SessionStreamsOptions, events: SessionStreamEvents) {
    this.#options = options;
    this.#events = events;
  }

  carryOut(want: TransportWant): void {
    switch (want.kind) {
      case "connect":
        return this.#connect(want.address, want.to);
      case "close":
        this.#opening.delete(want.address);
        return this.#drop(want.address);
      case "listen":
        return this.#listen(want.ports);
      case "lookup":
        return void this.#lookup(want.host);
      default:
        return unreachable(want);
    }
  }

  /** Writes the units that go to connections and takes them out of the batch; the others move up. */
  take(batch: PacketBatch, nowMs: number): void {
    let kept = 0;
    for (let i = 0; i < batch.size; i++) {
      const address = batch.addresses[i];
      if (isStreamAddress(address)) {
        this.#write(batch, i, nowMs);
        continue;
      }
      if (kept < i) {
        batch.bytes.copyWithin(batch.offset(kept), batch.offset(i), batch.offset(i) + batch.lengths[i]);
        batch.lengths[kept] = batch.lengths[i];
        batch.addresses[kept] = address;
      }
      kept++;
    }
    batch.size = kept;
  }

  #write(batch: PacketBatch, i: number, nowMs: number): void {
    const stream = this.#streams.get(batch.addresses[i]);
    const start = batch.offset(i);
    const priority = this.#ranker.priorityOf(batch.bytes, start, start + batch.lengths[i]);
    if (stream?.write(batch, i, priority) === true) {
      this.counters.sent++;
      this.counters.sentBytes += batch.lengths[i];
    } else this.counters.dropped++;
    stream?.sweep(nowMs);
  }

  /** Ends everything, without a word to the session. */
  close(): void {
    this.#isClosed = true;
    this.#opening.clear();
    for (const address of [...this.#streams.keys()]) this.#drop(address);
    this.#listen([]);
  }

  /** Ends a connection that the session has given up already. */
  #drop(address: number): void {
    const stream = this.#streams.get(address);
    this.#streams.delete(address);
    stream?.close("closed here");
  }

  #connect(address: number, to: StreamTarget): void {
    this.#opening.add(address);
    const trust = to.transport === "tls" ? this.#options.relayTrust : undefined;
    openStream(to.host, to.port, trust, CONNECT_TIMEOUT_MS).then(
      (socket) => {
        if (!this.#opening.delete(address)) return void socket.destroy();
        this.#run(socket, address, to.transport);
        this.#events.event({ kind: "opened", address, ip: plainIp(socket.remoteAddress ?? to.host) });
      },
      (error: unknown) => {
        if (this.#opening.delete(address)) this.#events.event({ kind: "closed", address, message: messageOf(error) });
      },
    );
  }

  #run(socket: Socket | TLSSocket, address: number, transport: "tcp" | "tls"): void {
    const stream = new UnitStream(socket, address, transport, SEND_BUFFER_BYTES, {
      units: (batch) => {
        this.counters.received += batch.size;
        for (let i = 0; i < batch.size; i++) this.counters.receivedBytes += batch.lengths[i];
        this.#events.units(batch);
        return Promise.resolve();
      },
      tooLarge: () => {},
      closed: (why) => {
        if (this.#streams.delete(address)) this.#events.event({ kind: "closed", address, message: why });
      },
    }, this.#options.clock.nowMs());
    this.#streams.set(address, stream);
  }

  #listen(ports: readonly number[]): void {
    for (const [port, server] of this.#servers) {
      if (ports.includes(port)) continue;
      this.#servers.delete(port);
      server.close();
    }
    for (const port of ports) {
      if (!this.#servers.has(port)) this.#listenOn(port);
    }
  }

  #listenOn(port: number): void {
    const server = createServer((socket) => this.#accept(socket));
    this.#servers.set(port, server);
    listenTcp(server, { host: this.#options.bindHost, port }).then(() => {
      // It may have been given up in the meantime.
      if (this.#servers.get(port) !== server) server.close();
    }, (error: unknown) => {
      if (this.#servers.get(port) !== server) return;
      this.#servers.delete(port);
      this.#events.event({ kind: "not_listening", port, message: messageOf(error) });
    });
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    const address = this.#isClosed || remoteAddress === undefined || remotePort === undefined
      ? undefined
      : this.#events.accepted({ host: plainIp(remoteAddress), port: remotePort });
    if (address === undefined) socket.destroy();
    else this.#run(socket, address, "tcp");
  }

  async #lookup(host: string): Promise<void> {
    const family = this.#options.bindHost.includes(":") ? 6 : 4;
    const event = await lookup(host, { family }).then(
      ({ address }): TransportEvent => ({ kind: "looked_up", host, ip: address, message: "" }),
      (error: unknown): TransportEvent => ({ kind: "looked_up", host, message: messageOf(error) }),
    );
    if (!this.#isClosed) this.#events.event(event);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
