import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chunk, DeliveryMode, PcmAudio } from '../common/index.js';
import { AudioTrack } from './audio-track.js';
import { ChunkRouter } from './chunk-router.js';
import { FrameTrack } from './frame-track.js';
import { MediaClock } from './media-clock.js';
import { MAX_LATENESS_MS } from './media-timeline.js';
import { VideoEncoders } from './video-encoders.js';
import type { OutboundRtp, SendOptions, SendResult } from './webrtc/index.js';

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
const LOSSLESS_QUEUE_MS = 1000;
const FRAME_MS = 20;
/** Sound leaves so much before its time. */
const LEAD_MS = 20;
/** How far sound may be from the picture it came with, by the delivery of its chunk. */
const SLACK_MS = { lossless: 10, latest: 25 };
/** A track whose queue jams may show a picture of `latest` this much after its place. */
const CROWDED_MS = 10;
/** Within which a change of level can be seen: edges take 2.5 ms, a resampler at 8 kHz 2 ms. */
const SEEN_WITHIN_MS = 3;
/** Levels by which chunks are told apart in the sound. */
const LEVELS = 12;
const LEVEL_STEP = 2000;

interface Step extends Omit<Chunk, 'metadata' | 'pictures' | 'audio'> {
  readonly afterMs: number;
  readonly frames: number;
  readonly audio?: { readonly ms: number; readonly sampleRate: number; readonly channels: 1 | 2 };
}

function levelOf(index: number): number {
  return LEVEL_STEP * (1 + (index % LEVELS));
}

const sounds = new Map<string, PcmAudio>();

/** Sound of one level. The same chunk is not made twice: an hour has many. */
function soundOf(index: number, { ms, sampleRate, channels }: NonNullable<Step['audio']>): PcmAudio {
  const samples = Math.round((ms * sampleRate) / 1000) * channels;
  const key = `${index % LEVELS} ${samples} ${sampleRate} ${channels}`;
  const data = sounds.get(key)?.data ?? new Uint8Array(new Int16Array(samples).fill(levelOf(index)).buffer);
  const sound = { data, sampleRate, channels };
  sounds.set(key, sound);
  return sound;
}

function pictureOf(index: number, frame: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(index, frame).buffer);
}

/** Finds in the sound where each chunk begins, by its level. */
class Ear {
  readonly heardAtMs = new Map<number, number>();
  private level = 0;
  private run = 0;
  private runFromMs = 0;
  private last = -1;

  hear(packet: Buffer & { readonly channels?: number }, mediaMs: number): void {
    const { channels = 1 } = packet;
    const samples = new Int16Array(packet.buffer as ArrayBuffer, packet.byteOffset, packet.byteLength / 2);
    for (let index = 0; index < samples.length; index += channels) {
      const level = Math.round((samples[index] ?? 0) / LEVEL_STEP);
      if (level !== this.level) {
        this.level = level;
        this.run = 0;
        this.runFromMs = mediaMs + index / channels / 48;
      }
      this.run += 1;
      // A level that stays is a chunk's; one that is passed on the way to another is not.
      if (this.run === 96 && level > 0) this.found(level - 1);
    }
  }

  /** @param residue the chunk's index modulo the number of levels. */
  private found(residue: number): void {
    const ahead = (residue - this.last + LEVELS * (1 + Math.abs(this.last))) % LEVELS;
    if (ahead === 0 && this.last >= 0) return;
    this.last += ahead;
    this.heardAtMs.set(this.last, this.runFromMs);
  }
}

/** A stream's RTP times as media times. They wrap; the simulation counts on. */
function mediaTimes(ticksAMs: number): (timestamp: number, first: number) => number {
  let last: number | undefined;
  let ticks = 0;
  return (timestamp, first) => {
    ticks += (timestamp - (last ?? first)) | 0;
    last = timestamp;
    return ticks / ticksAMs;
  };
}

