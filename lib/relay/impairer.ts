/**
 * A bad network inside the relay, reproducible by its seed: what the relay forwards is lost, late, reordered, doubled;
 * peers lose their addresses.
 *
 * The n-th media packet of a direction meets the same fate in every run with the same seed, whatever else the peers
 * send: media and all other units have random sequences of their own, and so has each direction. Directions are
 * numbered in the order in which peers bind.
 */
import type { PacketBatch } from "../base/batch.ts";
import { Link } from "../base/link.ts";
import { SeededRng } from "../base/rng.ts";
import { classifyUnit, UnitKind } from "../packet/demux.ts";
import { impairedLink, type Impairment } from "./impairment.ts";
import { checkOutBatch, PacketPool } from "./packet_pool.ts";
import { NONE } from "./relay_addresses.ts";

/** Links that are remembered; beyond them the oldest begins anew when it is needed again. */
const MAX_LINKS = 8192;

export interface ImpairerOptions {
  readonly impairment: Impairment;
  readonly seed: number;
  /** Names the direction that leads to an address; {@link NONE} when it leads nowhere any more. */
  readonly directionTo: (address: number, nowMs: number) => number;
  /** Takes the address of the sessions' first (0) or second (1) peers away. */
  readonly loseAddresses: (side: number) => void;
  /** Units that may be under way at a time; one more is lost. */
  readonly capacity?: number;
  readonly nowMs: number;
}

export class Impairer {
  readonly counts = { passed: 0, lost: 0, duplicated: 0, reordered: 0, overflown: 0, rebinds: 0 };
  readonly #options: ImpairerOptions;
  readonly #links = new Map<number, Link>();
  readonly #pool: PacketPool;
  // By slot of the pool.
  readonly #atMs: Float64Array;
  readonly #order: Float64Array;
  readonly #address: Int32Array;
  readonly #direction: Float64Array;
  /** Slots as a binary heap, the next to arrive first. */
  readonly #heap: Int32Array;
  #underWay = 0;
  #nextOrder = 0;
  #rebindMs: number;
  #rebindSide = 0;

  constructor(options: ImpairerOptions) {
    const capacity = options.capacity ?? 8192;
    this.#options = options;
    this.#pool = new PacketPool(capacity);
    this.#atMs = new Float64Array(capacity);
    this.#order = new Float64Array(capacity);
    this.#address = new Int32Array(capacity);
    this.#direction = new Float64Array(capacity);
    this.#heap = new Int32Array(capacity);
    this.#rebindMs = options.nowMs + options.impairment.rebindMs;
  }

  /** Takes packets on their way out, `addresses` naming where to, and leaves those that arrive at once. */
  packets(batch: PacketBatch, nowMs: number): void {
    let kept = 0;
    for (let i = 0; i < batch.size; i++) {
      if (!this.#passesNow(batch, i, nowMs)) continue;
      if (kept !== i) {
        const at = batch.offset(i);
        batch.bytes.copyWithin(batch.offset(kept), at, at + batch.lengths[i]);
        batch.lengths[kept] = batch.lengths[i];
        batch.addresses[kept] = batch.addresses[i];
      }
      kept++;
    }
    batch.size = kept;
  }

  /** Moves what has arrived to the end of `out`, as far as there is room; answers how many. */
  pollPackets(out: PacketBatch, nowMs: number): number {
    checkOutBatch(out);
    const before = out.size;
    while (this.#underWay > 0 && out.size < out.capacity) {
      const slot = this.#heap[0];
      if (this.#atMs[slot] > nowMs) break;
      this.#removeFirst();
      const address = this.#address[slot];
      // Whoever had the address may have left, and another may have it.
      if (this.#options.directionTo(address, nowMs) === this.#direction[slot]) this.#pool.take(slot, out, address);
      else this.#pool.free(slot);
    }
    return out.size - before;
  }

  nextTimeoutMs(): number | undefined {
    const dueMs = Math.min(this.#rebindMs, this.#underWay > 0 ? this.#atMs[this.#heap[0]] : Infinity);
    return dueMs === Infinity ? undefined : dueMs;
  }

  timeout(nowMs: number): void {
    while (nowMs >= this.#rebindMs) {
      this.#options.loseAddresses(this.#rebindSide);
      this.#rebindSide = 1 - this.#rebindSide;
      this.#rebindMs += this.#options.impairment.rebindMs;
      this.counts.rebinds++;
    }
  }

  #passesNow(batch: PacketBatch, i: number, nowMs: number): boolean {
    const direction = this.#options.directionTo(batch.addresses[i], nowMs);
    if (direction === NONE) return true;
    const start = batch.offset(i);
    const link = this.#linkOf(direction, isMedia(batch.bytes, start, start + batch.lengths[i]) ? 0 : 1);
    const reorderedBefore = link.counts.reordered;
    const verdict = link.send(batch.lengths[i], nowMs);
    if (verdict !== "passed" && verdict !== "duplicated") {
      this.counts.lost++;
      return false;
    }
    this.counts.passed++;
    this.counts.reordered += link.counts.reordered - reorderedBefore;
    // A late look at the clock must not let a packet overtake those that should have left before it.
    const isNow = link.arrivalMs <= nowMs && (this.#underWay === 0 || this.#atMs[this.#heap[0]] > nowMs);
    if (!isNow) this.#hold(batch, i, direction, link.arrivalMs);
    if (verdict === "duplicated") {
      this.counts.duplicated++;
      this.#hold(batch, i, direction, link.duplicateMs);
    }
    return isNow;
  }

  #linkOf(direction: number, kind: number): Link {
    const key = 2 * direction + kind;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    if (this.#links.size >= MAX_LINKS) {
      for (const oldest of this.#links.keys()) {
        this.#links.delete(oldest);
        break;
      }
    }
    const { seed, impairment } = this.#options;
    const link = new Link(new SeededRng(seed ^ Math.imul(key + 1, 0x9e3779b1)).u32(), impairedLink(impairment));
    this.#links.set(key, link);
    return link;
  }

  #hold(batch: PacketBatch, i: number, direction: number, atMs: number): void {
    const slot = this.#pool.put(batch, i);
    if (slot === NONE) {
      this.counts.overflown++;
      return;
    }
    this.#atMs[slot] = atMs;
    this.#order[slot] = this.#nextOrder++;
    this.#address[slot] = batch.addresses[i];
    this.#direction[slot] = direction;
    let at = this.#underWay++;
    for (let parent = (at - 1) >>> 1; at > 0 && this.#isBefore(slot, this.#heap[parent]); parent = (at - 1) >>> 1) {
      this.#heap[at] = this.#heap[parent];
      at = parent;
    }
    this.#heap[at] = slot;
  }

  #removeFirst(): void {
    const last = this.#heap[--this.#underWay];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#underWay) break;
      if (child + 1 < this.#underWay && this.#isBefore(this.#heap[child + 1], this.#heap[child])) child++;
      if (!this.#isBefore(this.#heap[child], last)) break;
      this.#heap[at] = this.#heap[child];
      at = child;
    }
    this.#heap[at] = last;
  }

  #isBefore(a: number, b: number): boolean {
    return this.#atMs[a] < this.#atMs[b] || (this.#atMs[a] === this.#atMs[b] && this.#order[a] < this.#order[b]);
  }
}

function isMedia(bytes: Uint8Array, start: number, end: number): boolean {
  const kind = classifyUnit(bytes, start, end);
  return kind === UnitKind.arcrtp || kind === UnitKind.reduced;
}
