import { describe, expect, it } from 'vitest';
import { LossMeter } from './loss-meter.js';
import type { PacketArrival } from './transport-feedback.js';

/** Packets of which each `every`th is lost. */
function arrivals(count: number, every: number): PacketArrival[] {
  return Array.from({ length: count }, (_, index) => ({
    sequenceNumber: index,
    receivedAtMs: index % every === 0 ? undefined : index,
  }));
}

describe('LossMeter', () => {
  it('says the share of lost packets once it has heard of a hundred, and begins again', () => {
    const meter = new LossMeter();
    expect(meter.arrived(arrivals(60, 20))).toBeUndefined();
    expect(meter.arrived(arrivals(60, 20))).toBeCloseTo(0.05);
    expect(meter.arrived(arrivals(99, 1))).toBeUndefined();
    expect(meter.arrived(arrivals(1, 1))).toBe(1);
  });
});
