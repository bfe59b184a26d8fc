/** Which class each packet of a stream has: `pr0=10,pr1=5,pr2=70,pr3=15` in parts, spread as evenly as can be. */
import { fault, ok, type Parsed } from "../base/parsed.ts";
import { PRIORITIES } from "../relay/relay_counters.ts";

/** A pattern of more packets would not be seen whole in a short run. */
const MOST_PARTS = 1000;

export class TrafficMix {
  /** Parts of each PR. */
  readonly parts: readonly number[];
  readonly #pattern: Uint8Array;

  /** @throws RangeError unless there are four whole parts, one of them above 0, and 1000 together at most. */
  constructor(parts: readonly number[]) {
    const total = parts.reduce((sum, part) => sum + part, 0);
    const isWhole = parts.length === PRIORITIES && parts.every((part) => Number.isInteger(part) && part >= 0);
    if (!isWhole || total < 1 || total > MOST_PARTS) {
      throw new RangeError(`Cannot mix ${parts}: need ${PRIORITIES} whole parts, 1 to ${MOST_PARTS} together`);
    }
    this.parts = parts;
    // Each class gains its parts with every packet; the richest goes, and pays for all.
    const credit = new Float64Array(PRIORITIES);
    this.#pattern = Uint8Array.from({ length: total }, () => {
      let richest = 0;
      for (let priority = 0; priority < PRIORITIES; priority++) {
        credit[priority] += parts[priority];
        if (credit[priority] > credit[richest]) richest = priority;
      }
      credit[richest] -= total;
      return richest;
    });
  }

  /** PR of a source's `round`-th packet; sources begin at different places, so that not all send a key frame at once. */
  priorityOf(source: number, round: number): number {
    return this.#pattern[(round + 7 * source) % this.#pattern.length];
  }
}

/** Fault `bad_value` that says what is expected; what is not named has no part. */
export function parseTrafficMix(text: string): Parsed<TrafficMix> {
  const parts = new Array<number>(PRIORITIES).fill(0);
  for (const part of text.split(",")) {
    const match = /^\s*pr([0-3])=(\d{1,4})\s*$/.exec(part);
    if (match === null) {
      return fault("bad_value", `Cannot read '${part.trim()}': expected pr0 to pr3 with whole parts, as pr0=10,pr2=90`);
    }
    parts[Number(match[1])] = Number(match[2]);
  }
  try {
    return ok(new TrafficMix(parts));
  } catch (error) {
    return fault("bad_value", error instanceof RangeError ? error.message : String(error));
  }
}
