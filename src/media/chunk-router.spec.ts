import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chunk, EncodedPicture, PcmAudio } from '../common/index.js';
import type { AudioTrack } from './audio-track.js';
import { ChunkRouter } from './chunk-router.js';
import type { FrameTrack } from './frame-track.js';
import { MediaClock } from './media-clock.js';
import type { QueuePolicy } from './media-timeline.js';

const BUFFER_MS = 1000;
const PICTURE: EncodedPicture = { kind: 'encoded', data: new Uint8Array() };
const NEVER = new AbortController().signal;

function pictures(count: number): EncodedPicture[] {
  return Array.from({ length: count }, () => PICTURE);
}

/** Silent 48 kHz stereo. */
function audioOf(durationMs: number): PcmAudio {
  return { data: new Uint8Array(durationMs * 48 * 4), sampleRate: 48_000, channels: 2 };
}

function chunk(parts: Partial<Chunk>): Chunk {
  return { pictures: [], metadata: {}, ...parts };
}

function setUp(policy: QueuePolicy, has: { video?: boolean; audio?: boolean; bufferMs?: number } = {}) {
  const video = { enqueue: vi.fn<FrameTrack['enqueue']>(), skip: vi.fn<FrameTrack['skip']>() };
  const audio = { enqueue: vi.fn<AudioTrack['enqueue']>(), skip: vi.fn<AudioTrack['skip']>() };
  const metadata = vi.fn<(metadata: Readonly<Record<string, unknown>>, index: number | undefined) => void>();
  const router = new ChunkRouter(
    {
      clock: new MediaClock(performance.now(), 0),
      policy,
      fps: 25,
      video: has.video === false ? undefined : (video as unknown as FrameTrack),
      audio: has.audio === false ? undefined : (audio as unknown as AudioTrack),
      metadata,
    },
    has.bufferMs ?? BUFFER_MS,
  );
  return { router, video, audio, metadata };
}