/** One session: a pipeline's chunks go in, and what leaves for the network is seen and heard. */
class Simulation {
  /** How much after its media time the earliest picture and packet left, and how many left too late. */
  readonly lateness = { video: { leastMs: 0, tooLate: 0 }, audio: { leastMs: 0, tooLate: 0 } };
  /** Media time at which the first picture of each chunk is seen, reckoned from the first that was sent. */
  readonly seenAtMs = new Map<number, number>();
  readonly video: FrameTrack;
  readonly audio: AudioTrack;
  private readonly ear = new Ear();
  private readonly originMs = performance.now();
  private readonly router: ChunkRouter;
  private readonly frameMs: number[] = [];
  private sentFrames = 0;
  private givenMs = 0;
  private givenFrames = 0;
  private mostQueuedMs = 0;

  constructor(delivery: DeliveryMode) {
    const clock = new MediaClock(this.originMs, 0);
    const [videoTime, audioTime] = [mediaTimes(90), mediaTimes(48)];
    const seen = (data: Buffer, timestamp: number): void => this.see(data, videoTime(timestamp, this.video.rtpTimestamp(0)));
    const heard = (data: Buffer, timestamp: number): void => this.hear(data, audioTime(timestamp, this.audio.rtpTimestamp(0)));
    const stream = (codec: string, clockRate: number, send: typeof seen): OutboundRtp =>
      ({
        codec,
        clockRate,
        queuedMs: 0,
        send: (data: Buffer, timestamp: number, { onSent }: SendOptions = {}): SendResult => {
          send(data, timestamp);
          onSent?.(performance.now());
          return 'queued';
        },
      }) as unknown as OutboundRtp;
    this.video = new FrameTrack(
      stream('VP8', 90_000, seen),
      clock,
      { bitrate: 1_000_000 },
      { pictureRefused: () => undefined, pictureSent: () => undefined },
      { codec: 'VP8', profile: 'latency', h264Profile: 'baseline', intraRefreshSeconds: 0 },
      new VideoEncoders(['VP8'], 'off'),
    );
    this.audio = new AudioTrack(stream('OPUS', 48_000, heard), clock);
    const { video, audio } = this;
    this.router = new ChunkRouter({ clock, delivery, fps: 24, video, audio, chunkRouted: () => undefined }, LOSSLESS_QUEUE_MS);
  }

  nowMs(): number {
    return performance.now() - this.originMs;
  }

  figures() {
    const { givenMs, givenFrames, sentFrames, mostQueuedMs } = this;
    return { givenMs, givenFrames, sentFrames, mostQueuedMs };
  }

  /** How much later than its picture the sound of each chunk is, of which both came. */
  offsets(): { index: number; ms: number }[] {
    return [...this.ear.heardAtMs].flatMap(([index, atMs]) => {
      const seenAtMs = this.seenAtMs.get(index);
      return seenAtMs === undefined ? [] : [{ index, ms: atMs - seenAtMs }];
    });
  }

  /** Time goes on, and nothing of this process does. */
  standStill(durationMs: number): void {
    if (durationMs > 0) vi.advanceTimersByTime(durationMs);
  }

  /** A pipeline that makes `count` chunks, one after the other as it is let; then everything plays. */
  async run(count: number, stepOf: (index: number) => Step): Promise<void> {
    const work = (async () => {
      for (let index = 0; index < count; index += 1) await this.route(index, stepOf(index));
      await Promise.all([this.video.drained(), this.audio.drained()]);
    })();
    const state = { done: false };
    void work.finally(() => (state.done = true));
    for (let idle = 0; !state.done && idle < 1000; idle += 1) {
      await turn();
      if (state.done || vi.getTimerCount() === 0) continue;
      vi.advanceTimersToNextTimer();
      idle = 0;
    }
    if (!state.done) throw new Error('nothing happens any more');
    await work;
  }

  async close(): Promise<void> {
    await Promise.all([this.video.close(), this.audio.close()]);
  }

  private async route(index: number, { afterMs, frames, audio, ...rest }: Step): Promise<void> {
    if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
    this.frameMs[index] = 1000 / (rest.fps ?? 24);
    const sound = audio === undefined ? undefined : soundOf(index, audio);
    this.givenFrames += frames;
    if (sound !== undefined) this.givenMs += sound.data.length / 2 / sound.channels / (sound.sampleRate / 1000);
    const pictures = Array.from({ length: frames }, (_, frame) => ({ kind: 'encoded', data: pictureOf(index, frame) }) as const);
    await this.router.route(
      { ...rest, metadata: {}, index, pictures, ...(sound === undefined ? {} : { audio: sound }) },
      new AbortController().signal,
    );
    this.mostQueuedMs = Math.max(this.mostQueuedMs, this.audio.counts.queuedMs);
  }

