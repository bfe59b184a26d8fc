/** The one loop around a relay's machine: what comes in goes through it and out again, and timers wake it. */
import { PacketBatch } from "../base/batch.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import type { Impairer } from "../relay/impairer.ts";
import type { Relay } from "../relay/relay.ts";
import { PRIORITIES } from "../relay/relay_counters.ts";
import type { RelayEvent } from "../relay/relay_events.ts";
import type { Clock } from "./clock.ts";
import type { DatagramTransport } from "./datagram.ts";
import type { ForwardingLatency } from "./relay_server_metrics.ts";
import type { RelayOutlet } from "./relay_server_outlet.ts";

const OUT_PACKETS = 64;
const IN_PACKETS = 64;
/** Larger than any unit, so that what is too long is seen and not cut. */
const IN_SLOT_BYTES = 2048;

export interface RelayPumpOptions {
  readonly relay: Relay;
  readonly outlet: RelayOutlet;
  readonly impairer: Impairer | undefined;
  readonly latency: ForwardingLatency;
  readonly clock: Clock;
  readonly event: (event: RelayEvent) => void;
  /** Something of ours failed; the relay goes on. */
  readonly failed: (what: string, error: unknown) => void;
}

/**
 * Whatever arrives is worked on in the turn that it arrives in, and goes out before its source is read again: the
 * system's buffers are the only queue on the way in.
 */
export class RelayPump {
  readonly #options: RelayPumpOptions;
  readonly #out = new PacketBatch(OUT_PACKETS, MAX_UNIT_BYTES);
  #isFlushing = false;
  #flushAgain = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  #isStopped = false;

  constructor(options: RelayPumpOptions) {
    this.#options = options;
  }

  /** Reads a UDP socket until it is closed; its addresses begin at `base`. Rejects when the socket breaks. */
  async run(transport: DatagramTransport, base: number): Promise<void> {
    const { outlet } = this.#options;
    const batch = new PacketBatch(IN_PACKETS, IN_SLOT_BYTES);
    const counts = new Uint32Array(PRIORITIES);
    while (await transport.receive(batch)) {
      if (base > 0) { for (let i = 0; i < batch.size; i++) batch.addresses[i] += base; }
      // The lines of `pass`, without a promise of its own for every packet.
      const arrivedMs = this.#take(batch, counts);
      if (batch.size > 0) await outlet.send(batch);
      if (this.#isMoreDue(counts, arrivedMs)) await this.#flush();
      this.settle();
    }
  }

  /**
   * Takes a batch through the relay and sends what goes on at once; the batch is in use until the promise resolves.
   * `counts` is scratch of {@link PRIORITIES} numbers, the caller's own.
   */
  async pass(batch: PacketBatch, counts: Uint32Array): Promise<void> {
    const arrivedMs = this.#take(batch, counts);
    if (batch.size > 0) await this.#options.outlet.send(batch);
    if (this.#isMoreDue(counts, arrivedMs)) await this.#flush();
    this.settle();
  }

  /** Leaves in the batch what goes on at once, and in `counts` how many of each PR; answers when it arrived. */
  #take(batch: PacketBatch, counts: Uint32Array): number {
    const { relay, impairer, clock, failed } = this.#options;
    const nowMs = clock.nowMs();
    try {
      relay.packets(batch, nowMs);
    } catch (error) {
      // A bug costs the batch that met it, not every call of the relay.
      failed("packets", error);
      batch.clear();
    }
    counts.fill(0);
    for (let i = 0; i < batch.size; i++) counts[relay.priorities[i]]++;
    impairer?.packets(batch, nowMs);
    return nowMs;
  }

  /** Notes that the packets in `counts` have left; true when others are due. */
  #isMoreDue(counts: Uint32Array, arrivedMs: number): boolean {
    const { relay, latency, clock } = this.#options;
    const nowMs = clock.nowMs();
    for (let priority = 0; priority < PRIORITIES; priority++) {
      for (let left = counts[priority]; left > 0; left--) latency.observe(priority, nowMs - arrivedMs);
    }
    return relay.isDue(nowMs);
  }

  /** Reads out events, and sets the timer: after everything that was done to the relay from outside. */
  settle(): void {
    const { relay, event: tell } = this.#options;
    for (let event = relay.poll(); event !== undefined; event = relay.poll()) tell(event);
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Sends answers and what has waited, one batch after the other. */
  async #flush(): Promise<void> {
    if (this.#isFlushing) {
      this.#flushAgain = true;
      return;
    }
    this.#isFlushing = true;
    try {
      do {
        this.#flushAgain = false;
        while (await this.#sendDue());
      } while (this.#flushAgain);
    } finally {
      this.#isFlushing = false;
    }
  }

  /** False when nothing is due. */
  async #sendDue(): Promise<boolean> {
    const { relay, impairer, outlet, clock, latency } = this.#options;
    const out = this.#out;
    out.clear();
    if (relay.pollAnswers(out) > 0) {
      await outlet.send(out);
      return true;
    }
    const nowMs = clock.nowMs();
    const count = relay.pollPackets(out, nowMs);
    impairer?.packets(out, nowMs);
    if (out.size > 0) await outlet.send(out);
    const sentMs = clock.nowMs();
    const { polledPriorities, polledArrivedMs } = relay;
    for (let i = 0; i < count; i++) latency.observe(polledPriorities[i], sentMs - polledArrivedMs[i]);
    if (impairer === undefined) return count > 0;
    out.clear();
    const arrived = impairer.pollPackets(out, nowMs);
    if (arrived > 0) await outlet.send(out);
    return count + arrived > 0;
  }

  #schedule(): void {
    const { relay, impairer, clock } = this.#options;
    const dueMs = Math.min(relay.nextTimeoutMs() ?? Infinity, impairer?.nextTimeoutMs() ?? Infinity);
    // A timer that comes too early asks again; setting one for every packet would cost more than that.
    if (this.#isStopped || dueMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = dueMs;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(dueMs - clock.nowMs())));
  }

  #wake(): void {
    const { relay, impairer, clock, failed } = this.#options;
    this.#timerAtMs = Infinity;
    const nowMs = clock.nowMs();
    relay.timeout(nowMs);
    impairer?.timeout(nowMs);
    this.#flush().catch((error) => failed("sending", error)).then(() => this.settle());
  }
}
