import { describe, expect, it } from 'vitest';

import { LossBasedRate, type LossContext } from './loss-based-rate.js';

const MIN_BITRATE = 100_000;

/** A tenth of a second at a rate, of which each `lostEvery`th packet is lost; the remainder carries over in `state`. */
function report(
  losses: LossBasedRate,
  state: { nowMs: number; owed: number },
  bitrate: number,
  lossFraction: number,
  changes: Partial<LossContext> = {},
): void {
  const packets = Math.round(bitrate / 8 / 1000 / 10);
  const received = [];
  const lost = [];
  for (let index = 0; index < packets; index += 1) {
    const packet = { sequenceNumber: 0, bytes: 1000, sentAtMs: state.nowMs + (index * 100) / packets, probe: undefined };
    state.owed += lossFraction;
    if (state.owed >= 1) {
      state.owed -= 1;
      lost.push(packet);
    } else {
      received.push(packet);
    }
  }
  state.nowMs += 100;
  const acknowledgedBitrate = bitrate * (1 - lossFraction);
  losses.report(received, lost, 0, {
    queueMs: 0,
    acknowledgedBitrate,
    delayBasedBitrate: bitrate,
    nowMs: state.nowMs,
    ...changes,
  });
}

/** Sends at the given rates, a tenth of a second each, through a link that drops all above its capacity, and a share of the rest. */
function through(losses: LossBasedRate, rates: readonly number[], capacity: number, inherent: number): void {
  const state = { nowMs: 0, owed: 0 };
  for (const bitrate of rates) {
    const excess = Math.max(0, (bitrate - capacity) / bitrate);
    report(losses, state, bitrate, inherent + (1 - inherent) * excess);
  }
}

const varying = (mean: number, count: number) =>
  Array.from({ length: count }, (_, index) => mean * (index % 6 < 3 ? 0.85 : 1.15));

describe('LossBasedRate', () => {
  it('sets no limit without loss', () => {
    const losses = new LossBasedRate(MIN_BITRATE);
    through(losses, varying(2_000_000, 100), Infinity, 0);
    expect(losses.bitrate).toBe(Infinity);
    expect(losses.lossFraction).toBe(0);
  });

  it.each([0.02, 0.05, 0.1])('sets no lasting limit for a loss of %d that is the same at any rate', (inherent) => {
    const losses = new LossBasedRate(MIN_BITRATE);
    through(losses, varying(2_000_000, 100), Infinity, inherent);
    expect(losses.bitrate).toBeGreaterThan(1_500_000);
    expect(losses.lossFraction).toBeCloseTo(inherent, 1);
  });

  it('tries a lower rate for a second when loss persists, and then lets go', () => {
    const losses = new LossBasedRate(MIN_BITRATE);
    const state = { nowMs: 0, owed: 0 };
    const limits = Array.from({ length: 60 }, () => {
      report(losses, state, Math.min(2_000_000, losses.bitrate), 0.08);
      return losses.bitrate;
    });
    expect(Math.min(...limits)).toBeCloseTo(0.9 * 0.92 * 2_000_000, -5);
    expect(limits.at(-1)).toBe(Infinity);
    expect(limits.filter((limit) => limit < Infinity).length).toBeLessThan(15);
  });

  it('finds the capacity when the loss comes with the higher rate', () => {
    const losses = new LossBasedRate(MIN_BITRATE);
    through(losses, varying(2_000_000, 40), 1_800_000, 0);
    expect(losses.bitrate).toBeGreaterThan(1_500_000);
    expect(losses.bitrate).toBeLessThan(1_900_000);
  });

  it('finds the capacity when far more is lost than any path loses of its own', () => {
    const losses = new LossBasedRate(MIN_BITRATE);
    through(losses, varying(4_000_000, 20), 1_000_000, 0);
    expect(losses.bitrate).toBeLessThan(1_300_000);
  });

  it('takes loss with a long queue for a full queue at once', () => {
    const losses = new LossBasedRate(MIN_BITRATE);
    const state = { nowMs: 0, owed: 0 };
    report(losses, state, 2_000_000, 0.2, { queueMs: 150, acknowledgedBitrate: 1_000_000 });
    expect(losses.bitrate).toBe(900_000);
  });

  it('lets the limit grow after a while and drops it where it limits nothing', () => {
    const losses = new LossBasedRate(MIN_BITRATE);
    const state = { nowMs: 0, owed: 0 };
    report(losses, state, 2_000_000, 0.2, { queueMs: 150, acknowledgedBitrate: 1_000_000 });
    for (let index = 0; index < 40; index += 1) report(losses, state, 900_000, 0);
    expect(losses.bitrate).toBeGreaterThan(950_000);
    for (let index = 0; index < 200; index += 1) report(losses, state, 900_000, 0);
    expect(losses.bitrate).toBe(Infinity);
  });

  it('believes a probe that got through', () => {
    const losses = new LossBasedRate(MIN_BITRATE);
    const state = { nowMs: 0, owed: 0 };
    report(losses, state, 2_000_000, 0.2, { queueMs: 150, acknowledgedBitrate: 1_000_000 });
    losses.probed(3_000_000, state.nowMs);
    expect(losses.bitrate).toBe(3_000_000);
  });

  it('grows again from the least rate after everything was lost', () => {
    const losses = new LossBasedRate(MIN_BITRATE);
    const state = { nowMs: 0, owed: 0 };
    for (let tenth = 0; tenth < 10; tenth += 1) report(losses, state, 1_000_000, 1);
    expect(losses.limit).toBe(MIN_BITRATE);
    for (let tenth = 0; tenth < 170; tenth += 1) report(losses, state, MIN_BITRATE, 0);
    expect(losses.limit).toBeGreaterThan(1.5 * MIN_BITRATE);
  });
});
