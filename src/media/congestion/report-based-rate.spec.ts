import { describe, expect, it } from 'vitest';

import { ReportBasedRate } from './report-based-rate.js';

const rateOf = () => new ReportBasedRate(1_000_000, 100_000, 4_000_000);

describe('ReportBasedRate', () => {
  it('follows the receiver estimate both ways within the limits', () => {
    const rate = rateOf();
    for (const [estimate, expected] of [
      [2_000_000, 2_000_000],
      [500_000, 500_000],
      [10, 100_000],
      [1e9, 4_000_000],
    ] as const) {
      rate.receiverEstimated(estimate, 0);
      expect(rate.bitrate).toBe(expected);
    }
  });

  it('leaves random loss alone where the receiver, who sees the delay, estimates more', () => {
    const rate = rateOf();
    rate.receiverEstimated(2_000_000, 0);
    rate.lossReported(0.12, 50, 1000);
    expect(rate.bitrate).toBe(2_000_000);
  });

  it('falls with loss that comes with a queue or is heavy, and then holds for two seconds', () => {
    const rate = rateOf();
    rate.receiverEstimated(2_000_000, 0);
    rate.lossReported(0, 50, 0);
    rate.lossReported(0.2, 200, 1000);
    expect(rate.bitrate).toBe(1_800_000);
    rate.receiverEstimated(2_000_000, 2000);
    expect(rate.bitrate).toBe(1_800_000);
    rate.receiverEstimated(2_000_000, 3000);
    expect(rate.bitrate).toBe(2_000_000);
    rate.lossReported(0.4, undefined, 4000);
    expect(rate.bitrate).toBe(1_600_000);
  });

  it('goes by loss and round trip alone where there is no estimate: up with care, down with loss, held by a queue', () => {
    const rate = rateOf();
    rate.lossReported(0, 50, 1000);
    expect(rate.bitrate).toBe(1_050_000);
    rate.lossReported(0, 50, 1500);
    expect(rate.bitrate).toBe(1_050_000);
    rate.lossReported(0, 300, 3000);
    expect(rate.bitrate).toBe(1_050_000);
    rate.lossReported(0.2, 50, 4000);
    expect(rate.bitrate).toBe(945_000);
  });
});
