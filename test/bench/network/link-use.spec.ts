import { describe, expect, it } from 'vitest';
import type { PathSample } from '../../support/relay/messages.ts';
import { linkUsePercent, secondsUntilUsed, secondsUntilWithin, throughput, within } from './link-use.ts';

const NOTHING = {
  capacity: Infinity,
  offeredBytes: 0,
  deliveredBytes: 0,
  offeredPackets: 0,
  lostPackets: 0,
  droppedPackets: 0,
  queuedMs: [],
};

/** One sample each 100 ms from 0 on: what is sent, and what leaves, in Mbps. */
function samplesOf(count: number, capacity: number, offered: (atMs: number) => number, delivered = offered): PathSample[] {
  const bytes = (megabits: number): number => (megabits * 1e6) / 80;
  return Array.from({ length: count }, (_, index) => {
    const atUnixMs = (index + 1) * 100;
    const down = {
      ...NOTHING,
      capacity: capacity * 1e6,
      offeredBytes: bytes(offered(atUnixMs)),
      deliveredBytes: bytes(delivered(atUnixMs)),
    };
    return { atUnixMs, intervalMs: 100, down, up: NOTHING };
  });
}

describe('the use of a link', () => {
  it('is what left of what could have left', () => {
    const samples = samplesOf(
      10,
      2,
      () => 3,
      () => 1.5,
    );
    expect(linkUsePercent(samples)).toBeCloseTo(75);
    expect(throughput(samples)).toBeCloseTo(1.5e6);
  });

  it('is not defined without a limit, or without samples', () => {
    expect(linkUsePercent(samplesOf(10, Infinity, () => 3))).toBeNaN();
    expect(linkUsePercent([])).toBeNaN();
  });

  it('takes the samples of a span', () => {
    expect(
      within(
        samplesOf(10, 1, () => 1),
        200,
        400,
      ).map(({ atUnixMs }) => atUnixMs),
    ).toEqual([300, 400]);
  });
});

describe('after a step', () => {
  const step = { atMs: 0, bitsPerSecond: 4e6 };

  it('up: takes the end of the first second that uses four fifths', () => {
    const samples = samplesOf(100, 4, (atMs) => (atMs <= 5000 ? 1 : 3.3));
    // A second that has a tenth of the slow time in it carries 3.07 Mbps.
    expect(secondsUntilUsed(samples, step, 1000, 10_000)).toBeCloseTo(5);
    expect(
      secondsUntilUsed(
        samplesOf(100, 4, () => 3),
        step,
        1000,
        10_000,
      ),
    ).toBe(Infinity);
  });

  it('down: takes the beginning of the first half second that fits', () => {
    const samples = samplesOf(100, 1, (atMs) => (atMs <= 2300 ? 4 : 0.9));
    expect(secondsUntilWithin(samples, { atMs: 0, bitsPerSecond: 1e6 }, 1000, 10_000)).toBeCloseTo(1.3);
    expect(
      secondsUntilWithin(
        samplesOf(100, 1, () => 2),
        { atMs: 0, bitsPerSecond: 1e6 },
        1000,
        10_000,
      ),
    ).toBe(Infinity);
  });

  it('looks no further than the next step', () => {
    const samples = samplesOf(100, 4, (atMs) => (atMs <= 5000 ? 1 : 4));
    expect(secondsUntilUsed(samples, step, 1000, 5500)).toBe(Infinity);
  });
});
