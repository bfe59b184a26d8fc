/**
 * A worker's loop: the relay's machine over native sockets, without a promise anywhere. What its sockets receive and
 * what other threads hand over goes through the same steps.
 *
 * ```
 *   socket --+--> ours ------------------> steps --+--> socket
 *            +--> another worker's ring            +--> the server's ring, for connections
 *   rings  -----> ours ------------------> steps --+
 * ```
 */
import { PacketBatch } from "../../base/batch.ts";
import { MAX_UNIT_BYTES } from "../../packet/demux.ts";
import { Impairer } from "../../relay/impairer.ts";
import { Relay } from "../../relay/relay.ts";
import { NONE } from "../../relay/relay_addresses.ts";
import { PRIORITIES } from "../../relay/relay_counters.ts";
import type { RelayEvent } from "../../relay/relay_events.ts";
import { UnitRanker } from "../../relay/unit_priority.ts";
import { systemClock } from "../clock.ts";
import { NativeUdpSocket } from "../native/udp_socket.ts";
import { RelayAddressBook } from "../relay_server_addresses.ts";
import { describeEvent } from "../relay_server_events.ts";
import { shareOf, takeStreamUnits } from "../relay_server_outlet.ts";
import { IN_PACKETS, IN_SLOT_BYTES, OUT_PACKETS } from "../relay_server_pump.ts";
import { RelaySteps } from "../relay_steps.ts";
import { SystemRng } from "../system_rng.ts";
import { Sleeper } from "./doorbell.ts";
import { HandOver } from "./hand_over.ts";
import { WorkerFigures } from "./worker_figures.ts";
import { Flag, type WorkerNote, type WorkerSetup } from "./worker_messages.ts";
import { ThreadRings } from "./worker_rings.ts";
import { importBackend } from "./worker_crypto.ts";

const MAX_SLEEP_MS = 50;
const RARELY_MS = 250;

export class WorkerLoop {
  readonly #tell: (note: WorkerNote) => void;
  readonly #clock = systemClock();
  readonly #sockets: readonly NativeUdpSocket[];
  readonly #figures: WorkerFigures;
  readonly #addresses: RelayAddressBook;
  readonly #relay: Relay;
  readonly #impairer: Impairer | undefined;
  readonly #steps: RelaySteps;
  readonly #rings: ThreadRings;
  readonly #handOver: HandOver;
  readonly #sleeper: Sleeper;
  readonly #ranker = new UnitRanker();
  /** By socket. */
  readonly #in: readonly PacketBatch[];
  /** What other threads have handed over. */
  readonly #handed = new PacketBatch(IN_PACKETS, IN_SLOT_BYTES);
  readonly #out = new PacketBatch(OUT_PACKETS, MAX_UNIT_BYTES);
  readonly #counts = new Uint32Array(PRIORITIES);
  readonly #server: number;
  #rarelyMs = 0;

