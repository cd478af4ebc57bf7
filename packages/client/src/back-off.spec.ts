import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelayMs } from './back-off.js';

const USUAL = { minDelayMs: 100, maxDelayMs: undefined };

describe('retryDelayMs', () => {
  it('doubles up to a second at first, and up to ten later', () => {
    expect([1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(USUAL, attempt, 0, undefined, 1))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
    expect(retryDelayMs(USUAL, 5, 15_000, undefined, 1)).toBe(1600);
    expect(retryDelayMs(USUAL, 40, 15_000, undefined, 1)).toBe(10_000);
  });

  it('waits as long as the server asks', () => {
    expect(retryDelayMs(USUAL, 1, 0, 7000, 0)).toBe(7000);
  });

  it('leaves half of it to chance, and never waits longer than it may', () => {
    const delay = fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(delay, ([attempt, chance]) => {
        const ms = retryDelayMs({ minDelayMs: 50, maxDelayMs: 300 }, attempt, 0, undefined, chance);
        expect(ms).toBeGreaterThanOrEqual(25);
        expect(ms).toBeLessThanOrEqual(300);
      }),
    );
  });
});
