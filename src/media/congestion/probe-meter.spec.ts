import { describe, expect, it } from 'vitest';

import { ProbeMeter } from './probe-meter.js';

const PROBE = { id: 1, bitrate: 4_000_000, bytes: 10_000 };

/** Ten packets of 1000 bytes that leave and arrive at regular distances; those named are lost. */
function measure(sentEveryMs: number, receivedEveryMs: number, lost: readonly number[] = []): ProbeMeter {
  const meter = new ProbeMeter(PROBE);
  for (let index = 0; index < 10; index += 1) {
    const packet = { sequenceNumber: index, bytes: 1000, sentAtMs: index * sentEveryMs, probe: 1 };
    meter.packetSent(packet);
    if (lost.includes(index)) meter.packetLost();
    else meter.packetReceived({ packet, receivedAtMs: 70_000 + index * receivedEveryMs });
  }
  return meter;
}

describe('ProbeMeter', () => {
  it('gives the rate at which the packets left where they arrive as fast', () => {
    const meter = measure(2, 2);
    expect(meter.complete).toBe(true);
    expect(meter.result).toBeCloseTo(4_000_000);
  });

  it('gives a little less than the rate of arrival where that is the limit', () => {
    expect(measure(2, 8).result).toBeCloseTo(0.95 * 1_000_000);
  });

  it('does not believe packets that arrive faster than they left by more than the path can explain', () => {
    expect(measure(4, 3).result).toBeCloseTo(2_000_000);
    expect(measure(4, 1).result).toBeUndefined();
  });

  it('bears a loss of a fifth and no more', () => {
    expect(measure(2, 2, [3, 7]).result).toBeGreaterThan(3_000_000);
    expect(measure(2, 2, [3, 5, 7]).result).toBeUndefined();
  });

  it('has no result when all left or arrived at the same instant', () => {
    expect(measure(0, 2).result).toBeUndefined();
    expect(measure(2, 0).result).toBeUndefined();
  });

  it('is complete when all of it left and was reported', () => {
    const meter = new ProbeMeter(PROBE);
    expect(meter.anySent).toBe(false);
    const packet = { sequenceNumber: 1, bytes: 5000, sentAtMs: 0, probe: 1 };
    meter.packetSent(packet);
    meter.packetReceived({ packet, receivedAtMs: 10 });
    expect(meter.complete).toBe(false);
    meter.packetSent(packet);
    expect(meter.complete).toBe(false);
    meter.packetLost();
    expect(meter.complete).toBe(true);
  });
});
