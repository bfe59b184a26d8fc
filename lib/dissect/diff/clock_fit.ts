/**
 * How two captures' clocks differ, out of nothing but the moments at which the same packets passed both.
 *
 * ```
 * y = time at B less time at A
 *      .   . :  .          A > B:  y = offset + skew x + delay there    never below a line
 *  ---------------  there
 *       (offset lies between)
 *  ---------------  back
 *     .  :   . .           B > A:  y = offset + skew x - delay back     never above a line
 *  x = time at A
 * ```
 *
 * The lines have one slope, the skew: the one with which they lie closest to their points (the sum of all distances is least,
 * which is a linear program; its solution touches each envelope). Queues only ever add delay, so that the lines follow the
 * packets that met none. What the least delays are by themselves cannot be known: only their sum, the distance of the lines.
 * Halving it is a guess, half of it the bound of its error.
 */

export interface ClockPoint {
  /** Seconds on A's clock. */
  readonly x: number;
  /** Seconds at B less seconds at A. */
  readonly y: number;
  /**
   * Went another way than the rest, such as a message over a connection. It bounds the offset like any packet, but a few of
   * them at the beginning alone would turn the lines.
   */
  readonly isAside?: boolean;
}

export interface ClockFit {
  /** Offset of B's clock at x = 0, in seconds; undefined where only one direction was seen. */
  readonly offsetS: number | undefined;
  /** How far off the offset may be: half of the least round trip. */
  readonly offsetErrorS: number;
  /** How much faster B's clock runs: 1e-6 is 1 ppm. */
  readonly skew: number;
  /** Skews with which no packet arrives before it was sent; undefined where only one direction was seen. */
  readonly skewBounds: readonly [least: number, most: number] | undefined;
  /** True where packets arrive before they were sent, whatever the offset: a clock was set meanwhile, or runs too unevenly. */
  readonly isContradictory: boolean;
  /** False where the captures are too short to tell; then 0 is assumed. */
  readonly isSkewFitted: boolean;
  /** Where the lines lie at x = 0: undefined for a direction without packets. */
  readonly thereS: number | undefined;
  readonly backS: number | undefined;
}

/** Queues change within seconds: over less than this the slope would be theirs. */
const MIN_SKEW_SPAN_S = 30;
/** Ten times what a bad crystal does. */
const MAX_SKEW = 1e-3;
const STEPS = 80;

export function fitClocks(there: readonly ClockPoint[], back: readonly ClockPoint[]): ClockFit {
  const isMain = ({ isAside }: ClockPoint) => isAside !== true;
  const skewLow = new Envelope(there.filter(isMain), 1);
  const skewHigh = new Envelope(back.filter(isMain), -1);
  const low = new Envelope(there, 1);
  const high = new Envelope(back, -1);
  const isSkewFitted = Math.max(skewLow.spanS, skewHigh.spanS) >= MIN_SKEW_SPAN_S;
  const skew = isSkewFitted ? leastOf((slope) => skewLow.distance(slope) + skewHigh.distance(slope)) : 0;
  const thereS = low.intercept(skew);
  const backS = high.intercept(skew);
  const isBoth = thereS !== undefined && backS !== undefined;
  return {
    offsetS: isBoth ? (thereS + backS) / 2 : undefined,
    offsetErrorS: isBoth ? Math.max(0, thereS - backS) / 2 : Infinity,
    skew,
    skewBounds: isBoth ? boundsOf(low, high, skew) : undefined,
    isContradictory: isBoth && thereS < backS,
    isSkewFitted,
    thereS,
    backS,
  };
}

/** The points of one direction, by the hull that lines can touch; `sign` 1 lies below them, -1 above. */
class Envelope {
  readonly spanS: number;
  readonly #sign: 1 | -1;
  readonly #hull: readonly ClockPoint[];
  readonly #count: number;
  readonly #sumX: number;
  readonly #sumY: number;

  constructor(points: readonly ClockPoint[], sign: 1 | -1) {
    this.#sign = sign;
    this.#count = points.length;
    this.#sumX = points.reduce((sum, { x }) => sum + x, 0);
    this.#sumY = points.reduce((sum, { y }) => sum + y, 0);
    this.#hull = hullOf(points, sign);
    this.spanS = this.#hull.length === 0 ? 0 : this.#hull[this.#hull.length - 1].x - this.#hull[0].x;
  }

  /** Where the line of this slope that touches the points cuts x = 0; undefined without points. */
  intercept(slope: number): number | undefined {
    let touching: number | undefined;
    for (const { x, y } of this.#hull) {
      const at = y - slope * x;
      if (touching === undefined || this.#sign * at < this.#sign * touching) touching = at;
    }
    return touching;
  }

  /** Sum of the points' distances from that line. Convex in the slope. */
  distance(slope: number): number {
    const at = this.intercept(slope);
    return at === undefined ? 0 : this.#sign * (this.#sumY - slope * this.#sumX - this.#count * at);
  }
}

/** Andrew's monotone chain, one side of it. */
function hullOf(points: readonly ClockPoint[], sign: 1 | -1): ClockPoint[] {
  const sorted = [...points].sort((p, q) => p.x - q.x || sign * (p.y - q.y));
  const hull: ClockPoint[] = [];
  for (const point of sorted) {
    if (hull.length > 0 && hull[hull.length - 1].x === point.x) continue;
    while (hull.length >= 2 && sign * turn(hull[hull.length - 2], hull[hull.length - 1], point) <= 0) hull.pop();
    hull.push(point);
  }
  return hull;
}

/** Above 0 where the way from `a` over `b` to `c` turns to the left. */
function turn(a: ClockPoint, b: ClockPoint, c: ClockPoint): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/** The slope at which a convex function is least. */
function leastOf(cost: (slope: number) => number): number {
  let [from, to] = [-MAX_SKEW, MAX_SKEW];
  for (let i = 0; i < STEPS; i++) {
    const third = (to - from) / 3;
    if (cost(from + third) <= cost(to - third)) to -= third;
    else from += third;
  }
  return (from + to) / 2;
}

/** How far the slope may be turned to either side until the lines meet: their distance is concave in it. */
function boundsOf(low: Envelope, high: Envelope, skew: number): readonly [number, number] {
  const isPossible = (slope: number) => (low.intercept(slope) ?? 0) >= (high.intercept(slope) ?? 0);
  const edge = (limit: number) => {
    let [good, bad] = [skew, limit];
    if (isPossible(bad)) return bad;
    for (let i = 0; i < STEPS; i++) {
      const middle = (good + bad) / 2;
      if (isPossible(middle)) good = middle;
      else bad = middle;
    }
    return good;
  };
  return [edge(-1), edge(1)];
}
