/** What a receiver counts of one SSRC for its receiver reports (RFC 3550 §6.4.1, §A.3). Jitter is counted in jitter/. */
import { clampCumulativeLost } from "../packet/rtcp/report_block.ts";

/** One report's worth of loss. */
export interface LossReport {
  /** Lost since the report before, in 1/256 (RFC 3550 §A.3): never negative, 255 at most. */
  readonly fractionLost256: number;
  readonly cumulativeLost: number;
  readonly extendedHighestSequence32: number;
  /** Packets that were to come since the report before: the weight of the fraction. */
  readonly expected: number;
  /** Of these, the packets that did not come; negative where duplicates or late ones outnumber them. */
  readonly lost: number;
}

/**
 * Counts packets by their index (ROC x 65536 + sequence number), in any order, duplicates included, as the RFC has it.
 * Loss shows as gaps: SPEC ARC-LOSS-detect.
 */
export class ReceptionStatistics {
  #firstIndex = NaN;
  #highestIndex = NaN;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;

  handle(index: number): void {
    if (this.#received === 0) {
      this.#firstIndex = index;
      this.#highestIndex = index;
    }
    if (index > this.#highestIndex) this.#highestIndex = index;
    this.#received++;
  }

  /** Packets that have come, duplicates included. */
  get received(): number {
    return this.#received;
  }

  /** Packets that should have come, from the first to the highest. */
  get expected(): number {
    return this.#received === 0 ? 0 : this.#highestIndex - this.#firstIndex + 1;
  }

  /** Closes the interval since the last call; undefined before the first packet. */
  takeReport(): LossReport | undefined {
    if (this.#received === 0) return undefined;
    const expected = this.expected - this.#expectedBefore;
    const lost = expected - (this.#received - this.#receivedBefore);
    this.#expectedBefore = this.expected;
    this.#receivedBefore = this.#received;
    return {
      fractionLost256: expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected)),
      cumulativeLost: clampCumulativeLost(this.expected - this.#received),
      // ROC and sequence number: the count of cycles is the low half of the ROC.
      extendedHighestSequence32: this.#highestIndex % 0x1_0000_0000,
      expected,
      lost,
    };
  }
}
