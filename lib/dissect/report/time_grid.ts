/**
 * Figures over time in constant memory: a row of buckets of equal width from a first moment on. When a value lies behind
 * the last bucket, neighbours are merged and all buckets are twice as wide, so that any length fits, each value counts, and
 * one pass is enough.
 *
 * ```
 *  |a|b|c|d|         a value at 5       |a+b|c+d| e |   |
 *  0 1 2 3 4         --------------->   0   2   4   6   8
 * ```
 */

export interface TimeGridLimits {
  /** Even. */
  readonly buckets: number;
  /** Of a bucket while no two have been merged. */
  readonly widthS: number;
}

export const DEFAULT_TIME_GRID: TimeGridLimits = { buckets: 240, widthS: 0.1 };

export class TimeGrid {
  /** Start of the first bucket, in seconds. */
  readonly originS: number;
  widthS: number;
  /** Buckets up to the last one that holds something. */
  used = 0;
  readonly #buckets: number;
  readonly #columns: GridColumn[] = [];

  constructor(originS: number, { buckets, widthS }: TimeGridLimits = DEFAULT_TIME_GRID) {
    this.originS = originS;
    this.widthS = widthS;
    this.#buckets = buckets;
  }

  /** A new figure over the same buckets. */
  column(): GridColumn {
    const column = new GridColumn(this.#buckets);
    this.#columns.push(column);
    return column;
  }

  /** The bucket of a moment, good until the next call; moments before the origin belong to the first. */
  bucketAt(timeS: number): number {
    let bucket = Math.max(0, Math.floor((timeS - this.originS) / this.widthS));
    while (bucket >= this.#buckets) {
      for (const column of this.#columns) column.fold();
      this.widthS *= 2;
      this.used = Math.ceil(this.used / 2);
      bucket = Math.floor((timeS - this.originS) / this.widthS);
    }
    this.used = Math.max(this.used, bucket + 1);
    return bucket;
  }

  /** Start of a bucket, in seconds. */
  startS(bucket: number): number {
    return this.originS + bucket * this.widthS;
  }
}

/** One figure of a grid. */
export class GridColumn {
  readonly #count: Float64Array;
  readonly #sum: Float64Array;
  readonly #min: Float64Array;
  readonly #max: Float64Array;

  constructor(buckets: number) {
    this.#count = new Float64Array(buckets);
    this.#sum = new Float64Array(buckets);
    this.#min = new Float64Array(buckets).fill(Infinity);
    this.#max = new Float64Array(buckets).fill(-Infinity);
  }

  add(bucket: number, value: number): void {
    this.#count[bucket]++;
    this.#sum[bucket] += value;
    if (value < this.#min[bucket]) this.#min[bucket] = value;
    if (value > this.#max[bucket]) this.#max[bucket] = value;
  }

  /** Changes a sum without counting a value. */
  correct(bucket: number, by: number): void {
    this.#sum[bucket] += by;
  }

  count(bucket: number): number {
    return this.#count[bucket];
  }

  sum(bucket: number): number {
    return this.#sum[bucket];
  }

  /** Undefined for an empty bucket, as are {@link min} and {@link max}. */
  mean(bucket: number): number | undefined {
    return this.#count[bucket] === 0 ? undefined : this.#sum[bucket] / this.#count[bucket];
  }

  min(bucket: number): number | undefined {
    return this.#count[bucket] === 0 ? undefined : this.#min[bucket];
  }

  max(bucket: number): number | undefined {
    return this.#count[bucket] === 0 ? undefined : this.#max[bucket];
  }

  /** Merges buckets two by two; for {@link TimeGrid}. */
  fold(): void {
    const half = this.#count.length / 2;
    for (let i = 0; i < half; i++) {
      this.#count[i] = this.#count[2 * i] + this.#count[2 * i + 1];
      this.#sum[i] = this.#sum[2 * i] + this.#sum[2 * i + 1];
      this.#min[i] = Math.min(this.#min[2 * i], this.#min[2 * i + 1]);
      this.#max[i] = Math.max(this.#max[2 * i], this.#max[2 * i + 1]);
    }
    this.#count.fill(0, half);
    this.#sum.fill(0, half);
    this.#min.fill(Infinity, half);
    this.#max.fill(-Infinity, half);
  }
}
