import { describe, expect, it } from 'vitest';

import { LoopLateness } from './loop-watch.js';

/** Looks at intervals (ms), one after the other, and returns the state after the last. */
function after(...intervalsMs: readonly number[]): string {
  const lateness = new LoopLateness(0);
  let nowMs = 0;
  for (const interval of intervalsMs) lateness.look((nowMs += interval));
  return lateness.state(nowMs);
}

describe('LoopLateness', () => {
  it('takes what a busy server does for in time', () => {
    expect(after()).toBe('in-time');
    expect(after(500, 502, 740, 1499)).toBe('in-time');
  });

  it('is late after one look that came a second too late, and in time again after one that did not', () => {
    expect(after(500, 1500)).toBe('late');
    expect(after(500, 1500, 500)).toBe('in-time');
  });

  it('is stuck when every look was late for half a minute', () => {
    const looks = (count: number): number[] => Array.from({ length: count }, () => 2000);
    expect(after(...looks(15))).toBe('late');
    expect(after(...looks(16))).toBe('stuck');
    expect(after(...looks(16), 500)).toBe('in-time');
    expect(after(...looks(10), 500, ...looks(10))).toBe('late');
  });

  it('does not take a machine that slept for a loop that is stuck', () => {
    expect(after(500, 3_600_000)).toBe('late');
    expect(after(500, 3_600_000, 500)).toBe('in-time');
  });
});
