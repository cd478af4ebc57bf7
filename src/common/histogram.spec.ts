import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from './histogram.js';

describe('Histogram', () => {
  it('counts, for every bound, the values that are not above it', () => {
    const bounds = fc
      .uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1 })
      .map((list) => list.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(bounds, fc.array(fc.integer({ min: -60, max: 60 })), (upper, values) => {
        const histogram = new Histogram(upper);
        for (const value of values) histogram.record(value);
        expect(histogram.cumulative()).toEqual(
          upper.map((bound) => ({ bound, count: values.filter((value) => value <= bound).length })),
        );
        expect(histogram.total).toBe(values.length);
        expect(histogram.totalSum).toBe(values.reduce((sum, value) => sum + value, 0));
      }),
    );
  });

  it('can be asked for some of its bounds, and for no other', () => {
    const histogram = new Histogram([1, 2, 4]);
    for (const value of [0.5, 3, 9]) histogram.record(value);
    expect(histogram.cumulative([1, 4])).toEqual([
      { bound: 1, count: 1 },
      { bound: 4, count: 2 },
    ]);
    expect(() => histogram.cumulative([3])).toThrow('3 is not a bound');
  });
});
