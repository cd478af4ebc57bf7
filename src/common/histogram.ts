/** How many of the values recorded are not above a bound. */
export interface CumulativeBucket {
  readonly bound: number;
  readonly count: number;
}

/** A distribution: counts in fixed buckets, whose number never grows, with their sum. Counts only ever increase. */
export class Histogram {
  /** One a bound, not cumulative; what is above the last bound is in one more. */
  protected readonly counts: Float64Array;
  protected count = 0;
  protected sum = 0;

  /** @param bounds the buckets' upper bounds, ascending; a value that equals one lies in its bucket */
  constructor(protected readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Values recorded. */
  get total(): number {
    return this.count;
  }

  /** Their sum. */
  get totalSum(): number {
    return this.sum;
  }

  record(value: number): void {
    const bucket = this.bucketOf(value);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.count += 1;
    this.sum += value;
  }

  /** For some of the bounds, or all of them: how many values are not above each. */
  cumulative(wanted: readonly number[] = this.bounds): CumulativeBucket[] {
    let below = 0;
    const counts = new Map(this.bounds.map((bound, bucket) => [bound, (below += this.counts[bucket] ?? 0)]));
    return wanted.map((bound) => {
      const count = counts.get(bound);
      if (count === undefined) throw new RangeError(`${bound} is not a bound of this histogram`);
      return { bound, count };
    });
  }

  /** The first bucket whose bound is not below. */
  private bucketOf(value: number): number {
    let low = 0;
    let high = this.bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.bounds[middle] ?? Infinity) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
