/**
 * What is done around a relay's machine, step by step and without waiting: whoever sends, on this thread or in a worker,
 * goes through the same steps.
 *
 * ```ts
 * const arrivedMs = steps.take(batch, counts);  // in
 * send(batch);                                  // what goes on at once
 * if (steps.left(counts, arrivedMs)) while (steps.fill(out)) { send(out); steps.sent(); }
 * steps.readEvents();
 * ```
 */
import type { PacketBatch } from "../base/batch.ts";
import type { Impairer } from "../relay/impairer.ts";
import type { Relay } from "../relay/relay.ts";
import { PRIORITIES } from "../relay/relay_counters.ts";
import type { RelayEvent } from "../relay/relay_events.ts";
import type { Clock } from "./clock.ts";
import type { ForwardingLatency } from "./relay_server_metrics.ts";

export interface RelayStepOptions {
  readonly relay: Relay;
  readonly impairer: Impairer | undefined;
  readonly latency: ForwardingLatency;
  readonly clock: Clock;
  readonly event: (event: RelayEvent) => void;
  /** Something of ours failed; the relay goes on. */
  readonly failed: (what: string, error: unknown) => void;
}

export class RelaySteps {
  readonly #options: RelayStepOptions;
  /** Packets of the last {@link fill} that had waited. */
  #polled = 0;

  constructor(options: RelayStepOptions) {
    this.#options = options;
  }

  /** Leaves in the batch what goes on at once, and in `counts` how many of each PR; answers when it arrived. */
  take(batch: PacketBatch, counts: Uint32Array): number {
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
  left(counts: Uint32Array, arrivedMs: number): boolean {
    const { relay, latency, clock } = this.#options;
    const nowMs = clock.nowMs();
    for (let priority = 0; priority < PRIORITIES; priority++) {
      latency.observe(priority, nowMs - arrivedMs, counts[priority]);
    }
    return relay.isDue(nowMs);
  }

  /** Fills `out` with answers or with what has waited; false when nothing is due. Send it, and call {@link sent}. */
  fill(out: PacketBatch): boolean {
    const { relay, impairer, clock } = this.#options;
    out.clear();
    this.#polled = 0;
    if (relay.pollAnswers(out) > 0) return true;
    const nowMs = clock.nowMs();
    this.#polled = relay.pollPackets(out, nowMs);
    impairer?.packets(out, nowMs);
    const arrived = impairer?.pollPackets(out, nowMs) ?? 0;
    return this.#polled + arrived > 0;
  }

  /** What {@link fill} has put out has left. */
  sent(): void {
    const { latency, clock } = this.#options;
    const { polledPriorities, polledArrivedMs } = this.#options.relay;
    const sentMs = clock.nowMs();
    for (let i = 0; i < this.#polled; i++) latency.observe(polledPriorities[i], sentMs - polledArrivedMs[i], 1);
  }

  readEvents(): void {
    const { relay, event: tell } = this.#options;
    for (let event = relay.poll(); event !== undefined; event = relay.poll()) tell(event);
  }

  /** When {@link timeout} has something to do; Infinity for never. */
  dueMs(): number {
    const { relay, impairer } = this.#options;
    return Math.min(relay.nextTimeoutMs() ?? Infinity, impairer?.nextTimeoutMs() ?? Infinity);
  }

  timeout(): void {
    const { relay, impairer, clock } = this.#options;
    const nowMs = clock.nowMs();
    relay.timeout(nowMs);
    impairer?.timeout(nowMs);
  }
}
