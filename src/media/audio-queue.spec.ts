import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioQueue, FRAME_SAMPLES } from './audio-queue.js';

/** Distance up to which audio follows what was before it. */
const SLACK = 480;
/** Samples over which a step is spread. */
const EDGE = 120;

/** Samples that count up from `first`, so that each shows where it came from. */
function ramp(count: number, first = 1): Int16Array {
  return Int16Array.from({ length: count }, (_, index) => first + index);
}

/** The largest step from one sample to the next. */
function steepest(samples: Int16Array): number {
  return samples.reduce((worst, sample, index) => Math.max(worst, Math.abs(sample - (samples[index - 1] ?? sample))), 0);
}

describe('AudioQueue', () => {
  it('gives what goes in at its media time, whatever pieces it is pushed and read in, and silence between', () => {
    const pieces = fc.array(
      fc.record({
        length: fc.integer({ min: 1, max: 3000 }),
        gap: fc.oneof(fc.constant(0), fc.integer({ min: SLACK + 1, max: 5000 })),
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
          /** Where the sound is not what it was before; behind it, the edge is smoothed. */
          const edges = [0];
          let value = 1;
          for (const { length, gap } of source) {
            if (gap > 0) edges.push(expected.length / channels, expected.length / channels + gap);
            for (let index = 0; index < gap * channels; index += 1) expected.push(0);
            const samples = Int16Array.from({ length: length * channels }, () => (value++ % 30_000) + 1);
            queue.push(samples, channels, origin + expected.length / channels, SLACK);
            expected.push(...samples);
          }
          edges.push(expected.length / channels);
          expect(queue.endPosition).toBe(origin + expected.length / channels);
          expect(queue.surplusSamples).toBe(0);

          const out: number[] = [];
          let silent = 0;
          const total = expected.length / channels;
          for (let position = 0; position < total; position += step) {
            const read = queue.read(origin + position, step);
            const heard =
              read.channels === channels ? [...read.samples] : [...read.samples].flatMap((sample) => [sample, sample]);
            expect(heard).toHaveLength(step * channels);
            out.push(...heard);
            silent += read.silent;
          }
          const atAnEdge = (index: number): boolean =>
            edges.some((edge) => index >= edge * channels && index < (edge + EDGE) * channels);
          const wrong = out.findIndex((sample, index) => sample !== (expected[index] ?? 0) && !atAnEdge(index));
          expect(wrong).toBe(-1);
          const gaps = source.reduce((sum, { gap }) => sum + gap, 0);
          expect(silent).toBeCloseTo(gaps + out.length / channels - total, 6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('joins what is near its place without a cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: -SLACK, max: SLACK }), (difference) => {
        const queue = new AudioQueue();
        queue.push(ramp(2000), 1, 0, SLACK);
        queue.push(ramp(2000, 2001), 1, 2000 + difference, SLACK);
        // 0.2 % of the second piece.
        expect(Math.abs((queue.endPosition ?? 0) - 4000)).toBeLessThanOrEqual(4);
        const { samples } = queue.read(0, 3990);
        expect(steepest(samples.subarray(EDGE))).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('draws audio that is off to its place, unheard, and leaves alone what is about there', () => {
    for (const offset of [400, -400]) {
      const queue = new AudioQueue();
      queue.push(new Int16Array(4800), 1, 0, SLACK);
      for (let index = 1; index < 200; index += 1) queue.push(new Int16Array(4800), 1, 4800 * index + offset, SLACK);
      const behind = 4800 * 200 + offset - (queue.endPosition ?? 0);
      expect(Math.abs(behind)).toBeLessThanOrEqual(SLACK * 0.3);
      expect(Math.abs(behind)).toBeGreaterThan(SLACK * 0.3 - 10);
      expect(queue.surplusSamples).toBe(offset < 0 ? -offset + behind : 0);
      // What stretching made is no audio of the pipeline.
      expect(queue.queuedSamples).toBeCloseTo(4800 * 200 - queue.surplusSamples, 3);
    }
  });

  it('drops the end of what is too much for its time, and counts it', () => {
    const queue = new AudioQueue();
    queue.push(ramp(10_000), 1, 0, SLACK);
    queue.push(ramp(5000, 20_000), 1, 8000, SLACK);
    expect(queue.surplusSamples).toBe(2000);
    expect(queue.endPosition).toBe(13_000);
    const { samples, silent } = queue.read(0, 13_000);
    expect(silent).toBe(0);
    expect([samples[7999], samples[8000 + EDGE], samples[12_999]]).toEqual([8000, 20_000 + EDGE, 24_999]);
  });

  it('drops the beginning of a piece whose time was read already', () => {
    const queue = new AudioQueue();
    queue.push(ramp(10_000), 1, 0, SLACK);
    queue.read(0, 9000);
    queue.push(ramp(5000, 20_000), 1, 8000, SLACK);
    expect(queue.surplusSamples).toBe(2000);
    expect(queue.endPosition).toBe(13_000);
    expect(queue.read(9000, 4000).samples.at(-1)).toBe(24_999);
  });

  it('accounts for every sample it was given', () => {
    const pushes = fc.array(
      fc.record({
        length: fc.integer({ min: 0, max: 4000 }),
        position: fc.integer({ min: 0, max: 20_000 }),
        read: fc.boolean(),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pushes, (source) => {
        const queue = new AudioQueue();
        let [given, silent, position] = [0, 0, 0];
        for (const { length, position: at, read } of source) {
          queue.push(new Int16Array(length).fill(1), 1, at, SLACK);
          given += length;
          if (!read) continue;
          silent += queue.read(position, 960).silent;
          position += 960;
        }
        const end = Math.max(position, queue.endPosition ?? 0);
        silent += queue.read(position, end - position).silent;
        expect(end - silent + queue.surplusSamples + queue.lateSamples).toBeCloseTo(given, 6);
      }),
    );
  });

  it('is silent before its first sample and after its last', () => {
    const queue = new AudioQueue();
    expect(queue.read(0, FRAME_SAMPLES)).toEqual({
      samples: new Int16Array(FRAME_SAMPLES),
      channels: 1,
      silent: FRAME_SAMPLES,
      empty: true,
    });
    expect(queue.endPosition).toBeUndefined();
    queue.push(ramp(100), 1, 2000, SLACK);
    const { samples, silent, empty } = queue.read(1950, 400);
    expect([silent, empty]).toEqual([300, false]);
    expect([samples[49], samples[150 + EDGE]]).toEqual([0, 0]);
  });

  it('does not click where sound begins, ends, is cut out or gives way to other sound', () => {
    const loud = (length: number, level: number): Int16Array => new Int16Array(length).fill(level);
    const queue = new AudioQueue();
    queue.push(loud(3000, 20_000), 1, 1000, SLACK);
    queue.push(loud(3000, -20_000), 1, 6000, SLACK);
    queue.push(loud(3000, 15_000), 1, 8000, SLACK);
    queue.cut(8500, 500);
    const parts = [0, 960, 1920, 2880, 3840, 4800, 5760, 6720, 7680, 8640, 9600, 10_560].map((at) => queue.read(at, 960).samples);
    const all = Int16Array.from(parts.flatMap((part) => [...part]));
    expect(Math.max(...all)).toBe(20_000);
    expect(Math.min(...all)).toBe(-20_000);
    // 35000 in 120 samples along a cosine; a click would be the whole step in one.
    expect(steepest(all)).toBeLessThan(500);
  });

  it('moves everything forward by what is cut out', () => {
    const queue = new AudioQueue();
    queue.push(ramp(5000), 1, 1000, SLACK);
    expect(queue.cut(1000, 2000)).toBe(2000);
    expect(queue.endPosition).toBe(4000);
    queue.push(ramp(10, 9000), 1, 4000, SLACK);
    const { samples } = queue.read(1000, 3010);
    expect([samples[EDGE], samples.at(-11), samples.at(-10)]).toEqual([2001 + EDGE, 5000, 9000]);
  });

  it('is stereo where stereo came and mono where mono came', () => {
    const queue = new AudioQueue();
    queue.push(new Int16Array(EDGE), 1, 0, SLACK);
    queue.push(Int16Array.of(1, 2), 1, EDGE, SLACK);
    queue.push(Int16Array.of(3, 4, 5, 6), 2, EDGE + 2, SLACK);
    queue.push(Int16Array.of(9, 9), 1, EDGE + 4, SLACK);
    expect(queue.endPosition).toBe(EDGE + 6);
    expect(queue.read(0, EDGE + 1)).toMatchObject({ channels: 1 });
    const read = (count: number): [number, number[]] => {
      const { channels, samples } = queue.read((position += count) - count, count);
      return [channels, [...samples]];
    };
    let position = EDGE + 1;
    expect(read(2)).toEqual([2, [2, 2, 3, 4]]);
    expect(read(2)).toEqual([2, [5, 6, 9, 9]]);
    expect(read(1)).toEqual([1, [9]]);
  });
});
