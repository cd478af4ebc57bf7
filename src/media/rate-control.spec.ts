import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateControl } from './rate-control.js';

const LIMITS = { start: 1_000_000, ceiling: 4_000_000 };

describe('RateControl', () => {
  it('starts at the start bitrate', () => {
    expect(new RateControl(LIMITS).bitrate).toBe(1_000_000);
  });

  it('never starts above the ceiling', () => {
    expect(new RateControl({ start: 3_000_000, ceiling: 2_000_000 }).bitrate).toBe(2_000_000);
  });

  it('asks the network for as much as its ceiling needs with sound and headers', () => {
    const rate = new RateControl(LIMITS);
    const { startBitrate, maxBitrate } = rate.networkLimits;
    rate.follow(maxBitrate, { audioBitrate: undefined, repairBitrate: 0 });
    expect(rate.bitrate).toBeGreaterThan(3_990_000);
    rate.follow(startBitrate, { audioBitrate: undefined, repairBitrate: 0 });
    expect(rate.bitrate).toBeGreaterThan(990_000);
    expect(rate.bitrate).toBeLessThan(1_010_000);
  });

  it('leaves sound and repairs what they need', () => {
    const rate = new RateControl(LIMITS);
    rate.follow(1_000_000, { audioBitrate: 100_000, repairBitrate: 100_000 });
    expect(rate.bitrate).toBe(752_000);
  });

  it('gives the sound’s share to the pictures when there is no sound', () => {
    const rate = new RateControl(LIMITS);
    rate.follow(1_000_000, { audioBitrate: 0, repairBitrate: 0 });
    expect(rate.bitrate).toBe(940_000);
  });

  it('does not follow changes that no encoder needs to know', () => {
    const rate = new RateControl(LIMITS);
    rate.follow(1_000_000, { audioBitrate: 0, repairBitrate: 0 });
    rate.follow(1_005_000, { audioBitrate: 0, repairBitrate: 0 });
    expect(rate.bitrate).toBe(940_000);
  });

  it('stays within its limits whatever the network says', () => {
    const figures = fc.oneof(fc.double({ noNaN: true, min: 0, max: 1e10 }), fc.constantFrom(0, 1e12));
    fc.assert(
      fc.property(fc.array(fc.tuple(figures, fc.option(figures, { nil: undefined }), figures)), (states) => {
        const rate = new RateControl(LIMITS);
        for (const [targetBitrate, audioBitrate, repairBitrate] of states) {
          rate.follow(targetBitrate, { audioBitrate, repairBitrate });
          expect(rate.bitrate).toBeGreaterThanOrEqual(40_000);
          expect(rate.bitrate).toBeLessThanOrEqual(4_000_000);
        }
      }),
    );
  });
});
