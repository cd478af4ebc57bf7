import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { DeliveryMode } from '../common/index.js';
import {
  CROWDED_MS,
  expectOrder,
  expectTogether,
  FRAME_MS,
  LOSSLESS_QUEUE_MS,
  SEEN_WITHIN_MS,
  simulateTime,
  Simulation,
  SLACK_MS,
  sum,
} from './media-timeline.simulation.testing.js';

/** The router's wait is one of Node's own timers, which are not simulated otherwise. */
vi.mock(import('node:timers/promises'), async (importOriginal) => ({
  ...(await importOriginal()),
  setTimeout: (<T>(delayMs: number, value: T) => new Promise<T>((resolve) => setTimeout(resolve, delayMs, value))) as never,
}));

/** Time is simulated and codecs are not asked, so that an hour passes in seconds. Everything between them is real. */
vi.mock(import('./codec/index.js'), async (importOriginal) => {
  const original = await importOriginal();
  const fakes = {
    OpusStream: class {
      async encode(pcm: Int16Array, { channels }: { channels: number }): Promise<Buffer> {
        return Object.assign(Buffer.from(pcm.buffer as ArrayBuffer, pcm.byteOffset, pcm.byteLength), { channels });
      }
      close(): void {}
    },
    PictureDecoder: class {
      async decode({ data }: { data: Uint8Array }) {
        return { width: 16, height: 16, source: { width: 16, height: 16 }, data, release: () => undefined };
      }
      close(): void {}
    },
    VideoEncoder: {
      open: async () => ({
        encode: async ({ data }: { data: Uint8Array }, { keyframe }: { keyframe: boolean }) => ({
          data: Buffer.from(data),
          keyframe,
          quantiser: undefined,
        }),
        setBitrate: () => true,
        close: () => undefined,
      }),
    },
  };
  return { ...original, ...(fakes as unknown as typeof original) };
});

const HOUR_MS = 3_600_000;

simulateTime();

/** The same from 0 to 1 each time. */
function seeded(): () => number {
  let state = 5;
  return () => (state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff) / 0x7fff_ffff;
}