  private see(data: Buffer, mediaMs: number): void {
    this.sentFrames += 1;
    this.note(this.lateness.video, mediaMs);
    const [index, frame] = [data.readUInt32LE(0), data.readUInt32LE(4)];
    if (!this.seenAtMs.has(index)) this.seenAtMs.set(index, mediaMs - frame * (this.frameMs[index] ?? 0));
  }

  private hear(data: Buffer, mediaMs: number): void {
    this.note(this.lateness.audio, mediaMs);
    this.ear.hear(data, mediaMs);
  }

  private note(lateness: { leastMs: number; tooLate: number }, mediaMs: number): void {
    const lateMs = this.nowMs() - mediaMs;
    lateness.leastMs = Math.min(lateness.leastMs, lateMs);
    if (lateMs > MAX_LATENESS_MS + 1) lateness.tooLate += 1;
  }
}

function simulate(delivery: DeliveryMode): Simulation {
  return new Simulation(delivery);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  const timersLeft = vi.getTimerCount();
  vi.useRealTimers();
  if (timersLeft > 0) throw new Error(`${timersLeft} timers are left`);
});

/** What holds whatever a pipeline does: everything is accounted for, sent in its time, and bounded. */
function expectOrder(sim: Simulation, maxQueuedMs: number): void {
  const { givenMs, givenFrames, mostQueuedMs, sentFrames } = sim.figures();
  const sound = sim.audio.counts;
  expect(Math.abs(sound.receivedMs - givenMs)).toBeLessThan(1 + givenMs * 1e-4);
  expect(sum(sound.droppedMs) + sound.sentMs + sound.queuedMs).toBeCloseTo(sound.receivedMs, 3);
  // Every millisecond of every packet came from the pipeline or is counted as silence.
  expect(sound.sentMs + sound.silenceMs).toBeCloseTo(sound.sentFrames * FRAME_MS, 3);
  const pictures = sim.video.counts;
  expect(pictures.received).toBe(givenFrames);
  expect(pictures.sent).toBe(sentFrames);
  expect(pictures.sent + sum(pictures.dropped) + pictures.queued).toBe(givenFrames);
  expect(mostQueuedMs).toBeLessThanOrEqual(maxQueuedMs);
  const { audio, video } = sim.lateness;
  expect(audio.leastMs).toBeGreaterThanOrEqual(-LEAD_MS - 1);
  expect(video.leastMs).toBeGreaterThanOrEqual(-1);
}

/** @param except chunks whose beginning was not sent. */
function expectTogether(sim: Simulation, withinMs: number, except: (index: number) => boolean = () => false): void {
  const apart = sim.offsets().filter(({ index, ms }) => Math.abs(ms) > withinMs && !except(index));
  expect(apart).toEqual([]);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** The same from 0 to 1 each time. */
function seeded(): () => number {
  let state = 5;
  return () => (state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff) / 0x7fff_ffff;
}

describe('media of a session in simulated time', { timeout: 120_000 }, () => {
  it('plays an hour of bursts without losing a frame, a sample or a millisecond', async () => {
    const sim = simulate('lossless');
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
    const sim = simulate('lossless');
    // Five frames of 24 a second last 208.33 ms.
    const ms = 5000 / 24;
    await sim.run(HOUR_MS / ms, () => ({ afterMs: 0, frames: 5, audio: { ms: 208.3, sampleRate: 8000, channels: 1 } }));
    expectOrder(sim, LOSSLESS_QUEUE_MS + 200);
    expectTogether(sim, SLACK_MS.lossless + SEEN_WITHIN_MS);
    expect(sim.seenAtMs.get(17_279)).toBeCloseTo(HOUR_MS - ms, 0);
    await sim.close();
  });

  it('keeps an hour of interactive media together, whose frames come early, late and in jams', async () => {
    const sim = simulate('latest');
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
    const sim = simulate(delivery);
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
    const sim = simulate('lossless');
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
          const sim = simulate(delivery);
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
