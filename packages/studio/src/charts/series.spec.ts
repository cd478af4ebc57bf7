import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathOf, roundUp } from './series.ts';

describe('the scale of a chart', () => {
  it.each([
    [0, 1],
    [1, 1],
    [1.2, 2],
    [30, 50],
    [51, 100],
    [0.05, 0.05],
    [1_234_567, 2_000_000],
  ])('of %d ends at %d', (value, top) => {
    expect(roundUp(value)).toBeCloseTo(top, 10);
  });

  it('is never below the value, and never ten times as much', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (value) => {
        expect(roundUp(value)).toBeGreaterThanOrEqual(value * (1 - 1e-9));
        expect(roundUp(value)).toBeLessThanOrEqual(value * 10);
      }),
    );
  });
});

describe('the line of a series', () => {
  it('ends at the right edge, and has zero at the bottom', () => {
    expect(pathOf([0, 10], 10, 3)).toBe('M0.5000 1.0000L1.0000 0.0000');
  });

  it('is broken where nothing was measured, and shows a lone value as a point', () => {
    expect(pathOf([5, undefined, 5, 5], 10, 4)).toBe('M0.0000 0.5000h0M0.6667 0.5000L1.0000 0.5000');
  });

  it('does not leave the chart', () => {
    expect(pathOf([20, -1], 10, 2)).toBe('M0.0000 0.0000L1.0000 1.0000');
  });
});
