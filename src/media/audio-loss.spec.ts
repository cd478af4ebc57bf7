import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpectedLoss } from './audio-loss.js';

/** Reports a second apart. */
function afterReports(fractions: readonly number[], loss = new ExpectedLoss(), fromMs = 0): ExpectedLoss {
  fractions.forEach((fraction, index) => loss.report(fraction, fromMs + index * 1000));
  return loss;
}

function repeated(fraction: number, count: number): number[] {
  return Array.from({ length: count }, () => fraction);
}

describe('ExpectedLoss', () => {
  it.each([
    [0, 2],
    [0.02, 2],
    [0.05, 5],
    [0.1, 10],
    [0.3, 20],
    [1, 20],
  ])('prepares for a steady loss of %d with %d %%', (fraction, percent) => {
    expect(afterReports(repeated(fraction, 8)).percent(false)).toBe(percent);
  });

  it('does not ask for in-band FEC where packets are carried twice', () => {
    expect(afterReports(repeated(0.3, 8)).percent(true)).toBe(5);
    expect(afterReports(repeated(0, 8)).percent(true)).toBe(2);
  });

  it('takes one bad report for chance and two for a trend', () => {
    expect(afterReports([0, 0, 0.15]).percent(false)).toBeLessThan(10);
    expect(afterReports([0, 0, 0.15, 0.15]).percent(false)).toBe(10);
  });

  it('comes back step by step when the loss has stayed away, and not when it hovers', () => {
    const loss = afterReports(repeated(0.1, 8));
    afterReports(repeated(0, 10), loss, 8000);
    expect(loss.percent(false)).toBe(10);
    afterReports(repeated(0, 4), loss, 18_000);
    expect(loss.percent(false)).toBe(5);
    afterReports(repeated(0, 20), loss, 22_000);
    expect(loss.percent(false)).toBe(2);
    const hovering = afterReports(repeated(0.09, 8));
    const seen = new Set<number>();
    for (let index = 0; index < 300; index += 1) {
      hovering.report(index % 2 === 0 ? 0.06 : 0.1, 8000 + index * 1000);
      seen.add(hovering.percent(false));
    }
    expect([...seen]).toEqual([10]);
  });

  it('opens no more than one encoder in ten seconds when loss goes, whatever is reported', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 120 }), (fractions) => {
        const loss = new ExpectedLoss();
        let [fellAtMs, last] = [-Infinity, loss.percent(false)];
        fractions.forEach((fraction, second) => {
          loss.report(fraction, second * 1000);
          const now = loss.percent(false);
          if (now < last) {
            expect(second * 1000 - fellAtMs).toBeGreaterThanOrEqual(10_000);
            fellAtMs = second * 1000;
          }
          last = now;
        });
      }),
    );
  });
});
