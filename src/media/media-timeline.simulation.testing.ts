/** A session's media in simulated time: a pipeline's chunks go in, and what leaves for the network is seen and heard. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { Chunk, DeliveryMode, PcmAudio } from '../common/index.js';
import { AudioTrack } from './audio-track.js';
import { ChunkRouter } from './chunk-router.js';
import { FrameTrack } from './frame-track.js';
import { MediaClock } from './media-clock.js';
import { MAX_LATENESS_MS } from './media-timeline.js';
import { VideoEncoders } from './video-encoders.js';
import type { OutboundRtp, SendOptions, SendResult } from './webrtc/index.js';

export const LOSSLESS_QUEUE_MS = 1000;
export const FRAME_MS = 20;
/** Sound leaves so much before its time. */
const LEAD_MS = 20;
/** How far sound may be from the picture it came with, by the delivery of its chunk. */
export const SLACK_MS = { lossless: 10, latest: 25 };
/** A track whose queue jams may show a picture of `latest` this much after its place. */
export const CROWDED_MS = 10;
/** Within which a change of level can be seen: edges take 2.5 ms, a resampler at 8 kHz 2 ms. */
export const SEEN_WITHIN_MS = 3;
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
export class Simulation {
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

/** What holds whatever a pipeline does: everything is accounted for, sent in its time, and bounded. */
export function expectOrder(sim: Simulation, maxQueuedMs: number): void {
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
export function expectTogether(sim: Simulation, withinMs: number, except: (index: number) => boolean = () => false): void {
  const apart = sim.offsets().filter(({ index, ms }) => Math.abs(ms) > withinMs && !except(index));
  expect(apart).toEqual([]);
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Declares for the tests of a file that time is simulated. */
export function simulateTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    const timersLeft = vi.getTimerCount();
    vi.useRealTimers();
    if (timersLeft > 0) throw new Error(`${timersLeft} timers are left`);
  });
}
