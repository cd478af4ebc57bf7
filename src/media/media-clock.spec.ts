import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaClock } from './media-clock.js';

const CLOCK_RATES = fc.constantFrom(90_000, 48_000);
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const mediaMs = fc.double({ min: 0, max: 1000 * 3600 * 24, noNaN: true });

/** `a - b` on the circle of 32-bit RTP timestamps. */
function rtpDistance(a: number, b: number): number {
  return (a - b) | 0;
}

describe('MediaClock', () => {
  it('is at 0 at its origin and runs with the wall', () => {
    const clock = new MediaClock(5000, 1_700_000_000_000);
    expect(clock.mediaMs(5000)).toBe(0);
    expect(clock.mediaMs(6500)).toBe(1500);
    expect(clock.unixMs(1500)).toBe(1_700_000_001_500);
  });

  it('runs with the wall from any origin', () => {
    fc.assert(
      fc.property(mediaMs, fc.double({ min: 0, max: 1e9, noNaN: true }), (media, origin) => {
        const clock = new MediaClock(origin, 0);
        expect(clock.mediaMs(origin + media)).toBeCloseTo(media, 4);
      }),
    );
  });
});

describe('MediaClock.rtpTimestamp', () => {
  it('is a 32-bit whole number, for times before the origin too', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e12, noNaN: true }), CLOCK_RATES, uint32, (time, clockRate, offset) => {
        const timestamp = MediaClock.rtpTimestamp(time, clockRate, offset);
        expect(timestamp).toBe(timestamp >>> 0);
      }),
    );
  });

  it('passes the wrap at 2³² without a step', () => {
    expect(MediaClock.rtpTimestamp(0, 90_000, 0xffff_ffff)).toBe(0xffff_ffff);
    expect(MediaClock.rtpTimestamp(1000, 90_000, 0xffff_ffff)).toBe(89_999);
  });

  it('keeps the distance of two times to a tick, wherever they lie', () => {
    const distanceMs = fc.double({ min: 0, max: 60_000, noNaN: true });
    fc.assert(
      fc.property(mediaMs, distanceMs, CLOCK_RATES, uint32, (time, distance, clockRate, offset) => {
        const ticks = rtpDistance(
          MediaClock.rtpTimestamp(time + distance, clockRate, offset),
          MediaClock.rtpTimestamp(time, clockRate, offset),
        );
        expect(Math.abs(ticks - (distance * clockRate) / 1000)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('does not drift: a day of frames of 1001/30000 s ends where it must', () => {
    const frames = 24 * 3600 * 30;
    const frameMs = 1001 / 30;
    expect(MediaClock.rtpTimestamp(frames * frameMs, 90_000, 0)).toBe((frames * 3003) % 2 ** 32);
  });
});
