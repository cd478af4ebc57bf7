import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stretched } from './audio-stretch.js';

function tone(count: number, channels: 1 | 2, hz = 440): Int16Array {
  return Int16Array.from(
    { length: count * channels },
    (_, index) =>
      20_000 * Math.sin((2 * Math.PI * hz * Math.floor(index / channels)) / 48_000) * (index % channels === 1 ? 0.5 : 1),
  );
}

describe('stretched', () => {
  it('has the length that was asked for, and begins and ends where it did', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.constantFrom<1 | 2>(1, 2),
        (given, count, channels) => {
          const samples = tone(given, channels);
          const out = stretched(samples, channels, count);
          expect(out).toHaveLength(count * channels);
          expect([...out.subarray(0, channels)]).toEqual([...samples.subarray(0, channels)]);
        },
      ),
    );
  });

  it.each([1996, 2004])('keeps a tone of 4 kHz a tone when 2000 samples become %i', (count) => {
    const hz = 4000;
    const out = stretched(tone(2000, 2, hz), 2, count);
    for (let index = 2; index < count - 2; index += 1) {
      const ideal = 20_000 * Math.sin((2 * Math.PI * hz * index * 2000) / count / 48_000);
      expect(Math.abs((out[2 * index] ?? 0) - ideal)).toBeLessThan(200);
      expect(Math.abs((out[2 * index + 1] ?? 0) - ideal / 2)).toBeLessThan(100);
    }
  });

  it('does not overflow at full scale', () => {
    const square = Int16Array.from({ length: 1000 }, (_, index) => (index % 40 < 20 ? 32_767 : -32_768));
    const out = stretched(square, 1, 1002);
    expect(out.filter((sample) => Math.abs(sample) < 20_000).length).toBeLessThan(110);
  });
});
