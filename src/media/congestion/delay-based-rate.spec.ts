import { describe, expect, it } from 'vitest';

import { DelayBasedRate, type DelayObservation } from './delay-based-rate.js';

const observation = (nowMs: number, changes: Partial<DelayObservation> = {}): DelayObservation => ({
  usage: 'normal',
  acknowledgedBitrate: 1_000_000,
  roundTripMs: 50,
  ceiling: 4_000_000,
  nowMs,
  ...changes,
});

const rateOf = (startBitrate = 1_000_000) => new DelayBasedRate(startBitrate, 100_000, 4_000_000, 0);

function runNormal(rate: DelayBasedRate, fromMs: number, toMs: number, changes: Partial<DelayObservation> = {}): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 100) {
    rate.update(observation(nowMs, { acknowledgedBitrate: rate.bitrate, ...changes }));
  }
}

describe('DelayBasedRate', () => {
  it('grows by 8 % a second while the capacity is unknown', () => {
    const rate = rateOf();
    runNormal(rate, 0, 1000);
    expect(rate.bitrate / 1_000_000).toBeCloseTo(1.08, 2);
  });

  it('falls to 85 % of what arrives when the queue grows, once a round trip', () => {
    const rate = rateOf(2_000_000);
    rate.update(observation(1000, { usage: 'overusing', acknowledgedBitrate: 1_500_000 }));
    expect(rate.bitrate).toBe(1_275_000);
    rate.update(observation(1020, { usage: 'overusing', acknowledgedBitrate: 1_200_000 }));
    expect(rate.bitrate).toBe(1_275_000);
    rate.update(observation(1060, { usage: 'overusing', acknowledgedBitrate: 1_200_000 }));
    expect(rate.bitrate).toBe(1_020_000);
  });

  it('cuts again without waiting when hardly anything arrives', () => {
    const rate = rateOf(2_000_000);
    rate.update(observation(1000, { usage: 'overusing', acknowledgedBitrate: 1_500_000 }));
    rate.update(observation(1010, { usage: 'overusing', acknowledgedBitrate: 300_000 }));
    expect(rate.bitrate).toBe(255_000);
  });

  it('halves when the queue grows before anything was measured', () => {
    const rate = rateOf();
    rate.update(observation(100, { usage: 'overusing', acknowledgedBitrate: undefined }));
    expect(rate.bitrate).toBe(500_000);
  });

  it('never rises on an overuse', () => {
    const rate = rateOf(500_000);
    rate.update(observation(1000, { usage: 'overusing', acknowledgedBitrate: 3_000_000 }));
    expect(rate.bitrate).toBeLessThanOrEqual(500_000);
  });

  it('holds while the queue drains', () => {
    const rate = rateOf();
    for (let nowMs = 0; nowMs < 3000; nowMs += 100) rate.update(observation(nowMs, { usage: 'underusing' }));
    expect(rate.bitrate).toBe(1_000_000);
  });

  it('grows by a packet a response time near the capacity it has seen, slower than by the factor', () => {
    const rate = rateOf(2_000_000);
    rate.update(observation(1000, { usage: 'overusing', acknowledgedBitrate: 1_500_000 }));
    runNormal(rate, 1100, 3200);
    const grown = rate.bitrate - 1_275_000;
    expect(grown).toBeGreaterThan(20_000);
    expect(grown).toBeLessThan(100_000);
  });

  it('grows by the factor again when more gets through than the capacity it has seen', () => {
    const rate = rateOf(2_000_000);
    rate.update(observation(1000, { usage: 'overusing', acknowledgedBitrate: 1_000_000 }));
    runNormal(rate, 1100, 3200, { acknowledgedBitrate: 2_000_000 });
    expect(rate.bitrate).toBeGreaterThan(950_000);
  });

  it('does not outgrow one and a half times what is really sent, nor the ceiling, but is not lowered to them', () => {
    const rate = rateOf();
    runNormal(rate, 0, 30_000, { acknowledgedBitrate: 800_000 });
    expect(rate.bitrate).toBe(1_210_000);
    runNormal(rate, 30_000, 40_000, { ceiling: 500_000 });
    expect(rate.bitrate).toBe(1_210_000);
  });

  it('does not fall below what a probe has just shown because the throughput has not followed yet', () => {
    const rate = rateOf();
    rate.probed(3_000_000, 1000);
    rate.update(observation(1200, { usage: 'overusing', acknowledgedBitrate: 1_000_000 }));
    expect(rate.bitrate).toBe(2_550_000);
  });
});
