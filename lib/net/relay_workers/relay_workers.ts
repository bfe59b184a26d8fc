/**
 * Forwarding in workers. The server's thread keeps connections and pages: units of connections go to the worker of their
 * session through its ring, and those for connections come back through another.
 */
import type { HostPort } from "../../base/address_table.ts";
import { PacketBatch } from "../../base/batch.ts";
import { utf8 } from "../../base/bytes.ts";
import type { Impairer } from "../../relay/impairer.ts";
import { DEFAULT_RELAY_LIMITS, type RelayLimits } from "../../relay/limits.ts";
import { NONE } from "../../relay/relay_addresses.ts";
import type { RelayCounters } from "../../relay/relay_counters.ts";
import type { RelayState } from "../../relay/relay_state.ts";
import { UnitRanker } from "../../relay/unit_priority.ts";
import { listening } from "../listen.ts";
import { EFD_CLOEXEC, EFD_NONBLOCK, type Libc, libc, systemError } from "../native/libc.ts";
import { LibraryError } from "../native/library.ts";
import { bindUdp, type BoundUdp, closeUdp } from "../native/udp_socket.ts";
import type { ForwarderEvents, RelayForwarder } from "../relay_forwarder.ts";
import type { ForwarderOptions } from "../relay_here.ts";
import { RelayAddressBook } from "../relay_server_addresses.ts";
import type { ForwardingLatency, UdpFigures } from "../relay_server_metrics.ts";
import { KIND_AT, RING_PAYLOAD_BYTES, SharedRing } from "./shared_ring.ts";
import { Steering } from "./steering.ts";
import { WorkerFigures } from "./worker_figures.ts";
import {
  Flag,
  FLAG_BYTES,
  RecordKind,
  SERIAL_AT,
  STREAM_AT,
  type WorkerNote,
  type WorkerSetup,
} from "./worker_messages.ts";
import { type SharedParts, ThreadRings } from "./worker_rings.ts";

/** How long a unit of a connection waits for room in a worker's ring before it is tried again. */
const RETRY_MS = 1;

export interface RelayWorkersOptions extends ForwarderOptions {
  readonly workers: number;
  readonly udp: readonly HostPort[];
  readonly addressCapacity: number;
}

export class RelayWorkers implements RelayForwarder {
  readonly udp: readonly HostPort[];
  readonly state: RelayState;
  readonly #options: RelayWorkersOptions;
  readonly #events: ForwarderEvents;
  readonly #libc: Libc = libc();
  readonly #parts: SharedParts;
  readonly #rings: ThreadRings;
  readonly #memory: readonly SharedArrayBuffer[];
  /** By thread; the last is this one's own. */
  readonly #figures: readonly WorkerFigures[];
  readonly #streamUse: readonly SharedArrayBuffer[];
  /** `sockets[worker]`, one for each place that is listened at. */
  readonly #sockets: readonly (readonly BoundUdp[])[];
  readonly #streams: RelayAddressBook;
  readonly #streamSerials: Uint32Array;
  readonly #steering: Steering;
  readonly #ranker = new UnitRanker();
  readonly #unit = new PacketBatch(1, RING_PAYLOAD_BYTES);
  /** By worker: records that wait for room, in their order. */
  readonly #waiting: (() => boolean)[][];
  #workers: { readonly worker: Worker; readonly stopped: Promise<void> }[] = [];
  #isDraining = false;
  #isStopped = false;

