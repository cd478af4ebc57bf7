import { describe, expect, it } from 'vitest';
import type { FrameRecord } from '../support/probe-page.ts';
import { frameDelays } from './frame-delays.ts';

const frame = (counter: number | null, arrivalMs: number, presentedMs: number | null = null): FrameRecord => ({
  counter,
  arrivalMs,
  presentedMs,
  rtpTimestamp: 0,
  width: 832,
  height: 480,
  lumas: [],
});

describe('frameDelays', () => {
  it('pairs a frame with the newest yield of its counter', () => {
    const stamps = [
      { counter: 7, yieldedMs: 1000 },
      { counter: 7, yieldedMs: 11_000 },
      { counter: 7, yieldedMs: 21_000 },
    ];
    expect(frameDelays([frame(7, 10_030, 10_045)], stamps, 1000)).toEqual({ decodedMs: [30], presentedMs: [45] });
  });

  it('leaves out what it cannot pair', () => {
    const stamps = [{ counter: 7, yieldedMs: 0 }];
    expect(frameDelays([frame(8, 10), frame(null, 10), frame(7, 6000)], stamps, 0)).toEqual({ decodedMs: [], presentedMs: [] });
  });
});
