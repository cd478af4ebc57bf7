import { Histogram } from '../common/index.js';

/**
 * Upper bounds of the buckets, ms: fine where a viewer notices the difference, coarse beyond. What is longer than the last is in one more.
 */
const BOUNDS_MS: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12.5, 15, 17.5, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 80, 90, 100, 125, 150, 175,
  200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000, 1500, 2000, 3000, 4000, 5000, 7500, 10_000, 15_000, 30_000, 60_000,
];

/** A distribution in a few numbers. The quantiles are exact to their bucket, within which values are taken to lie evenly. */
export interface LatencySummary {
  readonly count: number;
  readonly sumMs: number;
  /** Undefined as long as nothing was recorded, like the others. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly maxMs: number | undefined;
}

/** How long something took, so many times, in milliseconds. */
export class LatencyHistogram extends Histogram {
  private minMs = Infinity;
  private maxMs = 0;

  constructor() {
    super(BOUNDS_MS);
  }

  /** Takes a duration. One below zero, which two clocks may make of none, is none. */
  override record(durationMs: number): void {
    const ms = Math.max(0, durationMs);
    super.record(ms);
    this.minMs = Math.min(this.minMs, ms);
    this.maxMs = Math.max(this.maxMs, ms);
  }

  summary(): LatencySummary {
    const { count, sum } = this;
    return {
      count,
      sumMs: sum,
      p50Ms: this.quantile(0.5),
      p95Ms: this.quantile(0.95),
      p99Ms: this.quantile(0.99),
      maxMs: count === 0 ? undefined : this.maxMs,
    };
  }

  /** Adds all that another one has recorded. */
  add(other: LatencyHistogram): void {
    for (const [bucket, count] of other.counts.entries()) this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
    this.count += other.count;
    this.sum += other.sum;
    this.minMs = Math.min(this.minMs, other.minMs);
    this.maxMs = Math.max(this.maxMs, other.maxMs);
  }

  private quantile(share: number): number | undefined {
    if (this.count === 0) return undefined;
    const rank = share * this.count;
    let below = 0;
    for (const [bucket, count] of this.counts.entries()) {
      if (count > 0 && below + count >= rank) {
        const from = Math.max(BOUNDS_MS[bucket - 1] ?? 0, this.minMs);
        const to = Math.min(BOUNDS_MS[bucket] ?? this.maxMs, this.maxMs);
        return Math.min(to, from + ((to - from) * (rank - below)) / count);
      }
      below += count;
    }
    return this.maxMs;
  }
}
