import { MIN_SEALED_BYTES, SEAL_OVERHEAD_BYTES } from "../crypto/seal.ts";
import { ArcRtpView, Priority } from "../packet/arcrtp.ts";
import { classifyUnit, UnitKind } from "../packet/demux.ts";
import { ReducedView } from "../packet/reduced.ts";

/**
 * Ranks units as a relay does: media by PR, RTCP and sealed JSON as PR 0, all else as PR 3. SPEC ARC-RELAY-priority,
 * ARC-RELAY-priority-control. Allocate one and use it for every unit.
 */
export class UnitRanker {
  readonly #full = new ArcRtpView();
  readonly #reduced = new ReducedView();

  /** PR of the unit at `bytes[start..end)`; 3 for one that is malformed. */
  priorityOf(bytes: Uint8Array, start: number, end: number): number {
    switch (classifyUnit(bytes, start, end)) {
      case UnitKind.arcrtp:
        return this.#full.parse(bytes, start, end) ? this.#full.priority : Priority.low;
      case UnitKind.reduced:
        return this.#reduced.parse(bytes, start, end) ? this.#reduced.priority : Priority.low;
      case UnitKind.rtcp:
        return Priority.critical;
      case UnitKind.json:
        return isSealedUnit(bytes, start, end) ? Priority.critical : Priority.low;
      default:
        return Priority.low;
    }
  }
}

/** `isSealed` of a unit that lies in a larger buffer, without a view of it. SPEC ARC-SEAL-recognise. */
export function isSealedUnit(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= MIN_SEALED_BYTES && bytes[end - SEAL_OVERHEAD_BYTES] === 0;
}
