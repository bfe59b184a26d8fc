/**
 * Which packets of an SSRC came, came twice, came late and never came, by their sequence numbers alone (RFC 3550 §A.1).
 *
 * A number far off is taken for a stray until the one behind it comes as well: then the stream has begun anew there, and
 * what lies between is no loss.
 */
import { estimateIndex, rocOf } from "../../crypto/packet_index.ts";
import { ReplayWindow } from "../../crypto/replay_window.ts";

/** Packets that a repetition is looked for among; further back is far off. */
const WINDOW_PACKETS = 1024;
/** RFC 3550's MAX_DROPOUT. */
const MAX_STEP = 3000;
/** First indexes stand one round up, so that packets from before the first have room below. */
const FIRST_ROUND = 0x1_0000;

/** What a packet is, told by its number. */
export type Placing = "next" | "late" | "duplicate" | "stray";

export class SequenceTracker {
  /** Packets that came behind a later one. */
  reordered = 0;
  duplicates = 0;
  /** Packets far off that nothing followed. */
  strays = 0;
  /** How often the stream began anew somewhere else. */
  jumps = 0;
  /** How often the sequence number wrapped. */
  rollovers = 0;
  /** Packets missing in front of the last one, when {@link handle} answered `next`. */
  gap = 0;

  #seen = new ReplayWindow(WINDOW_PACKETS);
  #first = -1;
  #highest = -1;
  /** Packets of the present run that came, repetitions not counted. */
  #came = 0;
  #lostBefore = 0;
  #expectedBefore = 0;
  #afterStray = -1;

  /** Sequence numbers from the lowest to the highest that came. */
  get expected(): number {
    return this.#expectedBefore + (this.#first < 0 ? 0 : this.#highest - this.#first + 1);
  }

  /** Of these, those that never came. */
  get lost(): number {
    return this.#lostBefore + (this.#first < 0 ? 0 : this.#highest - this.#first + 1 - this.#came);
  }

  handle(sequence16: number): Placing {
    this.gap = 0;
    if (this.#first < 0) {
      this.#begin(FIRST_ROUND + sequence16);
      return "next";
    }
    const index = estimateIndex(sequence16, this.#highest);
    const step = index - this.#highest;
    if (step > MAX_STEP || step <= -WINDOW_PACKETS) return this.#takeFarOff(sequence16);
    this.#afterStray = -1;
    if (step > 0) {
      this.rollovers += rocOf(index) - rocOf(this.#highest);
      this.gap = step - 1;
      this.#highest = index;
      this.#came++;
      this.#seen.commit(index);
      return "next";
    }
    if (!this.#seen.check(index)) {
      this.duplicates++;
      return "duplicate";
    }
    this.#seen.commit(index);
    this.#came++;
    this.reordered++;
    this.#first = Math.min(this.#first, index);
    return "late";
  }

  #takeFarOff(sequence16: number): Placing {
    if (this.#afterStray !== sequence16) {
      this.#afterStray = (sequence16 + 1) & 0xffff;
      this.strays++;
      return "stray";
    }
    this.#expectedBefore = this.expected;
    this.#lostBefore = this.lost;
    this.#seen = new ReplayWindow(WINDOW_PACKETS);
    this.#begin(FIRST_ROUND + sequence16);
    // The stray before was the first of the new run.
    this.#first--;
    this.#came++;
    this.#seen.commit(this.#first);
    this.strays--;
    this.jumps++;
    this.#afterStray = -1;
    return "next";
  }

  #begin(index: number): void {
    this.#first = index;
    this.#highest = index;
    this.#came = 1;
    this.#seen.commit(index);
  }
}
