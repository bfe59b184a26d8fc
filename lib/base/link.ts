/**
 * One direction of a network path: loss, delay, jitter, reordering, duplication, a bottleneck with its queue, an MTU.
 *
 * A packet meets them in this order, as it would on a wire:
 *
 * ```
 * cut? -> MTU -> queue (tail drop) -> bottleneck -> loss -> delay + jitter (first in, first out) -> reorder -> duplicate
 * ```
 *
 * Jitter alone never reorders: reordering is its own setting, so that each can be studied without the other. Every
 * effect draws from its own random sequence and draws once per packet, so that changing one setting leaves the choices
 * of the others as they were: the same packets are lost at 10 ms and at 100 ms.
 */
import { SeededRng, unit } from "./rng.ts";

/** Two-state loss (Gilbert-Elliott): a good state without, a bad state with loss. */
export interface BurstLoss {
  /** Probability, before each packet, that the good state turns bad. */
  readonly enterRate: number;
  /** Probability, before each packet, that the bad state turns good. */
  readonly leaveRate: number;
  /** Probability that a packet is lost in the bad state; 1 when absent. */
  readonly lossRate?: number;
}

export interface LinkOptions {
  /** Independent loss of each packet, 0..1. */
  readonly lossRate: number;
  readonly burst?: BurstLoss;
  readonly delayMs: number;
  /** Extra delay: uniform in 0..jitterMs, or exponential with mean jitterMs, cut off at ten times that. */
  readonly jitterMs: number;
  readonly jitterShape: "uniform" | "exponential";
  /** Share of packets, 0..1, that are held back by `reorderMs` while later ones pass. */
  readonly reorderRate: number;
  readonly reorderMs: number;
  /** Share of packets, 0..1, that arrive twice. */
  readonly duplicateRate: number;
  /** Bottleneck in bits per second; Infinity for none. */
  readonly bandwidthBps: number;
  /** What may wait for the bottleneck, in bytes; a packet that does not fit is dropped. */
  readonly queueBytes: number;
  /** Largest packet, headers included; a larger one is dropped, as with the don't-fragment flag. */
  readonly mtuBytes: number;
}

/** Nothing happens to a packet but its arrival. */
export const PERFECT_LINK: LinkOptions = {
  lossRate: 0,
  delayMs: 0,
  jitterMs: 0,
  jitterShape: "uniform",
  reorderRate: 0,
  reorderMs: 0,
  duplicateRate: 0,
  bandwidthBps: Infinity,
  queueBytes: Infinity,
  mtuBytes: 1500,
};

/** Burst loss from what one measures: the overall share of lost packets and the mean length of a run of losses. */
export function gilbertLoss(lossRate: number, meanBurstPackets: number): BurstLoss {
  const leaveRate = 1 / meanBurstPackets;
  return { enterRate: (lossRate * leaveRate) / (1 - lossRate), leaveRate };
}

export type LinkDrop = "cut" | "mtu" | "queue" | "loss" | "burst";
export type LinkVerdict = "passed" | "duplicated" | LinkDrop;

/** Counters of one link. Everything sent is delivered or counted under its reason; duplicates come on top. */
export interface LinkCounts {
  sent: number;
  delivered: number;
  duplicated: number;
  reordered: number;
  dropped: Record<LinkDrop, number>;
}

export class Link {
  /** When the packet of the last {@link send} arrives, where it passed. */
  arrivalMs = 0;
  /** When its second copy arrives, where the verdict was `duplicated`. */
  duplicateMs = 0;
  /** While true nothing passes. */
  isCut = false;
  readonly counts: LinkCounts = {
    sent: 0,
    delivered: 0,
    duplicated: 0,
    reordered: 0,
    dropped: { cut: 0, mtu: 0, queue: 0, loss: 0, burst: 0 },
  };
  #options: LinkOptions;
  readonly #lossRng: SeededRng;
  readonly #burstRng: SeededRng;
  readonly #jitterRng: SeededRng;
  readonly #reorderRng: SeededRng;
  readonly #duplicateRng: SeededRng;
  #isBad = false;
  #bottleneckFreeMs = -Infinity;
  #lastArrivalMs = -Infinity;

