import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from './latency-histogram.js';

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('LatencyHistogram', () => {
  it('has nothing to say as long as nothing was recorded', () => {
    expect(new LatencyHistogram().summary()).toEqual({
      count: 0,
      sumMs: 0,
      p50Ms: undefined,
      p95Ms: undefined,
      p99Ms: undefined,
      maxMs: undefined,
    });
  });

  it('is exact for one value, however long', () => {
    for (const ms of [0, 0.07, 41.5, 99_000]) {
      expect(histogramOf([ms]).summary()).toEqual({ count: 1, sumMs: ms, p50Ms: ms, p95Ms: ms, p99Ms: ms, maxMs: ms });
    }
  });

  it('takes what is below zero for zero', () => {
    expect(histogramOf([-3]).summary()).toMatchObject({ count: 1, sumMs: 0, maxMs: 0 });
  });

  it('finds the quantiles of what was recorded', () => {
    const { p50Ms, p95Ms, p99Ms, maxMs } = histogramOf(Array.from({ length: 100 }, (_, i) => i + 1)).summary();
    expect(p50Ms).toBeCloseTo(50, 0);
    expect(p95Ms).toBeCloseTo(95, 0);
    expect(p99Ms).toBeCloseTo(99, 0);
    expect(maxMs).toBe(100);
  });

  it('is never off by more than a bucket, and keeps the order of its quantiles', () => {
    const latency = fc.double({ min: 0.001, max: 14_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 300 }), (values) => {
        const sorted = values.toSorted((a, b) => a - b);
        const summary = histogramOf(values).summary();
        expect(summary.count).toBe(values.length);
        for (const [share, found] of [
          [0.5, summary.p50Ms],
          [0.95, summary.p95Ms],
          [0.99, summary.p99Ms],
        ] as const) {
          const exact = sorted[Math.ceil(share * values.length) - 1]!;
          // The widest step is from a tenth of a millisecond to two and a half; below it is one bucket.
          expect(found).toBeLessThanOrEqual(Math.max(exact * 2.5, 0.1));
          expect(found).toBeGreaterThanOrEqual(exact <= 0.1 ? 0 : exact / 2.51);
        }
        expect(summary.p50Ms).toBeLessThanOrEqual(summary.p95Ms!);
        expect(summary.p95Ms).toBeLessThanOrEqual(summary.p99Ms!);
        expect(summary.p99Ms).toBeLessThanOrEqual(summary.maxMs!);
      }),
    );
  });

  it('adds up to what one would be that had recorded everything', () => {
    const values = fc.array(fc.double({ min: 0, max: 90_000, noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(values, values, (some, others) => {
        const sum = histogramOf(some);
        sum.add(histogramOf(others));
        const { sumMs, ...rest } = histogramOf([...some, ...others]).summary();
        expect(sum.summary()).toMatchObject(rest);
        expect(sum.summary().sumMs).toBeCloseTo(sumMs, 3);
      }),
    );
  });
});
