import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AiortcClient, type FrameEvent, type SoundEvent, type Yuv } from './aiortc-client.js';
import { ServerUnderTest } from './server-under-test.js';

/** Geometry of the clip: scripts/make-clip.mjs. */
const CLIP = { width: 832, height: 480, fps: 24, frames: 240 };
const PATCHES = {
  red: [200, 48, 48],
  green: [48, 160, 72],
  blue: [48, 80, 200],
  grey: [128, 128, 128],
  white: [235, 235, 235],
} as const;
const PATCH_PROBES = {
  red: [36, 416, 40, 32],
  green: [132, 416, 40, 32],
  blue: [228, 416, 40, 32],
  grey: [324, 416, 40, 32],
  white: [516, 416, 40, 32],
} as const;
const BEEP_HZ = 1000;
/** The clip's beep has an amplitude of 0.316 (−10 dBFS); half of it is between silence and sound. */
const BEEP_THRESHOLD = 0.158;
const COLOUR_TOLERANCE = 5;
const LIP_SYNC_MS = 60;

/** RGB in limited-range BT.601, which is what a video decoder gives. */
function toYuv([r, g, b]: readonly [number, number, number]): Yuv {
  return [
    16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255,
    128 + (-37.797 * r - 74.203 * g + 112 * b) / 255,
    128 + (112 * r - 93.786 * g - 18.214 * b) / 255,
  ];
}

/** How far each frame's counter is ahead of the one before; frames without a readable counter count as a failure. */
function counterSteps(frames: readonly FrameEvent[]): number[] {
  return frames.slice(1).map(({ counter }, i) => {
    const before = frames[i]?.counter ?? null;
    return counter === null || before === null ? Number.NaN : (counter - before + CLIP.frames) % CLIP.frames;
  });
}

/** Stream times at which the beep begins, ms. */
function beepStarts(sounds: readonly SoundEvent[]): number[] {
  const loud = sounds.map(({ pts, tones }) => ({ ms: pts / 48, on: (tones[String(BEEP_HZ)]?.[0] ?? 0) > BEEP_THRESHOLD }));
  return loud.filter(({ on }, i) => on && loud[i - 1]?.on !== true).map(({ ms }) => ms);
}

