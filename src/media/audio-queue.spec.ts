import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioQueue, FRAME_SAMPLES } from './audio-queue.js';

/** Differences up to this many samples (30 ms) are closed without a cut. */
const CONTIGUOUS_SAMPLES = 1440;

/** Samples that count up from `first`, so that each shows where it came from. */
function ramp(count: number, first = 1): Int16Array {
  return Int16Array.from({ length: count }, (_, index) => first + index);
}

describe('AudioQueue', () => {
  it('gives what goes in at its media time, whatever pieces it is pushed and read in, and silence between', () => {
    const pieces = fc.array(
      fc.record({
        length: fc.integer({ min: 1, max: 3000 }),
        gap: fc.oneof(fc.constant(0), fc.integer({ min: CONTIGUOUS_SAMPLES + 1, max: 5000 })),
      }),
      { minLength: 1, maxLength: 15 },
    );
    fc.assert(
      fc.property(
        pieces,
        fc.constantFrom<1 | 2>(1, 2),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 100, max: 2000 }),
        (source, channels, origin, step) => {
          const queue = new AudioQueue();
          const expected: number[] = [];
          let value = 1;
          for (const { length, gap } of source) {
            for (let index = 0; index < gap * channels; index += 1) expected.push(0);
            const samples = Int16Array.from({ length: length * channels }, () => (value++ % 30_000) + 1);
            queue.push(samples, channels, origin + expected.length / channels);
            expected.push(...samples);
          }
          expect(queue.endPosition).toBe(origin + expected.length / channels);
          expect(queue.surplusSamples).toBe(0);

          const out: number[] = [];
          let silent = 0;
          const total = expected.length / channels;
          for (let position = 0; position < total; position += step) {
            const read = queue.read(origin + position, step);
            expect(read.samples).toHaveLength(step * channels);
            out.push(...read.samples);
            silent += read.silent;
          }
          const firstGap = source[0]?.gap ?? 0;
          const gaps = source.reduce((sum, { gap }) => sum + gap, 0);
          expect(out.slice(firstGap * channels, expected.length)).toEqual(expected.slice(firstGap * channels));
          expect(silent).toBe(gaps + out.length / channels - total);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('takes a small difference for rounding and neither cuts nor fills', () => {
    fc.assert(
      fc.property(fc.integer({ min: -CONTIGUOUS_SAMPLES, max: CONTIGUOUS_SAMPLES }), (difference) => {
        const queue = new AudioQueue();
        queue.push(ramp(2000), 1, 0);
        queue.push(ramp(2000, 2001), 1, 2000 + difference);
        expect(queue.endPosition).toBe(4000);
        expect([...queue.read(0, 4000).samples]).toEqual([...ramp(4000)]);
      }),
    );
  });

  it('trims what is too much for its time and counts it', () => {
    const queue = new AudioQueue();
    queue.push(ramp(10_000), 1, 0);
    queue.push(ramp(5000, 20_000), 1, 8000);
    expect(queue.surplusSamples).toBe(2000);
    expect(queue.endPosition).toBe(13_000);
    const { samples, silent } = queue.read(0, 13_000);
    expect(silent).toBe(0);
    expect([samples[9999], samples[10_000], samples[12_999]]).toEqual([10_000, 22_000, 24_999]);
  });

  it('drops a chunk whose whole time is taken already', () => {
    const queue = new AudioQueue();
    queue.push(ramp(10_000), 2, 0);
    queue.push(ramp(2000), 2, 100);
    expect(queue.surplusSamples).toBe(1000);
    expect(queue.endPosition).toBe(5000);
  });

  it('accounts for every sample it was given', () => {
    const pushes = fc.array(
      fc.record({ length: fc.integer({ min: 0, max: 4000 }), position: fc.integer({ min: 0, max: 20_000 }) }),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(pushes, (source) => {
        const queue = new AudioQueue();
        let given = 0;
        for (const { length, position } of source) {
          queue.push(new Int16Array(length).fill(1), 1, position);
          given += length;
        }
        const end = queue.endPosition ?? 0;
        const { silent } = queue.read(0, end);
        expect(end - silent + queue.surplusSamples).toBe(given);
      }),
    );
  });

  it('is silent before its first sample and after its last', () => {
    const queue = new AudioQueue();
    expect(queue.read(0, FRAME_SAMPLES)).toEqual({ samples: new Int16Array(FRAME_SAMPLES), silent: FRAME_SAMPLES });
    expect(queue.endPosition).toBeUndefined();
    queue.push(ramp(100), 1, 2000);
    const { samples, silent } = queue.read(1950, 200);
    expect(silent).toBe(100);
    expect([samples[49], samples[50], samples[149], samples[150]]).toEqual([0, 1, 100, 0]);
  });

  it('moves everything forward by what is cut out', () => {
    const queue = new AudioQueue();
    queue.push(ramp(5000), 1, 1000);
    expect(queue.cut(1000, 2000)).toBe(2000);
    expect(queue.endPosition).toBe(4000);
    expect(queue.read(1000, 3).samples).toEqual(Int16Array.of(2001, 2002, 2003));
    queue.push(ramp(10, 9000), 1, 4000);
    expect(queue.read(3999, 2).samples).toEqual(Int16Array.of(5000, 9000));
  });

  it('makes what waits stereo when stereo comes, and mono when mono comes', () => {
    const queue = new AudioQueue();
    expect(queue.channels).toBe(1);
    queue.push(Int16Array.of(1, 2), 1, 0);
    queue.push(Int16Array.of(3, 4, 5, 6), 2, 2);
    expect(queue.channels).toBe(2);
    expect(queue.endPosition).toBe(4);
    expect(queue.read(0, 2).samples).toEqual(Int16Array.of(1, 1, 2, 2));
    queue.push(Int16Array.of(9), 1, 4);
    expect(queue.channels).toBe(1);
    expect(queue.read(2, 3).samples).toEqual(Int16Array.of(3, 5, 9));
  });

  it('does not overflow when it mixes two loud channels', () => {
    const queue = new AudioQueue();
    queue.push(Int16Array.of(32_767, 32_767, -32_768, -32_768), 2, 0);
    queue.push(Int16Array.of(0), 1, 2);
    expect(queue.read(0, 3).samples).toEqual(Int16Array.of(32_767, -32_768, 0));
  });
});
