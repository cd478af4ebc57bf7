import { describe, expect, it } from 'vitest';
import { longestRun, median, percentile, slope, standardDeviation, worst } from './statistics.ts';

describe('statistics', () => {
  it('takes percentiles by the nearest rank', () => {
    const values = [5, 1, 4, 2, 3];
    expect([0, 0.2, 0.5, 0.95, 1].map((share) => percentile(values, share))).toEqual([1, 1, 3, 5, 5]);
    expect(median(values)).toBe(3);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('finds the value farthest from zero', () => {
    expect(worst([3, -7, 6])).toBe(-7);
    expect(worst([])).toBeNaN();
  });

  it('spreads', () => {
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBe(2);
    expect(standardDeviation([])).toBeNaN();
  });

  it('fits a line by least squares', () => {
    expect(slope([10, 52, 94, 136])).toBeCloseTo(42);
    expect(slope([0, 43, 83, 126])).toBeCloseTo(41.8);
    expect(slope([1])).toBeNaN();
  });

  it('finds the longest run', () => {
    expect(
      longestRun(
        [1, 0, 2, 3, 0, 4],
        (value) => value > 0,
        (run) => run.reduce((sum, value) => sum + value, 0),
      ),
    ).toBe(5);
    expect(
      longestRun(
        [],
        () => true,
        (run) => run.length,
      ),
    ).toBe(0);
  });
});
