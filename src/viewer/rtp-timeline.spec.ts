import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RtpTimeline } from './rtp-timeline.js';

const START_MS = 1_790_000_000_000;

describe('RtpTimeline', () => {
  it('tells the instant of any timestamp from one report, over every wrap', () => {
    const steps = fc.array(fc.integer({ min: -90_000, max: 2 ** 30 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), steps, (first, moves) => {
        const timeline = new RtpTimeline(90_000);
        timeline.report(first, START_MS);
        let ticks = 0;
        for (const move of moves) {
          ticks += move;
          const timestamp = (((first + ticks) % 2 ** 32) + 2 ** 32) % 2 ** 32;
          expect(Math.abs(timeline.unixMs(timestamp) - (START_MS + ticks / 90))).toBeLessThan(0.01);
        }
      }),
    );
  });

  it('knows nothing before a report, and tells of what came before it afterwards', () => {
    const timeline = new RtpTimeline(48_000);
    expect(timeline.isKnown).toBe(false);
    expect(timeline.unixMs(4800)).toBeNaN();
    timeline.report(9600, START_MS);
    expect(timeline.isKnown).toBe(true);
    expect(timeline.unixMs(4800)).toBeCloseTo(START_MS - 100, 3);
  });

  it('leaves the inaccuracy of reports alone, and follows a clock that went elsewhere', () => {
    const timeline = new RtpTimeline(48_000);
    timeline.report(0, START_MS);
    timeline.report(48_000, START_MS + 1020);
    expect(timeline.unixMs(96_000)).toBeCloseTo(START_MS + 2000, 3);
    timeline.report(96_000, START_MS + 2040);
    expect(timeline.unixMs(144_000)).toBeCloseTo(START_MS + 3040, 3);
  });
});
