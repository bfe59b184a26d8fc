/** What a worker counts, in memory that the server reads while the worker writes. */
import type { Impairer } from "../../relay/impairer.ts";
import { RELAY_COUNTER_SLOTS, RelayCounters } from "../../relay/relay_counters.ts";
import type { DatagramCounters } from "../datagram.ts";
import { ForwardingLatency, LATENCY_SLOTS, type UdpFigures } from "../relay_server_metrics.ts";

const IMPAIRED = ["passed", "lost", "duplicated", "reordered", "overflown", "rebinds"] as const;
const LATENCY_AT = RELAY_COUNTER_SLOTS;
const GAUGES_AT = LATENCY_AT + LATENCY_SLOTS;
const UDP_AT = GAUGES_AT + 3;
const KERNEL_DROPS_AT = UDP_AT + 4;
const IMPAIRED_AT = KERNEL_DROPS_AT + 1;
const SLOTS = IMPAIRED_AT + IMPAIRED.length;

export class WorkerFigures {
  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(8 * SLOTS);
  }

  readonly counters: RelayCounters;
  readonly latency: ForwardingLatency;
  readonly udp: DatagramCounters;
  readonly slots: Float64Array;

  constructor(memory: ArrayBufferLike) {
    const slots = new Float64Array(memory);
    this.slots = slots;
    this.counters = new RelayCounters(slots.subarray(0, LATENCY_AT));
    this.latency = new ForwardingLatency(slots.subarray(LATENCY_AT, GAUGES_AT));
    this.udp = new SharedDatagramCounters(slots.subarray(UDP_AT, KERNEL_DROPS_AT));
  }

  /** The figures of several workers as one's. */
  static sum(all: readonly WorkerFigures[]): WorkerFigures {
    const sum = new WorkerFigures(new ArrayBuffer(8 * SLOTS));
    for (const { slots } of all) for (let i = 0; i < SLOTS; i++) sum.slots[i] += slots[i];
    return sum;
  }

  get sessions(): number {
    return this.slots[GAUGES_AT];
  }

  get bound(): number {
    return this.slots[GAUGES_AT + 1];
  }

  get waiting(): number {
    return this.slots[GAUGES_AT + 2];
  }

  get udpFigures(): UdpFigures {
    const { received, sent, sendErrors, oversize } = this.udp;
    return { received, sent, sendErrors, oversize, kernelDrops: this.slots[KERNEL_DROPS_AT] };
  }

  get impaired(): Impairer["counts"] {
    return Object.fromEntries(IMPAIRED.map((name, i) => [name, this.slots[IMPAIRED_AT + i]])) as Impairer["counts"];
  }

  /** Writes what is not counted in place. */
  publish(state: { readonly sessions: number; readonly bound: number; readonly waiting: number }): void {
    this.slots[GAUGES_AT] = state.sessions;
    this.slots[GAUGES_AT + 1] = state.bound;
    this.slots[GAUGES_AT + 2] = state.waiting;
  }

  publishRarely(kernelDrops: number, impaired: Impairer["counts"] | undefined): void {
    this.slots[KERNEL_DROPS_AT] = kernelDrops;
    if (impaired !== undefined) IMPAIRED.forEach((name, i) => this.slots[IMPAIRED_AT + i] = impaired[name]);
  }
}

class SharedDatagramCounters implements DatagramCounters {
  readonly #slots: Float64Array;

  constructor(slots: Float64Array) {
    this.#slots = slots;
  }

  get received(): number {
    return this.#slots[0];
  }

  set received(count: number) {
    this.#slots[0] = count;
  }

  get sent(): number {
    return this.#slots[1];
  }

  set sent(count: number) {
    this.#slots[1] = count;
  }

  get sendErrors(): number {
    return this.#slots[2];
  }

  set sendErrors(count: number) {
    this.#slots[2] = count;
  }

  get oversize(): number {
    return this.#slots[3];
  }

  set oversize(count: number) {
    this.#slots[3] = count;
  }
}
