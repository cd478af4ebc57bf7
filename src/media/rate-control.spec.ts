import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateControl } from './rate-control.js';

const LIMITS = { start: 1_000_000, ceiling: 4_000_000 };
const MIN_BITRATE = 100_000;

describe('RateControl', () => {
  it('starts modestly, and never above the ceiling', () => {
    expect(new RateControl(LIMITS).bitrate).toBe(1_000_000);
    expect(new RateControl({ start: 1_000_000, ceiling: 300_000 }).bitrate).toBe(300_000);
    expect(new RateControl({ start: 1, ceiling: 300_000 }).bitrate).toBe(MIN_BITRATE);
  });

  it('stays between the least useful rate and the ceiling, whatever it is told, and says exactly when it changes', () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('estimate' as const), value: fc.double({ min: 0, max: 1e12, noNaN: true }) }),
      fc.record({ kind: fc.constant('loss' as const), value: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.integer({ min: 0, max: 5000 })), { maxLength: 60 }), (events) => {
        const rate = new RateControl(LIMITS);
        let nowMs = 0;
        for (const [{ kind, value }, afterMs] of events) {
          nowMs += afterMs;
          const before = rate.bitrate;
          const changed = kind === 'estimate' ? rate.onEstimate(value, nowMs) : rate.onLoss(value, nowMs);
          expect(changed).toBe(rate.bitrate !== before);
          expect(Number.isInteger(rate.bitrate)).toBe(true);
          expect(rate.bitrate).toBeGreaterThanOrEqual(MIN_BITRATE);
          expect(rate.bitrate).toBeLessThanOrEqual(LIMITS.ceiling);
          if (kind === 'loss') expect(rate.bitrate).toBeLessThanOrEqual(before);
        }
      }),
    );
  });

  it('takes its share of the estimate at once, down and up', () => {
    const rate = new RateControl(LIMITS);
    expect(rate.receiverEstimate).toBeUndefined();
    expect(rate.onEstimate(500_000, 0)).toBe(true);
    expect(rate.bitrate).toBe(425_000);
    expect(rate.receiverEstimate).toBe(500_000);
    expect(rate.onEstimate(2_000_000, 10)).toBe(true);
    expect(rate.bitrate).toBe(1_700_000);
  });

  it('does not bother the encoder with a small change, but reaches its limits exactly', () => {
    const rate = new RateControl(LIMITS);
    rate.onEstimate(4_600_000, 0);
    expect(rate.bitrate).toBe(3_910_000);
    expect(rate.onEstimate(4_500_000, 1)).toBe(false);
    expect(rate.onEstimate(4_800_000, 2)).toBe(true);
    expect(rate.bitrate).toBe(4_000_000);
    expect(rate.onEstimate(1e15, 3)).toBe(false);
    expect(rate.onEstimate(0, 4)).toBe(true);
    expect(rate.bitrate).toBe(MIN_BITRATE);
  });

  it('follows an estimate that creeps', () => {
    const rate = new RateControl(LIMITS);
    for (let estimate = 1_200_000; estimate <= 4_000_000; estimate *= 1.01) rate.onEstimate(estimate, 0);
    expect(rate.bitrate).toBeGreaterThan(4_000_000 * 0.85 * 0.94);
  });

  it('falls with heavy loss, and does not rise for two seconds after it', () => {
    const rate = new RateControl(LIMITS);
    expect(rate.onLoss(0.1, 0)).toBe(false);
    expect(rate.onLoss(0.2, 1000)).toBe(true);
    expect(rate.bitrate).toBe(900_000);
    expect(rate.onEstimate(3_000_000, 2999)).toBe(false);
    expect(rate.bitrate).toBe(900_000);
    expect(rate.onEstimate(800_000, 2999)).toBe(true);
    expect(rate.onEstimate(3_000_000, 3000)).toBe(true);
    expect(rate.bitrate).toBe(2_550_000);
  });
});
