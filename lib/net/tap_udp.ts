/**
 * A tap on UDP. A proxy has a socket of its own for every client, so that the server tells them apart and its answers find
 * back. One datagram in is one datagram out: nothing is made up, doubled, or sent anywhere but to the server and, from it
 * alone, to the client that the server answers.
 */
import type { HostPort } from "../base/address_table.ts";
import { PacketBatch } from "../base/batch.ts";
import type { Clock } from "./clock.ts";
import type { DatagramTransport } from "./datagram.ts";
import { ListenError } from "./listen.ts";
import { checkTarget, IDLE_MS, MAX_TAP_CLIENTS, type Tap, type TapTarget, type TapWatcher } from "./tap.ts";
import { openUdp } from "./udp_deno.ts";

/** The largest datagram that UDP has, and a byte, by which a socket tells that it was not cut. */
const SLOT_BYTES = 65_536;

interface Client {
  /** As the tap's own socket numbers it. */
  readonly number: number;
  readonly address: HostPort;
  readonly upstream: DatagramTransport;
  /** The server, as {@link upstream} numbers it. */
  readonly server: number;
  lastMs: number;
}

export interface UdpTapOptions {
  readonly listen: HostPort;
  readonly target?: TapTarget;
  readonly watcher: TapWatcher;
  readonly clock: Clock;
  readonly maxClients?: number;
}

/** @throws ListenError */
export function openUdpTap(options: UdpTapOptions): Tap {
  let socket: DatagramTransport;
  try {
    socket = openUdp({ ...options.listen, addressCapacity: 4 * (options.maxClients ?? MAX_TAP_CLIENTS) });
  } catch (error) {
    throw new ListenError("UDP", options.listen, error);
  }
  try {
    checkTarget("UDP", socket.local, options.target);
  } catch (error) {
    socket.close();
    throw error;
  }
  return new UdpTap(socket, options);
}

class UdpTap implements Tap {
  readonly local: HostPort;
  readonly counters = { clients: 0, refused: 0, there: 0, back: 0 };
  readonly #socket: DatagramTransport;
  readonly #target: TapTarget;
  readonly #watcher: TapWatcher;
  readonly #clock: Clock;
  readonly #maxClients: number;
  readonly #clients = new Map<number, Client>();
  #isOpen = true;

  constructor(
    socket: DatagramTransport,
    { target, watcher, clock, maxClients = MAX_TAP_CLIENTS }: UdpTapOptions,
  ) {
    this.local = socket.local;
    this.#socket = socket;
    this.#target = target;
    this.#watcher = watcher;
    this.#clock = clock;
    this.#maxClients = maxClients;
    this.#run(this.#receive());
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.close();
    for (const { upstream } of this.#clients.values()) upstream.close();
    this.#clients.clear();
  }

  /** Sockets break but when they are closed, and then there is nobody to tell. */
  #run(loop: Promise<void>): void {
    loop.catch((error: unknown) => {
      if (this.#isOpen) this.#watcher.note(`a socket broke: ${error instanceof Error ? error.message : error}`);
    });
  }

  async #receive(): Promise<void> {
    const batch = new PacketBatch(1, SLOT_BYTES);
    while (await this.#socket.receive(batch)) {
      const from = this.#socket.addresses.describe(batch.addresses[0]);
      if (from === undefined) continue;
      if (this.#target === undefined) this.#take(from, batch);
      else await this.#handOn(from, this.#target, batch);
    }
  }

  #take(from: HostPort, batch: PacketBatch): void {
    this.counters.there++;
    this.#watcher.datagram(from, this.local, batch.packet(0));
  }

  async #handOn(from: HostPort, target: HostPort, batch: PacketBatch): Promise<void> {
    const client = this.#clients.get(batch.addresses[0]) ?? this.#open(batch.addresses[0], from, target);
    if (client === undefined) {
      this.counters.refused++;
      return;
    }
    client.lastMs = this.#clock.nowMs();
    this.counters.there++;
    this.#watcher.datagram(from, target, batch.packet(0));
    batch.addresses[0] = client.server;
    await client.upstream.send(batch);
  }

  #open(number: number, address: HostPort, target: HostPort): Client | undefined {
    if (this.#clients.size >= this.#maxClients && !this.#dismissIdle()) return undefined;
    const upstream = openUpstream(target);
    if (upstream === undefined) return undefined;
    const server = upstream.addresses.intern(target.host, target.port);
    upstream.addresses.pin(server);
    this.#socket.addresses.pin(number);
    const client: Client = { number, address, upstream, server, lastMs: this.#clock.nowMs() };
    this.#clients.set(number, client);
    this.counters.clients++;
    this.#run(this.#answer(client, target));
    return client;
  }

  async #answer({ number, address, upstream, server }: Client, target: HostPort): Promise<void> {
    const batch = new PacketBatch(1, SLOT_BYTES);
    while (await upstream.receive(batch)) {
      // What others send to that port is not for the client.
      if (batch.addresses[0] !== server) continue;
      this.counters.back++;
      this.#watcher.datagram(target, address, batch.packet(0));
      batch.addresses[0] = number;
      await this.#socket.send(batch);
    }
  }

  /** Lets go of the client that has been silent longest, if it has been so for long. */
  #dismissIdle(): boolean {
    let idlest: Client | undefined;
    for (const client of this.#clients.values()) {
      if (idlest === undefined || client.lastMs < idlest.lastMs) idlest = client;
    }
    if (idlest === undefined || this.#clock.nowMs() - idlest.lastMs < IDLE_MS) return false;
    idlest.upstream.close();
    this.#socket.addresses.unpin(idlest.number);
    this.#clients.delete(idlest.number);
    return true;
  }
}

/** Undefined where the system has no socket left. */
function openUpstream({ host }: HostPort): DatagramTransport | undefined {
  try {
    return openUdp({ host: host.includes(":") ? "::" : "0.0.0.0", port: 0, addressCapacity: 16 });
  } catch {
    return undefined;
  }
}