describe('media of a session in simulated time', { timeout: 120_000 }, () => {
  it('plays an hour of bursts without losing a frame, a sample or a millisecond', async () => {
    const sim = new Simulation('lossless');
    const ms = (32 * 1000) / 24;
    await sim.run(HOUR_MS / ms, (index) => ({
      afterMs: index % 3 === 0 ? 900 : 0,
      frames: 32,
      audio: { ms, sampleRate: 48_000, channels: 2 },
    }));
    expectOrder(sim, LOSSLESS_QUEUE_MS + 2 * ms);
    expectTogether(sim, 2);
    expect(sim.lateness).toMatchObject({ video: { tooLate: 0 }, audio: { tooLate: 0 } });
    expect(sim.offsets()).toHaveLength(2700);
    expect(sim.figures().sentFrames).toBe(24 * 3600);
    expect(sim.audio.counts).toMatchObject({ sentMs: HOUR_MS, silenceMs: 0, sentFrames: HOUR_MS / FRAME_MS });
    const last = sim.seenAtMs.get(2699) ?? 0;
    expect(last - (sim.seenAtMs.get(0) ?? 0)).toBeCloseTo(HOUR_MS - ms, 0);
    await sim.close();
  });

  it('does not drift within an hour in which each slice of sound is cut to whole samples', async () => {
    const sim = new Simulation('lossless');
    // Five frames of 24 a second last 208.33 ms.
    const ms = 5000 / 24;
    await sim.run(HOUR_MS / ms, () => ({ afterMs: 0, frames: 5, audio: { ms: 208.3, sampleRate: 8000, channels: 1 } }));
    expectOrder(sim, LOSSLESS_QUEUE_MS + 200);
    expectTogether(sim, SLACK_MS.lossless + SEEN_WITHIN_MS);
    expect(sim.seenAtMs.get(17_279)).toBeCloseTo(HOUR_MS - ms, 0);
    await sim.close();
  });

  it('keeps an hour of interactive media together, whose frames come early, late and in jams', async () => {
    const sim = new Simulation('latest');
    const random = seeded();
    await sim.run(HOUR_MS / 160, (index) => ({
      afterMs: Math.max(0, index * 160 + random() * 15 + (index % 500 === 499 ? 120 : 0) - sim.nowMs()),
      frames: 4,
      fps: 25,
      audio: { ms: 160, sampleRate: 48_000, channels: 1 },
    }));
    expectOrder(sim, 500);
    expectTogether(sim, SLACK_MS.latest + CROWDED_MS);
    expect(sim.lateness).toMatchObject({ video: { tooLate: 0 }, audio: { tooLate: 0 } });
    const { sent, dropped } = sim.video.counts;
    expect(sent).toBeGreaterThan(25 * 3600 * 0.999);
    expect(sum(dropped)).toBeLessThan(25 * 3600 * 0.001);
    // 45 jams of 120 ms, each heard as silence once.
    expect(sim.audio.counts.silenceMs).toBeLessThan(45 * 150);
    await sim.close();
  });

  it.each(['lossless', 'latest'] as const)('goes on together after the process stood still (%s)', async (delivery) => {
    const sim = new Simulation(delivery);
    const stalls = new Map([
      [50, 90],
      [100, 400],
      [200, 3000],
    ]);
    await sim.run(500, (index) => {
      sim.standStill(stalls.get(index) ?? 0);
      return {
        afterMs: Math.max(0, index * 40 - 300 - sim.nowMs()),
        frames: 1,
        fps: 25,
        audio: { ms: 40, sampleRate: 48_000, channels: 2 },
      };
    });
    expectOrder(sim, LOSSLESS_QUEUE_MS + 200);
    const waited = (index: number): boolean => [...stalls.keys()].some((stall) => index < stall && index >= stall - 10);
    expectTogether(sim, SLACK_MS[delivery] + CROWDED_MS, waited);
    expect(sim.offsets().filter(({ index }) => index > 200).length).toBeGreaterThan(200);
    // Of each stream no more than what was in hand when everything stood still, and the newest picture.
    expect(sim.lateness.audio.tooLate).toBeLessThanOrEqual(2);
    expect(sim.lateness.video.tooLate).toBeLessThanOrEqual(4);
    await sim.close();
  });

  it('takes every change of pace, rate and channels, and media with and without pictures or sound', async () => {
    const sim = new Simulation('lossless');
    const rates = [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
    const paces = [5, 12, 24, 25, 30, 60];
    await sim.run(600, (index) => {
      const fps = paces[index % paces.length] ?? 24;
      const frames = index % 7 === 6 ? 0 : 1 + (index % 24);
      const ms = frames === 0 ? 200 : (frames * 1000) / fps;
      const channels = (index >> 2) % 2 === 0 ? 1 : 2;
      const audio = { ms, sampleRate: rates[index % rates.length] ?? 48_000, channels } as const;
      return { afterMs: 0, frames, fps, ...(index % 11 === 10 ? {} : { audio }) };
    });
    expectOrder(sim, LOSSLESS_QUEUE_MS + 6000);
    expectTogether(sim, SLACK_MS.lossless + SEEN_WITHIN_MS);
    expect(sim.offsets().length).toBeGreaterThan(400);
    await sim.close();
  });

  it('accounts for everything and keeps it together, whatever comes', async () => {
    const audio = fc.record({
      /** Of the time of its frames: slices that are too short and too long. */
      share: fc.constantFrom(1, 1, 1, 0.5, 0.97, 0.999, 1.01, 1.2, 3),
      sampleRate: fc.constantFrom(8000, 16_000, 44_100, 48_000, 96_000, 22_051),
      channels: fc.constantFrom<1 | 2>(1, 2),
    });
    const step = fc.record(
      {
        afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 3000 })),
        frames: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 60 })),
        fps: fc.constantFrom(4, 12, 24, 29.97, 60),
        audio,
      },
      { requiredKeys: ['afterMs', 'frames'] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom<DeliveryMode>('lossless', 'latest'),
        async (steps, delivery) => {
          const sim = new Simulation(delivery);
          await sim.run(steps.length, (index) => {
            const { audio: sound, ...rest } = steps[index] ?? { afterMs: 0, frames: 0 };
            if (sound === undefined) return rest;
            const ms = rest.frames === 0 ? 100 : (rest.frames * 1000) / (rest.fps ?? 24);
            return { ...rest, audio: { ...sound, ms: ms * sound.share } };
          });
          expectOrder(sim, 60_000);
          expect(sim.lateness.audio.tooLate).toBe(0);
          // Of what was too much before it, the next frame may be sent already, and the beginning of a chunk is not.
          const cut = (index: number): boolean =>
            (steps.slice(0, index).findLast(({ audio: sound }) => sound !== undefined)?.audio?.share ?? 1) > 1;
          if (delivery === 'lossless') expectTogether(sim, SLACK_MS.lossless + SEEN_WITHIN_MS, cut);
          expect(sim.audio.counts.queuedMs).toBe(0);
          expect(sim.video.counts.queued).toBe(0);
          await sim.close();
        },
      ),
      { numRuns: 60, seed: 4 },
    );
  });
});