describe('server push to aiortc', () => {
  let server: ServerUnderTest;

  beforeAll(async () => {
    server = await ServerUnderTest.start('pipelines/video-replay');
  });
  afterEach(async () => server.idle());
  afterAll(async () => server[Symbol.asyncDispose]());

  it.each(['H264', 'VP8'] as const)(
    'plays the clip in the right size, colours and pace over %s, with sound in step',
    async (codec) => {
      await using client = AiortcClient.start({
        server: server.url,
        offer: { task: 't2v', prompt: 'a lake', duration_s: 10 },
        videoCodec: codec,
        probes: PATCH_PROBES,
        tones: [BEEP_HZ],
      });
      await client.session();
      const answer = client.all('session')[0]?.answer;
      expect(answer).toContain(`${codec}/90000`);
      const frames = await client.framesOf(3);

      expect(frames.length).toBeGreaterThanOrEqual(3 * 20);
      expect(new Set(frames.map(({ width, height }) => `${width}x${height}`))).toEqual(new Set(['832x480']));
      expect(frames[0]?.counter).toBeLessThanOrEqual(2);
      const steps = counterSteps(frames);
      expect(Math.min(...steps)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...steps)).toBeLessThanOrEqual(3);
      // The RTP time of a frame is its place in the stream, whenever it was sent.
      const origin = frames[0]!;
      for (const { pts, counter } of frames) {
        expect((pts - origin.pts) / 90_000).toBeCloseTo((counter! - origin.counter!) / CLIP.fps, 3);
      }
      for (const [name, rgb] of Object.entries(PATCHES)) {
        const seen = frames.at(-1)?.probes[name] ?? [0, 0, 0];
        toYuv(rgb).forEach((value, i) =>
          expect(Math.abs(seen[i]! - value), `${name}: ${seen.join(', ')}`).toBeLessThan(COLOUR_TOLERANCE),
        );
      }

      // It beeps when it flashes: as the counter passes each full second.
      const starts = await client.until('two beeps', () => beepStarts(client.sounds).length >= 2 && beepStarts(client.sounds));
      const flash = frames.find(({ counter }) => counter! >= CLIP.fps)!;
      const flashMs = flash.pts / 90 - ((flash.counter! - CLIP.fps) * 1000) / CLIP.fps;
      const distances = starts.map((start) => Math.abs(start - flashMs));
      expect(Math.min(...distances), `beeps at ${starts.join(', ')} ms, flash at ${flashMs} ms`).toBeLessThan(LIP_SYNC_MS);
      expect(await client.delete()).toBe(200);
    },
  );

  it('prefers H.264 when both are offered', async () => {
    await using client = AiortcClient.start({ server: server.url, offer: { task: 't2v', duration_s: 5 } });
    await client.until('a picture', () => client.frames[0]);
    const payloadTypes = /^m=video \d+ \S+ (\d+)/m.exec(client.all('session')[0]?.answer ?? '')?.[1];
    expect(client.all('session')[0]?.answer).toContain(`a=rtpmap:${payloadTypes} H264/90000`);
    expect(await client.delete()).toBe(200);
  });

  it('describes each chunk and the end on the channel that the client made, and ends the tracks', async () => {
    await using client = AiortcClient.start({
      server: server.url,
      offer: { task: 't2v', prompt: 'a lake', duration_s: 2 },
      channel: 'telefuser',
    });
    const sessionId = await client.session();
    await client.ended();

    const chunks = client.messages('chunk');
    expect(chunks.map(({ index }) => index)).toEqual([0, 1]);
    expect(chunks[0]).toMatchObject({
      session_id: sessionId,
      data: { num_frames: 32, fps: 24, resolution: '832x480', prompt: 'a lake' },
    });
    for (const { data } of chunks) {
      for (const key of ['frames', 'frames_b64', 'audio', 'audio_b64']) expect(data).not.toHaveProperty(key);
    }
    expect(client.messages('done')).toEqual([
      { type: 'done', session_id: sessionId, total_chunks: 2, timestamp: expect.any(Number) as number },
    ]);
    expect(new Set(client.all('ended').map(({ kind }) => kind))).toEqual(new Set(['audio', 'video']));
    // All 48 pictures but the last, which aiortc only shows when another one follows.
    expect(client.frames.length).toBeGreaterThanOrEqual(46);
    expect(client.frames.at(-1)?.counter).toBeGreaterThanOrEqual(46);
    expect(await server.closeReason(sessionId)).toBe('completed');
  });

  it('sees the end of the stream without a channel', async () => {
    await using client = AiortcClient.start({ server: server.url, offer: { task: 't2v', duration_s: 1 } });
    const sessionId = await client.session();
    await client.ended();
    expect(client.frames.length).toBeGreaterThanOrEqual(22);
    expect(await server.closeReason(sessionId)).toBe('completed');
  });

  it('stops at once on DELETE, and knows the session no more', async () => {
    await using client = AiortcClient.start({
      server: server.url,
      offer: { task: 't2v', duration_s: 60, session_id: 'to-delete' },
    });
    await client.until('a picture', () => client.frames[0]);
    expect(await client.delete()).toBe(200);
    await client.ended();
    expect(await server.status('to-delete')).toMatchObject({ status: 'unknown', close_reason: 'client_delete' });
    expect(await client.delete()).toBe(404);
  });

  it('stops when the client closes its connection', async () => {
    const client = AiortcClient.start({ server: server.url, offer: { task: 't2v', duration_s: 60 } });
    await client.until('a picture', () => client.frames[0]);
    const sessionId = await client.session();
    await client[Symbol.asyncDispose]();
    expect(await server.closeReason(sessionId)).toBe('connection_closed');
  });

  it('stops on a stop message', async () => {
    await using client = AiortcClient.start({ server: server.url, offer: { task: 't2v', duration_s: 60 }, channel: 'telefuser' });
    await client.channel('open');
    await client.until('a picture', () => client.frames[0]);
    client.send({ type: 'stop' });
    await client.ended();
    expect(await server.closeReason(await client.session())).toBe('client_stop');
  });

  it('plays only sound, or only pictures, when no more is asked for', async () => {
    await using listener = AiortcClient.start({
      server: server.url,
      offer: { task: 't2v', duration_s: 5 },
      video: 'none',
      tones: [BEEP_HZ],
    });
    await listener.until('a beep', () => beepStarts(listener.sounds)[0] !== undefined);
    expect(await listener.delete()).toBe(200);
    await using viewer = AiortcClient.start({ server: server.url, offer: { task: 't2v', duration_s: 5 }, audio: 'none' });
    await viewer.until('a second of pictures', () => viewer.frames.length >= CLIP.fps);
    expect(await viewer.delete()).toBe(200);
  });
});
