/** The one loop around a relay's machine on this thread: what comes in goes through it and out again, and timers wake it. */
import { PacketBatch } from "../base/batch.ts";
import { MAX_UNIT_BYTES } from "../packet/demux.ts";
import { PRIORITIES } from "../relay/relay_counters.ts";
import type { DatagramTransport } from "./datagram.ts";
import type { RelayOutlet } from "./relay_server_outlet.ts";
import { type RelayStepOptions, RelaySteps } from "./relay_steps.ts";

export const OUT_PACKETS = 64;
export const IN_PACKETS = 64;
/** Larger than any unit, so that what is too long is seen and not cut. */
export const IN_SLOT_BYTES = 2048;

export interface RelayPumpOptions extends RelayStepOptions {
  readonly outlet: RelayOutlet;
}

/**
 * Whatever arrives is worked on in the turn that it arrives in, and goes out before its source is read again: the
 * system's buffers are the only queue on the way in.
 */
export class RelayPump {
  readonly #options: RelayPumpOptions;
  readonly #steps: RelaySteps;
  readonly #out = new PacketBatch(OUT_PACKETS, MAX_UNIT_BYTES);
  #isFlushing = false;
  #flushAgain = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  #isStopped = false;

  constructor(options: RelayPumpOptions) {
    this.#options = options;
    this.#steps = new RelaySteps(options);
  }

  /** Reads a UDP socket until it is closed; its addresses begin at `base`. Rejects when the socket breaks. */
  async run(transport: DatagramTransport, base: number): Promise<void> {
    const { outlet } = this.#options;
    const batch = new PacketBatch(IN_PACKETS, IN_SLOT_BYTES);
    const counts = new Uint32Array(PRIORITIES);
    while (await transport.receive(batch)) {
      if (base > 0) { for (let i = 0; i < batch.size; i++) batch.addresses[i] += base; }
      // The lines of `pass`, without a promise of its own for every packet.
      const arrivedMs = this.#steps.take(batch, counts);
      if (batch.size > 0) await outlet.send(batch);
      if (this.#steps.left(counts, arrivedMs)) await this.#flush();
      this.settle();
    }
  }

  /**
   * Takes a batch through the relay and sends what goes on at once; the batch is in use until the promise resolves.
   * `counts` is scratch of {@link PRIORITIES} numbers, the caller's own.
   */
  async pass(batch: PacketBatch, counts: Uint32Array): Promise<void> {
    const arrivedMs = this.#steps.take(batch, counts);
    if (batch.size > 0) await this.#options.outlet.send(batch);
    if (this.#steps.left(counts, arrivedMs)) await this.#flush();
    this.settle();
  }

  /** Reads out events, and sets the timer: after everything that was done to the relay from outside. */
  settle(): void {
    this.#steps.readEvents();
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
        while (this.#steps.fill(this.#out)) {
          if (this.#out.size > 0) await this.#options.outlet.send(this.#out);
          this.#steps.sent();
        }
      } while (this.#flushAgain);
    } finally {
      this.#isFlushing = false;
    }
  }

  #schedule(): void {
    const { clock } = this.#options;
    const dueMs = this.#steps.dueMs();
    // A timer that comes too early asks again; setting one for every packet would cost more than that.
    if (this.#isStopped || dueMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = dueMs;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, Math.ceil(dueMs - clock.nowMs())));
  }

  #wake(): void {
    const { failed } = this.#options;
    this.#timerAtMs = Infinity;
    this.#steps.timeout();
    this.#flush().catch((error) => failed("sending", error)).then(() => this.settle());
  }
}
