/** Which code has run, as bytes of its source: what V8's precise coverage tells, in a form that only grows. */

/** Source that has run: `start..end` are UTF-16 units of `script`. */
export interface CoveredRange {
  readonly script: string;
  readonly start: number;
  readonly end: number;
}

export class CoverageMap {
  readonly #scripts = new Map<string, Uint8Array>();
  #coveredBytes = 0;

  /** Units of source that have run. */
  get coveredBytes(): number {
    return this.#coveredBytes;
  }

  /** True when some of it had not run before. Changes nothing. */
  hasNews(ranges: readonly CoveredRange[]): boolean {
    return ranges.some(({ script, start, end }) => {
      const known = this.#scripts.get(script);
      if (known === undefined || known.length < end) return end > start;
      return known.indexOf(0, start) < end && known.indexOf(0, start) >= 0;
    });
  }

  add(ranges: readonly CoveredRange[]): void {
    for (const { script, start, end } of ranges) {
      const known = this.#knownOf(script, end);
      for (let i = start; i < end; i++) {
        if (known[i] === 0) {
          known[i] = 1;
          this.#coveredBytes++;
        }
      }
    }
  }

  #knownOf(script: string, length: number): Uint8Array {
    const known = this.#scripts.get(script);
    if (known !== undefined && known.length >= length) return known;
    const longer = new Uint8Array(Math.max(length, 2 * (known?.length ?? 1024)));
    if (known !== undefined) longer.set(known);
    this.#scripts.set(script, longer);
    return longer;
  }
}

/** One function as V8 reports it: the first range is the function's own, each further one lies within a former. */
export interface FunctionCoverage {
  readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
}

/** Flattens nested ranges with counts into the ranges that have run. */
export function coveredRanges(script: string, functions: readonly FunctionCoverage[]): CoveredRange[] {
  const covered: CoveredRange[] = [];
  for (const { ranges } of functions) {
    const open: { end: number; count: number }[] = [];
    let at = ranges.length === 0 ? 0 : ranges[0].startOffset;
    const advance = (to: number) => {
      while (open.length > 0) {
        const inner = open[open.length - 1];
        const end = Math.min(inner.end, to);
        if (inner.count > 0 && end > at) covered.push({ script, start: at, end });
        at = Math.max(at, end);
        if (inner.end > to) return;
        open.pop();
      }
    };
    for (const { startOffset, endOffset, count } of ranges) {
      advance(startOffset);
      at = startOffset;
      open.push({ end: endOffset, count });
    }
    advance(Infinity);
  }
  return covered;
}
