/** Interarrival jitter (RFC 3550 §6.4.1, §A.8): how unevenly packets arrive, as one smoothed number per SSRC. */
import { distance32 } from "../base/serial.ts";

/**
 * ```
 * D = (arrival - arrival before) - (timestamp - timestamp before)      in ticks of the RTP clock
 * J = J + (|D| - J) / 16
 * ```
 *
 * Takes every packet as it arrives, in that order, retransmitted and recovered ones left out. SPEC ARC-JITTER-interarrival.
 */
export class InterarrivalJitter {
  readonly #ticksPerMs: number;
  #arrivalMs = NaN;
  #timestampTicks = 0;
  #jitterTicks = 0;

  constructor(clockRateHz: number) {
    this.#ticksPerMs = clockRateHz / 1000;
  }

  handle(timestampTicks: number, arrivalMs: number): void {
    const arrivalTicks = (arrivalMs - this.#arrivalMs) * this.#ticksPerMs;
    const difference = arrivalTicks - distance32(this.#timestampTicks, timestampTicks);
    this.#arrivalMs = arrivalMs;
    this.#timestampTicks = timestampTicks;
    if (!Number.isNaN(difference)) this.#jitterTicks += (Math.abs(difference) - this.#jitterTicks) / 16;
  }

  /** As receiver reports have it: whole ticks, 32 bits. */
  get jitterTicks(): number {
    return Math.min(0xffff_ffff, Math.floor(this.#jitterTicks));
  }

  /** As people are shown it. */
  get jitterMs(): number {
    return this.#jitterTicks / this.#ticksPerMs;
  }
}