  /** Opens the sockets. @throws ListenError, LibraryError */
  constructor(options: RelayWorkersOptions, events: ForwarderEvents) {
    const { workers, maxConnections } = options;
    this.#options = options;
    this.#events = events;
    this.#sockets = bindAll(options);
    this.udp = this.#sockets[0].map(({ local }) => local);
    const threads = Array.from({ length: workers + 1 });
    this.#parts = {
      workers,
      doorbells: Array.from({ length: workers }, () => openDoorbell(this.#libc)),
      flags: threads.map(() => new SharedArrayBuffer(FLAG_BYTES)),
      rings: threads.map(() => threads.map(() => SharedRing.create())),
    };
    this.#rings = new ThreadRings(workers, this.#parts, () => {});
    this.#memory = threads.map(() => WorkerFigures.create());
    this.#figures = this.#memory.map((memory) => new WorkerFigures(memory));
    this.#streamUse = Array.from({ length: workers }, () => new SharedArrayBuffer(Math.max(1, maxConnections)));
    this.#streams = new RelayAddressBook([], maxConnections);
    this.#streamSerials = new Uint32Array(maxConnections);
    this.#steering = new Steering(workers, maxConnections);
    this.#waiting = Array.from({ length: workers }, () => []);
    this.state = new WorkersState(
      this.#figures,
      { ...DEFAULT_RELAY_LIMITS, ...options.limits },
      () => this.#isDraining,
    );
  }

  get latency(): ForwardingLatency {
    return WorkerFigures.sum(this.#figures).latency;
  }

  udpFigures(): UdpFigures {
    return WorkerFigures.sum(this.#figures).udpFigures;
  }

  impaired(): Impairer["counts"] | undefined {
    return this.#options.impairment === undefined ? undefined : WorkerFigures.sum(this.#figures).impaired;
  }

  async start(): Promise<void> {
    this.#sleep();
    const ready = this.#sockets.map(() => Promise.withResolvers<void>());
    this.#workers = this.#sockets.map((sockets, index) => {
      const worker = new Worker(new URL("./relay_worker.ts", import.meta.url), {
        type: "module",
        name: `relay ${index}`,
      });
      const stopped = new Promise<void>((resolve) => {
        worker.onmessage = ({ data }: MessageEvent<WorkerNote>) => this.#note(data, ready[index].resolve, resolve);
        worker.onerror = (event) => {
          event.preventDefault();
          this.#broken(event.message);
          ready[index].reject(new LibraryError(`the relay cannot start its thread: ${event.message}`));
          resolve();
        };
      });
      worker.postMessage(this.#setup(index, sockets));
      return { worker, stopped };
    });
    await Promise.all(ready.map(({ promise }) => promise));
  }

  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (let worker = 0; worker < this.#parts.workers; worker++) {
      this.#post(worker, () => this.#rings.tell(worker, RecordKind.drain));
    }
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#workers.length === 0) this.#sockets.flat().forEach(closeUdp);
    for (const flags of this.#parts.flags) Atomics.store(new Int32Array(flags), Flag.stop, 1);
    for (const fd of this.#parts.doorbells) this.#libc.write(fd, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), 8n);
    await Promise.all(this.#workers.map(({ stopped }) => stopped));
    for (const { worker } of this.#workers) worker.terminate();
    for (const fd of this.#parts.doorbells) this.#libc.close(fd);
  }

  openStream(host: string, port: number, transport: "tcp" | "tls"): number {
    const stream = this.#streams.openStream(host, port, transport);
    if (stream === NONE) return NONE;
    const serial = ++this.#streamSerials[stream];
    const place = utf8(`${host} ${port}`);
    for (let worker = 0; worker < this.#parts.workers; worker++) {
      this.#post(worker, () => {
        const { ring, slot, word } = this.#rings.reserve(worker, RecordKind.opened);
        if (slot < 0) return false;
        ring.words.set([stream, serial, transport === "tcp" ? 0 : 1], word + STREAM_AT);
        ring.putBytes(slot, place);
        this.#rings.commit(worker);
        return true;
      });
    }
    return stream;
  }

  async takeUnits(batch: PacketBatch): Promise<void> {
    for (let i = 0; i < batch.size; i++) {
      const stream = batch.addresses[i];
      const serial = this.#streamSerials[stream];
      const start = batch.offset(i);
      const to = this.#steering.workerFor(stream, serial, batch.bytes, start, start + batch.lengths[i]);
      // Nobody's: any worker says so.
      const worker = to === NONE ? 0 : to;
      const send = () => this.#rings.tellPacket(worker, RecordKind.unit, batch, i, stream, serial);
      // A full ring makes the connection wait, and so its sender.
      if (this.#waiting[worker].length > 0 || !send()) {
        await new Promise<void>((sent) => this.#postLater(worker, send, sent));
      }
    }
  }

  dropTooLarge(): void {
    this.#figures[this.#parts.workers].counters.drop("too_large");
  }

  isInUse(stream: number): boolean {
    return this.#streamUse.some((memory) => new Uint8Array(memory)[stream] === 1);
  }

  closeStream(stream: number): void {
    for (let worker = 0; worker < this.#parts.workers; worker++) {
      this.#post(worker, () => this.#rings.tell(worker, RecordKind.closed, stream));
    }
    this.#streams.closeStream(stream);
  }

  #setup(index: number, sockets: readonly BoundUdp[]): WorkerSetup {
    const { workers, relayId, secret, crypto, maxConnections, impairment, addressCapacity } = this.#options;
    const { limits } = this.state;
    return {
      ...this.#parts,
      index,
      relayId,
      secret,
      crypto: crypto.name,
      limits: {
        ...limits,
        totalBps: limits.totalBps / workers,
        messagesOverall: limits.messagesOverall / workers,
      },
      maxConnections,
      impairment: impairment && { ...impairment, seed: impairment.seed + index },
      sockets,
      addressCapacity,
      figures: this.#memory,
      streamUse: this.#streamUse[index],
    };
  }

  #note(note: WorkerNote, ready: () => void, stopped: () => void): void {
    switch (note.kind) {
      case "ready":
        return ready();
      case "event":
        return this.#events.log(note.event);
      case "failed":
        return this.#events.failed(note.what, note.message);
      case "records":
        return this.#receive();
      case "broken":
        return this.#broken(note.message);
      case "stopped":
        ready();
        return stopped();
    }
  }

  #broken(message: string): void {
    if (!this.#isStopped) this.#events.broken(new Error(`relay worker: ${message}`));
  }

  /** Writes what the workers have for connections, until there is nothing more. */
  #receive(): void {
    do {
      for (let worker = 0; worker < this.#parts.workers; worker++) this.#receiveFrom(worker);
    } while (!this.#sleep());
  }

  #receiveFrom(worker: number): void {
    const ring = this.#rings.incoming[worker];
    for (let slot = ring?.front() ?? NONE; ring !== undefined && slot !== NONE; slot = ring.front()) {
      const word = ring.wordOf(slot);
      const stream = ring.words[word + STREAM_AT];
      if (this.#streamSerials[stream] === ring.words[word + SERIAL_AT]) {
        if (ring.words[word + KIND_AT] === RecordKind.routeStream) this.#route(stream, worker);
        else this.#write(ring, slot, stream);
      }
      ring.release();
    }
  }

  #write(ring: SharedRing, slot: number, stream: number): void {
    this.#unit.clear();
    ring.take(slot, this.#unit, stream);
    const start = this.#unit.offset(0);
    const priority = this.#ranker.priorityOf(this.#unit.bytes, start, start + this.#unit.lengths[0]);
    this.#events.write(stream, this.#unit, 0, priority);
  }

  #route(stream: number, worker: number): void {
    const before = this.#steering.bound(stream, this.#streamSerials[stream], worker);
    if (before === NONE) return;
    this.#post(before, () => this.#rings.tell(before, RecordKind.leftStream, stream));
  }

  /** Asks to be woken; false when there is something already. */
  #sleep(): boolean {
    Atomics.store(this.#rings.flags, Flag.asleep, 1);
    return !this.#rings.hasIncoming || Atomics.exchange(this.#rings.flags, Flag.asleep, 0) === 0;
  }

  /** Sends a record behind those that wait. */
  #post(worker: number, send: () => boolean): void {
    // The doorbells may be closed by now, and their numbers somebody else's.
    if (this.#isStopped) return;
    if (this.#waiting[worker].length > 0 || !send()) this.#postLater(worker, send, () => {});
  }

  #postLater(worker: number, send: () => boolean, sent: () => void): void {
    const waiting = this.#waiting[worker];
    waiting.push(() => {
      if (!this.#isStopped && !send()) return false;
      sent();
      return true;
    });
    if (waiting.length === 1) this.#retry(worker);
  }

  #retry(worker: number): void {
    setTimeout(() => {
      const waiting = this.#waiting[worker];
      while (waiting.length > 0 && waiting[0]()) waiting.shift();
      if (waiting.length > 0) this.#retry(worker);
    }, RETRY_MS);
  }
}

/** All workers as one relay. */
class WorkersState implements RelayState {
  readonly limits: RelayLimits;
  readonly #figures: readonly WorkerFigures[];
  readonly #isDraining: () => boolean;

  constructor(figures: readonly WorkerFigures[], limits: RelayLimits, isDraining: () => boolean) {
    this.#figures = figures;
    this.limits = limits;
    this.#isDraining = isDraining;
  }

  get counters(): RelayCounters {
    return WorkerFigures.sum(this.#figures).counters;
  }

  get sessions(): number {
    return WorkerFigures.sum(this.#figures).sessions;
  }

  get bound(): number {
    return WorkerFigures.sum(this.#figures).bound;
  }

  get waiting(): number {
    return WorkerFigures.sum(this.#figures).waiting;
  }

  get isDraining(): boolean {
    return this.#isDraining();
  }
}

/** Opens each place once for every worker: the system shares senders out among them. */
function bindAll({ udp, workers }: RelayWorkersOptions): readonly (readonly BoundUdp[])[] {
  const sockets: BoundUdp[][] = Array.from({ length: workers }, () => []);
  try {
    for (const place of udp) {
      const shared = listening("UDP", place, () => bindTogether(place, workers));
      shared.forEach((socket, i) => sockets[i].push(socket));
    }
    return sockets;
  } catch (error) {
    sockets.flat().forEach(closeUdp);
    throw error;
  }
}

/** Others may take a number that the system has chosen before it is shared: then it chooses another. */
const CHOICES = 8;

/** One socket for each worker, at one place. @throws as `bindUdp`. */
function bindTogether({ host, port }: HostPort, workers: number): readonly BoundUdp[] {
  for (let choice = 1;; choice++) {
    // Without sharing first: that of others would be shared silently.
    const first = bindUdp({ host, port });
    if (workers === 1) return [first];
    closeUdp(first);
    const shared: BoundUdp[] = [];
    try {
      while (shared.length < workers) shared.push(bindUdp({ host, port: first.local.port, reusePort: true }));
      return shared;
    } catch (error) {
      shared.forEach(closeUdp);
      if (port !== 0 || choice === CHOICES || (error as { code?: string }).code !== "EADDRINUSE") throw error;
    }
  }
}

function openDoorbell(c: Libc): number {
  const fd = c.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw systemError(c, "eventfd");
  return fd;
}