  constructor(setup: WorkerSetup, tell: (note: WorkerNote) => void) {
    const { index, workers, maxConnections, impairment } = setup;
    const nowMs = this.#clock.nowMs();
    this.#tell = tell;
    this.#server = workers;
    const figures = setup.figures.map((memory) => new WorkerFigures(memory));
    this.#figures = figures[index];
    const { addressCapacity } = setup;
    this.#sockets = setup.sockets.map((bound) =>
      NativeUdpSocket.takeOver(bound, { addressCapacity, counters: this.#figures.udp })
    );
    this.#in = this.#sockets.map((socket) => socket.coalesce(IN_SLOT_BYTES));
    this.#addresses = new RelayAddressBook(this.#sockets.map(({ addresses }) => addresses), maxConnections);
    const others = figures.filter((_, i) => i !== index && i < workers);
    this.#relay = new Relay({
      ...setup,
      crypto: importBackend(setup.crypto),
      rng: new SystemRng(),
      unixOffsetMs: this.#clock.unixOffsetMs,
      addresses: this.#addresses,
      counters: this.#figures.counters,
      sessionsElsewhere: () => others.reduce((sum, { sessions }) => sum + sessions, 0),
      nowMs,
    });
    const relay = this.#relay;
    this.#impairer = impairment && new Impairer({
      ...impairment,
      directionTo: (address, nowMs) => relay.directionTo(address, nowMs),
      loseAddresses: (side) => relay.loseAddresses(side),
      nowMs,
    });
    this.#steps = new RelaySteps({
      relay,
      impairer: this.#impairer,
      latency: this.#figures.latency,
      clock: this.#clock,
      event: (event) => this.#event(event),
      failed: (what, error) => {
        const message = error instanceof Error ? error.stack ?? error.message : String(error);
        tell({ kind: "failed", what, message });
      },
    });
    this.#rings = new ThreadRings(index, setup, () => tell({ kind: "records" }));
    this.#handOver = new HandOver(setup, this.#rings, this.#sockets, this.#addresses, relay, this.#clock);
    this.#sleeper = new Sleeper(this.#sockets.map(({ fd }) => fd), setup.doorbells[index]);
  }

  /** Until the server's flag ends it. @throws what a broken socket throws. */
  run(): void {
    const { flags } = this.#rings;
    while (Atomics.load(flags, Flag.stop) === 0) if (!this.turn()) this.#sleep();
    this.close();
  }

  /** Works off what is there, without waiting; false when there was nothing. */
  turn(): boolean {
    const isBusy = this.#receiveAll();
    if (this.#clock.nowMs() >= this.#steps.dueMs()) {
      this.#steps.timeout();
      this.#flush();
    }
    this.#settle();
    return isBusy;
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  /** One batch from every socket, and all that others have handed over; false when there was nothing. */
  #receiveAll(): boolean {
    let isBusy = this.#receiveRings();
    for (let i = 0; i < this.#sockets.length; i++) {
      const batch = this.#in[i];
      if (this.#sockets[i].receive(batch) === 0) continue;
      isBusy = true;
      // A peer speaks when it knows that it is bound, and by then the route to its worker is in our ring.
      this.#receiveRings();
      const base = this.#addresses.udpBase(i);
      if (base > 0) { for (let k = 0; k < batch.size; k++) batch.addresses[k] += base; }
      this.#handOver.keepOurs(batch, i);
      this.#pass(batch);
    }
    return isBusy;
  }

  #receiveRings(): boolean {
    let isBusy = false;
    for (let wasBusy = true; wasBusy;) {
      wasBusy = false;
      // One batch of each, the server's first: what it commands must not wait until all others have nothing more.
      for (let from = this.#server; from >= 0; from--) {
        if (!this.#handOver.receive(from, this.#handed)) continue;
        wasBusy = true;
        this.#pass(this.#handed);
        // Only the server's thread has connections, and knows of them.
        if (from === this.#server) this.#handOver.noteStreamUse();
      }
      isBusy ||= wasBusy;
    }
    return isBusy;
  }

  /** Takes what is in the batch through the relay, and sends it. */
  #pass(batch: PacketBatch): void {
    if (batch.size === 0) return;
    const arrivedMs = this.#steps.take(batch, this.#counts);
    // Figures and routes are there before the answers that they are known by.
    this.#figures.publish(this.#relay);
    this.#steps.readEvents();
    if (batch.size > 0) this.#send(batch);
    if (this.#steps.left(this.#counts, arrivedMs)) this.#flush();
  }

  #flush(): void {
    while (this.#steps.fill(this.#out)) {
      if (this.#out.size > 0) this.#send(this.#out);
      this.#steps.sent();
    }
  }

  #send(batch: PacketBatch): void {
    takeStreamUnits(batch, this.#addresses.firstStream, this.#ranker, this.#writeStream);
    if (batch.size === 0) return;
    if (this.#sockets.length === 1) return this.#sockets[0].send(batch);
    for (const [i, socket] of this.#sockets.entries()) {
      const isLast = i + 1 === this.#sockets.length;
      socket.send(shareOf(batch, this.#addresses.udpBase(i), isLast ? Infinity : this.#addresses.udpBase(i + 1)));
    }
  }

  readonly #writeStream = (address: number, batch: PacketBatch, i: number, priority: number): void => {
    if (!this.#handOver.toServer(address, batch, i)) this.#relay.counters.queueDrop(priority);
  };

  #event(event: RelayEvent): void {
    // Whoever waits for the last session's end looks at the figures.
    this.#figures.publish(this.#relay);
    if (event.kind === "bound" && event.address !== NONE) this.#handOver.bound(event.address);
    this.#tell({ kind: "event", event: describeEvent(event, this.#addresses) });
  }

  #settle(): void {
    this.#steps.readEvents();
    this.#figures.publish(this.#relay);
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#rarelyMs) return;
    this.#rarelyMs = nowMs + RARELY_MS;
    this.#handOver.noteStreamUse();
    const drops = this.#sockets.reduce((sum, socket) => sum + socket.kernelDrops(), 0);
    this.#figures.publishRarely(drops, this.#impairer?.counts);
  }

  #sleep(): void {
    const { flags } = this.#rings;
    const forMs = Math.min(MAX_SLEEP_MS, Math.ceil(this.#steps.dueMs() - this.#clock.nowMs()));
    if (forMs <= 0) return;
    Atomics.store(flags, Flag.asleep, 1);
    // Looked at after the flag is up, so that nobody's record is slept over.
    if (!this.#rings.hasIncoming && Atomics.load(flags, Flag.stop) === 0) this.#sleeper.sleep(forMs);
    Atomics.store(flags, Flag.asleep, 0);
  }
}
