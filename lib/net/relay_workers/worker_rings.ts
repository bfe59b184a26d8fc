/** One thread's ends of all rings: records out to others, with a knock where they sleep, and records in. */
import type { PacketBatch } from "../../base/batch.ts";
import { Doorbell } from "./doorbell.ts";
import { KIND_AT, SharedRing } from "./shared_ring.ts";
import { Flag, type WorkerSetup } from "./worker_messages.ts";

/** What all threads share, as each sees it. */
export type SharedParts = Pick<WorkerSetup, "workers" | "doorbells" | "flags" | "rings">;

export class ThreadRings {
  /** This thread's own flags. */
  readonly flags: Int32Array;
  /** By sender; undefined for itself. */
  readonly incoming: readonly (SharedRing | undefined)[];
  readonly #outgoing: readonly (SharedRing | undefined)[];
  readonly #flags: readonly Int32Array[];
  readonly #wake: readonly (() => void)[];

  /** `wakeServer` is how a worker wakes the thread that has no doorbell. */
  constructor(self: number, { doorbells, flags, rings }: SharedParts, wakeServer: () => void) {
    this.#flags = flags.map((memory) => new Int32Array(memory));
    this.flags = this.#flags[self];
    this.incoming = rings.map((row, from) => from === self ? undefined : new SharedRing(row[self]));
    this.#outgoing = rings[self].map((memory, to) => to === self ? undefined : new SharedRing(memory));
    const bells = doorbells.map((fd) => new Doorbell(fd));
    this.#wake = [...bells.map((bell) => () => bell.ring()), wakeServer];
  }

  /** The ring to a thread and a slot to fill in it, for {@link commit}; the slot is -1 when it is full. */
  reserve(to: number, kind: number): { readonly ring: SharedRing; readonly slot: number; readonly word: number } {
    const ring = this.#outgoing[to];
    if (ring === undefined) throw new RangeError(`thread ${to} has no ring from here`);
    const slot = ring.reserve();
    const word = ring.wordOf(Math.max(0, slot));
    if (slot >= 0) ring.words[word + KIND_AT] = kind;
    return { ring, slot, word };
  }

  commit(to: number): void {
    this.#outgoing[to]?.commit();
    const flags = this.#flags[to];
    if (Atomics.load(flags, Flag.asleep) === 1 && Atomics.exchange(flags, Flag.asleep, 0) === 1) this.#wake[to]();
  }

  /** Sends a record that is words alone; false when the ring is full. */
  tell(to: number, kind: number, ...words: readonly number[]): boolean {
    const { ring, slot, word } = this.reserve(to, kind);
    if (slot < 0) return false;
    words.forEach((value, i) => ring.words[word + 2 + i] = value);
    this.commit(to);
    return true;
  }

  /** Sends packet `i` of a batch behind words of its own; false when the ring is full. */
  tellPacket(to: number, kind: number, batch: PacketBatch, i: number, stream: number, serial: number): boolean {
    const { ring, slot, word } = this.reserve(to, kind);
    if (slot < 0) return false;
    ring.words[word + 2] = stream;
    ring.words[word + 3] = serial;
    ring.put(slot, batch, i);
    this.commit(to);
    return true;
  }

  get hasIncoming(): boolean {
    return this.incoming.some((ring) => ring !== undefined && ring.front() >= 0);
  }
}