/** Whether a promise has settled once everything that can run now has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await vi.advanceTimersByTimeAsync(0);
  return settled;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('ChunkRouter', () => {
  it('places pictures and sound of a chunk at the same media time, one chunk behind the other', async () => {
    const { router, video, audio } = setUp('lossless');
    const sound = audioOf(200);
    await router.route(chunk({ pictures: pictures(5), audio: sound }), NEVER);
    await router.route(chunk({ pictures: pictures(5), audio: sound }), NEVER);
    expect(video.enqueue.mock.calls.map(([list, startMs, frameMs]) => [list.length, startMs, frameMs])).toEqual([
      [5, 0, 40],
      [5, 200, 40],
    ]);
    expect(audio.enqueue.mock.calls).toEqual([
      [sound, 0],
      [sound, 200],
    ]);
  });

  it('takes the pace of a chunk before that of the session', async () => {
    const { router, video } = setUp('lossless');
    await router.route(chunk({ pictures: pictures(5), fps: 10 }), NEVER);
    await router.route(chunk({ pictures: pictures(1) }), NEVER);
    expect(video.enqueue.mock.calls.map(([, startMs, frameMs]) => [startMs, frameMs])).toEqual([
      [0, 100],
      [500, 40],
    ]);
  });

  it('gives the next chunk the time of its pictures, not of its sound, and that of its sound if it has no pictures', async () => {
    const { router, audio } = setUp('lossless');
    await router.route(chunk({ pictures: pictures(5), audio: audioOf(150) }), NEVER);
    await router.route(chunk({ audio: audioOf(300) }), NEVER);
    await router.route(chunk({ audio: audioOf(20) }), NEVER);
    expect(audio.enqueue.mock.calls.map(([, startMs]) => startMs)).toEqual([0, 200, 500]);
  });

  it('hands metadata on with its index, and none that is empty', async () => {
    const { router, metadata, video } = setUp('lossless');
    await router.route(chunk({ metadata: { a: 1 }, index: 7 }), NEVER);
    await router.route(chunk({ metadata: { b: 2 } }), NEVER);
    await router.route(chunk({ pictures: pictures(1), index: 9 }), NEVER);
    expect(metadata.mock.calls).toEqual([
      [{ a: 1 }, 7],
      [{ b: 2 }, undefined],
    ]);
    expect(video.enqueue).toHaveBeenCalledTimes(1);
  });

  it('counts chunks with pictures, and pictures nobody takes', async () => {
    const { router } = setUp('lossless', { video: false, audio: false });
    await router.route(chunk({ pictures: pictures(3) }), NEVER);
    await router.route(chunk({ audio: audioOf(20) }), NEVER);
    await router.route(chunk({ metadata: { a: 1 } }), NEVER);
    await router.route(chunk({ pictures: pictures(2), audio: audioOf(20) }), NEVER);
    expect(router.routedVideoChunks).toBe(2);
    expect(router.untrackedFrames).toBe(5);
  });

  it('holds a lossless pipeline back while more than the buffer waits, and not longer', async () => {
    vi.useRealTimers();
    const { router } = setUp('lossless', { bufferMs: 60 });
    const begunMs = performance.now();
    await router.route(chunk({ pictures: pictures(1) }), NEVER);
    expect(performance.now() - begunMs).toBeLessThan(30);
    await router.route(chunk({ pictures: pictures(4) }), NEVER);
    const tookMs = performance.now() - begunMs;
    expect(tookMs).toBeGreaterThan(135);
    expect(tookMs).toBeLessThan(300);
  });

  it('holds a fast lossless pipeline to its pace', async () => {
    vi.useRealTimers();
    const { router, video } = setUp('lossless', { bufferMs: 100 });
    const begunMs = performance.now();
    for (let index = 0; index < 100; index += 1) await router.route(chunk({ pictures: pictures(1), fps: 240 }), NEVER);
    expect(performance.now() - begunMs).toBeGreaterThan(310);
    const starts = video.enqueue.mock.calls.map(([, startMs]) => startMs);
    starts.slice(1).forEach((startMs, index) => expect(startMs).toBeGreaterThanOrEqual((starts[index] ?? 0) + 1000 / 240 - 1e-6));
  });

  it('places a late chunk now, with its sound', async () => {
    const { router, video, audio } = setUp('lossless');
    await router.route(chunk({ pictures: pictures(1), audio: audioOf(40) }), NEVER);
    await vi.advanceTimersByTimeAsync(3000);
    await router.route(chunk({ pictures: pictures(1), audio: audioOf(40) }), NEVER);
    expect(video.enqueue.mock.calls.at(-1)?.[1]).toBe(3000);
    expect(audio.enqueue.mock.calls.at(-1)?.[1]).toBe(3000);
  });

  it('never makes an interactive pipeline wait, and drops the oldest of picture and sound alike instead', async () => {
    const { router, video, audio } = setUp('latest');
    for (let index = 0; index < 6; index += 1) {
      expect(await isSettled(router.route(chunk({ pictures: pictures(1), audio: audioOf(40) }), NEVER))).toBe(true);
    }
    expect(video.skip.mock.calls.map(([skipMs]) => skipMs)).toEqual([20, 40, 40]);
    expect(audio.skip.mock.calls).toEqual(video.skip.mock.calls);
    const starts = video.enqueue.mock.calls.map(([, startMs]) => startMs);
    expect(Math.max(...starts)).toBeLessThanOrEqual(100);
    expect(audio.enqueue.mock.calls.map(([, startMs]) => startMs)).toEqual(starts);
  });

  it('stops waiting when it is aborted, and leaves no timer', async () => {
    const { router } = setUp('lossless');
    const aborter = new AbortController();
    const route = router.route(chunk({ pictures: pictures(100) }), aborter.signal);
    const outcome = route.catch((error: unknown) => error);
    aborter.abort(new Error('closed'));
    expect(await outcome).toMatchObject({ name: 'AbortError', cause: { message: 'closed' } });
    expect(vi.getTimerCount()).toBe(0);
  });
});
