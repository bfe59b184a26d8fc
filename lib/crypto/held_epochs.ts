/** The epochs whose keys a peer has at hand: a short list with an end for each. */
import { PacketBudget } from "./srtp_keys.ts";

/** Key phase has two bits, so that no more than four epochs can be told apart. */
const MAX_HELD = 4;

/** One epoch whose packets are accepted. Times are monotonic milliseconds. */
export interface HeldEpoch {
  readonly epoch: number;
  readonly beganMs: number;
  /** When its packets are no longer accepted; Infinity for the newest. */
  endMs: number;
  /** One count for all keys of the epoch (SPEC ARC-KEY-packet-count-scope). */
  readonly budget: PacketBudget;
}

/** Held epochs in rising order: usually one, two or three around a rotation, never more than four, never none. */
export class HeldEpochs {
  readonly #packetLimit: number;
  #epochs: HeldEpoch[] = [];
  /** Epoch by key phase, -1 where none is held. */
  readonly #byPhase = new Float64Array(4).fill(-1);

  constructor(packetLimit: number) {
    this.#packetLimit = packetLimit;
  }

  /** @throws RangeError before the first {@link add}. */
  get newest(): HeldEpoch {
    const newest = this.#epochs.at(-1);
    if (newest === undefined) throw new RangeError("Cannot read newest epoch: none is held");
    return newest;
  }

  /** Looks the epoch up by its phase: allocates nothing. */
  ofPhase(keyPhase: number): number {
    return this.#byPhase[keyPhase & 3];
  }

  find(epoch: number): HeldEpoch | undefined {
    for (const held of this.#epochs) if (held.epoch === epoch) return held;
  }

  newestFirst(): readonly number[] {
    return this.#epochs.map(({ epoch }) => epoch).reverse();
  }

  /** Holds a new epoch; answers the one that had to give way where five would have been held. */
  add(epoch: number, nowMs: number): HeldEpoch | undefined {
    const displaced = this.#epochs.length === MAX_HELD ? this.removeOldest() : undefined;
    this.#epochs.push({ epoch, beganMs: nowMs, endMs: Infinity, budget: new PacketBudget(this.#packetLimit) });
    this.#index();
    return displaced;
  }

  /** Takes back the newest; the one before it has no end again. */
  removeNewest(): void {
    this.#epochs.pop();
    const newest = this.#epochs.at(-1);
    if (newest) newest.endMs = Infinity;
    this.#index();
  }

  removeOldest(): HeldEpoch | undefined {
    const oldest = this.#epochs.shift();
    this.#index();
    return oldest;
  }

  /** Every epoch but the newest ends at `endMs`, or earlier where that was settled before. */
  endOlderAt(endMs: number): void {
    for (const held of this.#epochs.slice(0, -1)) held.endMs = Math.min(held.endMs, endMs);
  }

  /** When the first held epoch ends; Infinity when none does. */
  firstEndMs(): number {
    return this.#epochs.length === 0 ? Infinity : this.#epochs[0].endMs;
  }

  #index(): void {
    this.#byPhase.fill(-1);
    for (const { epoch } of this.#epochs) this.#byPhase[epoch & 3] = epoch;
  }
}
