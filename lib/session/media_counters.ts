/** Counting what was dropped on the media path, with the words of SPEC §12.3. */
import { FAULT_REASONS, type FaultReason } from "../base/parsed.ts";

/** Beside the faults of bytes, what only a session can know. */
export const DROP_REASONS = [
  ...FAULT_REASONS,
  /** The first byte is outside of all classes of media. */
  "unknown_class",
  /** No stream has its SSRC, and it was not or no longer held. */
  "unknown_ssrc",
  /** Authentic, but its stream did not announce the payload type. SPEC ARC-RTP-unknown-payload-type. */
  "unknown_payload_type",
  /** Its K names no epoch that is held. SPEC ARC-KEY-epoch-phase-lookup. */
  "unknown_epoch",
] as const;

export type DropReason = FaultReason | "unknown_class" | "unknown_ssrc" | "unknown_payload_type" | "unknown_epoch";

const SLOT_OF: ReadonlyMap<DropReason, number> = new Map(DROP_REASONS.map((reason, slot) => [reason, slot]));

/** One count per reason in a typed array. SPEC ARC-METRICS-drop-counters. */
export class DropCounters {
  readonly #counts = new Float64Array(DROP_REASONS.length);

  add(reason: DropReason): void {
    this.#counts[SLOT_OF.get(reason) ?? 0]++;
  }

  get(reason: DropReason): number {
    return this.#counts[SLOT_OF.get(reason) ?? 0];
  }

  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** The reasons seen at least once, with their counts. */
  snapshot(): Partial<Record<DropReason, number>> {
    const seen: Partial<Record<DropReason, number>> = {};
    DROP_REASONS.forEach((reason, slot) => {
      if (this.#counts[slot] > 0) seen[reason] = this.#counts[slot];
    });
    return seen;
  }
}
