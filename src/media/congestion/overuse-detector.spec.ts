import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { OveruseDetector } from './overuse-detector.js';

/** Groups 20 ms apart, each `growthMs` later than the one before, plus noise. */
function feed(
  detector: OveruseDetector,
  count: number,
  growthMs: number,
  fromMs = 0,
  noise: (index: number) => number = () => 0,
): string[] {
  let receivedAtMs = fromMs;
  let previousNoise = 0;
  return Array.from({ length: count }, (_, index) => {
    const receivedMs = 20 + growthMs + noise(index) - previousNoise;
    previousNoise = noise(index);
    receivedAtMs += receivedMs;
    detector.add({ sentMs: 20, receivedMs, receivedAtMs });
    return detector.usage;
  });
}

describe('OveruseDetector', () => {
  it('calls a steady delay normal', () => {
    expect(new Set(feed(new OveruseDetector(), 200, 0))).toEqual(new Set(['normal']));
  });

  it('sees a queue that grows by a tenth of the time, within a second', () => {
    const detector = new OveruseDetector();
    feed(detector, 60, 0);
    expect(feed(detector, 50, 2, 1200)).toContain('overusing');
  });

  it('sees a queue that drains', () => {
    const detector = new OveruseDetector();
    feed(detector, 60, 0);
    feed(detector, 30, 3, 1200);
    expect(feed(detector, 40, -3, 1890)).toContain('underusing');
  });

  it('learns to live with noise: what it takes for overuse at first is normal once the threshold has adapted', () => {
    const detector = new OveruseDetector();
    // A sawtooth of 8 ms over ten groups, as of a queue that another flow fills and drains.
    const sawtooth = (index: number): number => 0.8 * (index % 10);
    feed(detector, 2000, 0, 0, sawtooth);
    const usages = feed(detector, 200, 0, 40_000, sawtooth);
    expect(usages.filter((usage) => usage === 'overusing').length).toBeLessThan(10);
  });

  it('forgets the delays, not the threshold, when it is reset', () => {
    const detector = new OveruseDetector();
    feed(detector, 60, 0);
    feed(detector, 40, 3, 1200);
    detector.reset();
    expect(detector.usage).toBe('normal');
    expect(feed(detector, 60, 0, 100_000).at(-1)).toBe('normal');
  });

  it('bears any deltas, also those of a clock that stands still', () => {
    const delta = fc.record({
      sentMs: fc.integer({ min: 0, max: 5000 }),
      receivedMs: fc.integer({ min: 0, max: 5000 }),
      receivedAtMs: fc.integer({ min: 0, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(delta, { maxLength: 100 }), (deltas) => {
        const detector = new OveruseDetector();
        for (const one of deltas) detector.add(one);
        expect(['normal', 'overusing', 'underusing']).toContain(detector.usage);
      }),
    );
  });
});