  constructor(seed: number, options: Partial<LinkOptions> = {}) {
    this.#options = { ...PERFECT_LINK, ...options };
    const parent = new SeededRng(seed);
    this.#lossRng = new SeededRng(parent.u32());
    this.#burstRng = new SeededRng(parent.u32());
    this.#jitterRng = new SeededRng(parent.u32());
    this.#reorderRng = new SeededRng(parent.u32());
    this.#duplicateRng = new SeededRng(parent.u32());
  }

  get options(): LinkOptions {
    return this.#options;
  }

  /** Changes some settings from the next packet on; packets under way keep their arrival. */
  change(options: Partial<LinkOptions>): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Bytes waiting for the bottleneck at `nowMs`. */
  queuedBytes(nowMs: number): number {
    if (this.#options.bandwidthBps === Infinity) return 0;
    return Math.max(0, this.#bottleneckFreeMs - nowMs) * (this.#options.bandwidthBps / 8000);
  }

  /**
   * Sends a packet of `lengthBytes` (headers included) at `nowMs`, which never goes back. The times of arrival are then
   * in {@link arrivalMs} and {@link duplicateMs}.
   */
  send(lengthBytes: number, nowMs: number): LinkVerdict {
    const verdict = this.#pass(lengthBytes, nowMs);
    this.counts.sent++;
    if (verdict === "passed" || verdict === "duplicated") {
      this.counts.delivered++;
      if (verdict === "duplicated") this.counts.duplicated++;
    } else {
      this.counts.dropped[verdict]++;
    }
    return verdict;
  }

  #pass(lengthBytes: number, nowMs: number): LinkVerdict {
    const options = this.#options;
    const isLost = unit(this.#lossRng) < options.lossRate;
    const isBurst = this.#drawBurst(options.burst);
    const jitterMs = this.#drawJitterMs();
    const isHeld = unit(this.#reorderRng) < options.reorderRate;
    const isTwice = unit(this.#duplicateRng) < options.duplicateRate;
    if (this.isCut) return "cut";
    if (lengthBytes > options.mtuBytes) return "mtu";
    const leavesMs = this.#throughBottleneck(lengthBytes, nowMs);
    if (leavesMs === undefined) return "queue";
    if (isBurst) return "burst";
    if (isLost) return "loss";
    const inOrderMs = Math.max(leavesMs + options.delayMs + jitterMs, this.#lastArrivalMs);
    if (isHeld) {
      this.counts.reordered++;
      this.arrivalMs = inOrderMs + options.reorderMs;
    } else {
      this.#lastArrivalMs = inOrderMs;
      this.arrivalMs = inOrderMs;
    }
    this.duplicateMs = this.arrivalMs + jitterMs;
    return isTwice ? "duplicated" : "passed";
  }

  /** When the packet has left the bottleneck; undefined when its queue is full. */
  #throughBottleneck(lengthBytes: number, nowMs: number): number | undefined {
    const { bandwidthBps, queueBytes } = this.#options;
    if (bandwidthBps === Infinity) return nowMs;
    const startMs = Math.max(nowMs, this.#bottleneckFreeMs);
    // A packet that the bottleneck takes up at once does not wait, and needs no room in the queue.
    if (startMs > nowMs && this.queuedBytes(nowMs) + lengthBytes > queueBytes) return undefined;
    this.#bottleneckFreeMs = startMs + (lengthBytes * 8000) / bandwidthBps;
    return this.#bottleneckFreeMs;
  }

  #drawBurst(burst: BurstLoss | undefined): boolean {
    const turn = unit(this.#burstRng);
    const loss = unit(this.#burstRng);
    if (burst === undefined) {
      this.#isBad = false;
      return false;
    }
    this.#isBad = this.#isBad ? turn >= burst.leaveRate : turn < burst.enterRate;
    return this.#isBad && loss < (burst.lossRate ?? 1);
  }

  #drawJitterMs(): number {
    const { jitterMs, jitterShape } = this.#options;
    const u = unit(this.#jitterRng);
    if (jitterShape === "uniform") return u * jitterMs;
    return Math.min(-Math.log(1 - u), 10) * jitterMs;
  }
}
