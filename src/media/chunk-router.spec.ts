import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chunk, DeliveryMode, EncodedPicture, PcmAudio } from '../common/index.js';
import type { AudioTrack } from './audio-track.js';
import { ChunkRouter, type ChunkRoute } from './chunk-router.js';
import type { FrameTrack } from './frame-track.js';
import { MediaClock } from './media-clock.js';

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

function setUp(delivery: DeliveryMode, has: { video?: boolean; audio?: boolean; bufferMs?: number; queueMs?: number } = {}) {
  const video = {
    enqueue: vi.fn<FrameTrack['enqueue']>(),
    skip: vi.fn<FrameTrack['skip']>(),
    rtpTimestamp: (mediaMs: number) => mediaMs * 90,
  };
  const audio = { enqueue: vi.fn<AudioTrack['enqueue']>(), skip: vi.fn<AudioTrack['skip']>() };
  const chunkRouted = vi.fn<ChunkRoute['chunkRouted']>();
  const router = new ChunkRouter(
    {
      clock: new MediaClock(performance.now(), 0),
      delivery,
      queueMs: has.queueMs,
      fps: 25,
      video: has.video === false ? undefined : (video as unknown as FrameTrack),
      audio: has.audio === false ? undefined : (audio as unknown as AudioTrack),
      chunkRouted,
    },
    has.bufferMs ?? BUFFER_MS,
  );
  return { router, video, audio, chunkRouted };
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

/** How long the router held a chunk's pipeline back, ms. */
async function waitOf(router: ChunkRouter, routed: Chunk): Promise<number> {
  const begunMs = performance.now();
  await router.route(routed, NEVER);
  return performance.now() - begunMs;
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
      [sound, 0, 'lossless'],
      [sound, 200, 'lossless'],
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

  it('tells of each chunk with metadata or controls, with the RTP time of its first picture, and of no other', async () => {
    const { router, chunkRouted, video } = setUp('lossless');
    const [words, seen, plain, controlled] = [
      chunk({ metadata: { a: 1 }, index: 7 }),
      chunk({ metadata: { b: 2 }, pictures: pictures(5) }),
      chunk({ pictures: pictures(1), index: 9 }),
      chunk({ pictures: pictures(1), appliedControls: ['c-1'] }),
    ];
    for (const routed of [words, seen, plain, controlled]) await router.route(routed, NEVER);
    expect(chunkRouted.mock.calls).toEqual([
      [words, undefined],
      [seen, 0],
      [controlled, 240 * 90],
    ]);
    expect(video.enqueue).toHaveBeenCalledTimes(3);
  });

  it('hands pictures over with what their chunk says of itself, and when they were placed', async () => {
    const { router, video } = setUp('lossless');
    await vi.advanceTimersByTimeAsync(30);
    await router.route(chunk({ pictures: pictures(1), index: 3, yieldedAtMs: 12, appliedControls: ['a', 'b'] }), NEVER);
    const origin = video.enqueue.mock.calls[0]?.[4];
    expect(origin).toEqual({ routedAtMs: performance.now(), index: 3, yieldedAtMs: 12, appliedControls: ['a', 'b'] });
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

  it('makes an interactive pipeline wait for nothing while its media fits, and then drops the oldest of picture and sound alike', async () => {
    const { router, video, audio } = setUp('latest');
    const both = chunk({ pictures: pictures(1), audio: audioOf(40) });
    for (let index = 0; index < 3; index += 1) expect(await isSettled(router.route(both, NEVER))).toBe(true);
    for (let index = 0; index < 3; index += 1) await router.route(both, NEVER);
    expect(video.skip.mock.calls.map(([skipMs]) => skipMs)).toEqual([20, 40, 40]);
    expect(audio.skip.mock.calls).toEqual(video.skip.mock.calls);
    const starts = video.enqueue.mock.calls.map(([, startMs]) => startMs);
    expect(Math.max(...starts)).toBeLessThanOrEqual(100);
    expect(audio.enqueue.mock.calls.map(([, startMs]) => startMs)).toEqual(starts);
  });

  it.each([1, 16])('holds an interactive pipeline that never waits to four times its pace, in chunks of %i', async (frames) => {
    vi.useRealTimers();
    const { router } = setUp('latest');
    const begunMs = performance.now();
    const chunks = Math.ceil(48 / frames);
    for (let index = 0; index < chunks; index += 1) await router.route(chunk({ pictures: pictures(frames) }), NEVER);
    // The queue takes the first frames at once. A timer may fire up to a millisecond early, each time.
    expect(performance.now() - begunMs).toBeGreaterThan(((chunks - 3) * frames * 40) / 4 - chunks);
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

  it('takes the policy of a chunk before that of the service, and that before what is usual', async () => {
    vi.useRealTimers();
    const { router } = setUp('latest', { queueMs: 880 });
    const waited = await waitOf(router, chunk({ pictures: pictures(25), delivery: 'lossless', queueMs: 2000 }));
    expect(waited).toBeLessThan(30);
    // 1040 ms of media wait: 160 ms more than the service allows.
    expect(await waitOf(router, chunk({ pictures: pictures(1), delivery: 'lossless' }))).toBeGreaterThan(120);
    expect(await waitOf(router, chunk({ pictures: pictures(1) }))).toBeLessThan(30);
  });

  it('uses the usual queue of the delivery that a chunk asks for', async () => {
    const { router } = setUp('latest');
    expect(await isSettled(router.route(chunk({ pictures: pictures(25), delivery: 'lossless' }), NEVER))).toBe(true);
    const { router: other, video } = setUp('lossless');
    for (let index = 0; index < 6; index += 1) await other.route(chunk({ pictures: pictures(1), delivery: 'latest' }), NEVER);
    expect(video.skip.mock.calls.map(([skipMs]) => skipMs)).toEqual([20, 40, 40]);
  });

  it('takes a chunk that is longer than the queue whole, and always allows one frame', async () => {
    vi.useRealTimers();
    const { router, video } = setUp('lossless', { queueMs: 0 });
    expect(await waitOf(router, chunk({ pictures: pictures(1) }))).toBeLessThan(30);
    const waited = await waitOf(router, chunk({ pictures: pictures(4) }));
    expect(video.enqueue.mock.calls[1]?.[0]).toHaveLength(4);
    expect(waited).toBeGreaterThan(130);
    expect(waited).toBeLessThan(400);
  });

  it('queues no more than 256 MiB, however many milliseconds may wait', async () => {
    vi.useRealTimers();
    const { router } = setUp('lossless', { queueMs: 60_000 });
    const large = chunk({ pictures: [{ kind: 'encoded', data: new Uint8Array(128 * 1024 * 1024) }], fps: 10 });
    expect(await waitOf(router, large)).toBeLessThan(60);
    expect(await waitOf(router, large)).toBeLessThan(60);
    expect(await waitOf(router, large)).toBeGreaterThan(60);
  });

  it('keeps a producer that is twice too fast within its queue, and says what had to go', async () => {
    const { router, video, audio } = setUp('latest', { queueMs: 200 });
    const frameMs = 40;
    let skippedMs = 0;
    for (let index = 0; index < 500; index += 1) {
      const nowMs = index * (frameMs / 2);
      await router.route(chunk({ pictures: pictures(1), audio: audioOf(frameMs) }), NEVER);
      const [, startMs = 0] = video.enqueue.mock.calls.at(-1) ?? [];
      expect(startMs - nowMs).toBeLessThanOrEqual(200);
      await vi.advanceTimersByTimeAsync(frameMs / 2);
    }
    for (const [skipMs] of video.skip.mock.calls) skippedMs += skipMs;
    expect(audio.skip.mock.calls).toEqual(video.skip.mock.calls);
    // Of 20 s of media that came in 10 s, all but the queue plays or goes.
    expect(20_000 - skippedMs).toBeGreaterThan(10_000);
    expect(20_000 - skippedMs).toBeLessThanOrEqual(10_000 + 200 + frameMs);
  });
});
