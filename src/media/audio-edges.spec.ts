import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioEdges } from './audio-edges.js';

const FADE_SAMPLES = 120;

function steepest(samples: readonly number[]): number {
  return samples.reduce((worst, sample, index) => Math.max(worst, Math.abs(sample - (samples[index - 1] ?? 0))), 0);
}

describe('AudioEdges', () => {
  it('leaves alone what has no edge', () => {
    const frame = Int16Array.from({ length: 960 }, (_, index) => index * 30);
    new AudioEdges().smooth(frame, 1, []);
    expect([...frame]).toEqual(Array.from({ length: 960 }, (_, index) => index * 30));
  });

  it('spreads any step over 2.5 ms, also across frames, and changes nothing behind it', () => {
    const level = fc.integer({ min: -32_768, max: 32_767 });
    fc.assert(
      fc.property(
        level,
        level,
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 300 }),
        (before, behind, edge, step) => {
          const edges = new AudioEdges();
          const signal = Int16Array.from({ length: 800 }, (_, index) => (index < edge ? before : behind));
          const out: number[] = [];
          for (let from = 0; from < 800; from += step) {
            const frame = signal.slice(from, from + step);
            const inside = [
              ...(from === 0 ? [0] : []),
              ...(edge >= from && edge < from + frame.length && edge > 0 ? [edge - from] : []),
            ];
            edges.smooth(frame, 1, inside);
            out.push(...frame);
          }
          // Half a cosine of the whole range is at its steepest 858 a sample.
          expect(steepest(out)).toBeLessThanOrEqual(1000);
          const settled = Math.max(edge, 0) + FADE_SAMPLES;
          expect(out.slice(settled).every((sample) => sample === behind)).toBe(true);
        },
      ),
    );
  });

  it('keeps left and right apart, and goes from mono to stereo', () => {
    const edges = new AudioEdges();
    edges.smooth(new Int16Array(300).fill(1000), 1, [0]);
    const frame = Int16Array.from({ length: 600 }, (_, index) => (index % 2 === 0 ? 5000 : -5000));
    edges.smooth(frame, 2, [0]);
    expect(Math.abs((frame[0] ?? 0) - 1000)).toBeLessThan(20);
    expect(Math.abs((frame[1] ?? 0) - 1000)).toBeLessThan(20);
    expect([frame[2 * FADE_SAMPLES], frame[2 * FADE_SAMPLES + 1]]).toEqual([5000, -5000]);
  });
});
