import { describe, expect, it } from 'vitest';
import type { FrameRecord } from '../support/probe-page.ts';
import { pacing } from './pacing.ts';

const SOURCE = { fps: 25, frames: 240 };

const framesAt = (times: readonly (readonly [counter: number, arrivalMs: number])[]): FrameRecord[] =>
  times.map(([counter, arrivalMs]) => ({
    counter,
    arrivalMs,
    rtpTimestamp: 0,
    width: 832,
    height: 480,
    lumas: [],
    presentedMs: null,
  }));

describe('pacing', () => {
  it('finds nothing in an even stream, over the end of the counter too', () => {
    const frames = framesAt(Array.from({ length: 500 }, (_, index) => [index % 240, index * 40]));
    const { deviationPercent, intervalDeviationMs } = pacing(frames, SOURCE);
    expect(deviationPercent).toBeCloseTo(0);
    expect(intervalDeviationMs).toBeCloseTo(0);
  });

  it('finds a pace that is one percent slow', () => {
    const frames = framesAt(Array.from({ length: 200 }, (_, index) => [index % 240, index * 40.4]));
    expect(pacing(frames, SOURCE).deviationPercent).toBeCloseTo(1);
  });

  it('does not take a missing picture for a slow pace', () => {
    const even = Array.from({ length: 200 }, (_, index) => [index % 240, index * 40] as const);
    expect(pacing(framesAt(even.filter((_, index) => index % 10 !== 5)), SOURCE).deviationPercent).toBeCloseTo(0);
  });

  it('tells jitter from pace', () => {
    const frames = framesAt(Array.from({ length: 400 }, (_, index) => [index % 240, index * 40 + (index % 2) * 10]));
    const { deviationPercent, intervalDeviationMs } = pacing(frames, SOURCE);
    expect(deviationPercent).toBeLessThan(0.01);
    expect(intervalDeviationMs).toBeCloseTo(10, 1);
  });
});
