import { describe, expect, it } from 'vitest';
import type { StreamCounts } from './stream-counter.js';
import { describeInterval, describeSession, framesPerSecond, lossPercent } from './watch-figures.js';

const counts = (given: Partial<StreamCounts>): StreamCounts => ({
  packets: 0,
  bytes: 0,
  lost: 0,
  frames: 0,
  firstFrameAtMs: undefined,
  lastFrameAtMs: undefined,
  ...given,
});

describe('the figures of a viewer', () => {
  it('say what went on between two looks', () => {
    const before = { atMs: 1000, video: counts({ frames: 10, bytes: 1000, lost: 1 }), audio: counts({ bytes: 100 }) };
    const after = {
      atMs: 3000,
      video: counts({ frames: 58, bytes: 501_000, lost: 3 }),
      audio: counts({ bytes: 16_100, lost: 1 }),
    };
    expect(describeInterval(before, after)).toBe('24.0 fps, video 2000 kbit/s, audio 64 kbit/s, 3 lost');
  });

  it('say what the session was', () => {
    const video = counts({ frames: 49, packets: 999, lost: 1, firstFrameAtMs: 500, lastFrameAtMs: 2500 });
    expect(describeSession({ video, audio: counts({}) })).toBe('49 pictures in 2.0 s (24.00 fps), 0.10 % of the packets lost');
    expect(describeSession({ video: counts({}), audio: counts({}) })).toBe('0 pictures in 0.0 s, 0.00 % of the packets lost');
  });

  it('count the pictures between the first and the last, and loss of what was sent', () => {
    expect(framesPerSecond(counts({ frames: 1, firstFrameAtMs: 1, lastFrameAtMs: 1 }))).toBeUndefined();
    expect(framesPerSecond(counts({ frames: 25, firstFrameAtMs: 0, lastFrameAtMs: 1000 }))).toBe(24);
    expect(lossPercent([counts({ packets: 90, lost: 5 }), counts({ packets: 0, lost: 5 })])).toBe(10);
    expect(lossPercent([])).toBe(0);
  });
});
