import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { SessionRegistry } from '#server/sessions/session-registry.service.js';
import type { ViewerStats } from '#server/media/index.js';
import { waitFor } from '../support/condition.ts';
import { CommandProcess, shippedPipeline, testPipeline, TestServer } from '../support/server.ts';
import { counterOf, WATCH, WeriftClient, type ChannelMessage } from '../support/werift-client.ts';
import type { Step } from '../pipelines/chunk-script.ts';

const FPS = 24;
const FRAME_TICKS = 90_000 / FPS;
/** Small, so that the machine has time for the rest. */
const SIZE = { width: 208, height: 120 };

/** Differences between the RTP timestamps of successive pictures, in frames. */
function steps(client: WeriftClient, perFrame = FRAME_TICKS): number[] {
  const stamps = client.video.accessUnits().map(({ timestamp }) => timestamp);
  return stamps.slice(1).map((stamp, index) => ((stamp - (stamps[index] ?? 0)) >>> 0) / perFrame);
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

describe('delivery of the test pattern', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(shippedPipeline('test-pattern'));
  });
  afterEach(async () => {
    await server.idle();
  });
  afterAll(async () => {
    await server.close();
  });

  const watch = (fields: Readonly<Record<string, unknown>>): Promise<WeriftClient> =>
    WeriftClient.connect(server.api, WATCH, { ...SIZE, ...fields });

  /** What became of the media of an open session. */
  function statsOf({ sessionId }: WeriftClient): ViewerStats {
    const session = server.server.app.get(SessionRegistry, { strict: false }).get(sessionId);
    if (session === undefined) throw new Error(`session ${sessionId} is not open`);
    // The viewer is the session's own; nobody but its log is told of these counts yet.
    return (session as unknown as { viewer: { stats: ViewerStats } }).viewer.stats;
  }

  it('plays a burst of 64 frames every 2.67 s evenly', async () => {
    await using client = await watch({ frames_per_chunk: 64, speed: 1, duration_s: (4 * 64) / FPS });
    await client.message('done', ({ type }) => type === 'done', 20_000);
    expect(await server.api.closeReason(client.sessionId)).toBe('completed');
    // All of it came, in order, and nothing was held longer than a frame and a half once the second burst was there.
    expect((await client.video.pictures()).map(counterOf)).toEqual(Array.from({ length: 256 }, (_, index) => index));
    expect(Math.max(...steps(client).slice(64))).toBeLessThanOrEqual(1.5);
    // The clock of the media is the wall's: 192 frames are 8 s.
    const arrivals = client.video.accessUnits().map(({ arrivedMs }) => arrivedMs);
    expect((191 * 1000) / ((arrivals.at(-1) ?? 0) - (arrivals[64] ?? 0))).toBeCloseTo(FPS, 0);
  }, 40_000);

  it('keeps a producer that is twice too fast within its latency, and accounts for every frame and every millisecond', async () => {
    const queueMs = 200;
    await using client = await watch({ delivery: 'latest', queue_ms: queueMs, speed: 2, duration_s: 10 });
    const isChunk = ({ type }: ChannelMessage): boolean => type === 'chunk';
    // Ten seconds of media come in five.
    await waitFor('all the chunks', () => client.messages.filter(isChunk).length === 10 * FPS, 15_000);
    const { video, audio } = statsOf(client);
    if (video === undefined || audio === undefined) throw new Error('the session has no media');
    expect(video.received).toBe(10 * FPS);
    expect(video.sent + sum(video.dropped) + video.queued).toBe(video.received);
    expect(video.dropped.superseded).toBeGreaterThan(0.4 * video.received);
    expect(audio.receivedMs).toBeCloseTo(10_000, 3);
    expect(audio.sentMs + sum(audio.droppedMs) + audio.queuedMs).toBeCloseTo(audio.receivedMs, 3);
    expect(audio.droppedMs.superseded).toBeGreaterThan(0.4 * audio.receivedMs);

    await client.message('done', ({ type }) => type === 'done');
    const madeAt = client.messages.filter(isChunk).map(({ data }) => Number(data?.['timestamp']) * 1000);
    const counters = (await client.video.pictures()).map(counterOf);
    const latencies = client.video.accessUnits().flatMap(({ arrivedMs }, index) => {
      const counter = counters[index];
      return counter === undefined ? [] : [arrivedMs - (madeAt[counter] ?? Number.NaN)];
    });
    expect(latencies.length).toBeGreaterThanOrEqual(5 * FPS - 5);
    latencies.sort((one, other) => one - other);
    // A queue of 200 ms, the frame's own time in the pipe and the codec, and what a busy machine adds to some.
    expect(latencies[Math.floor(latencies.length * 0.9)]).toBeLessThanOrEqual(queueMs + 50);
    // What is shown is the pace it plays at: frames have their own time, and are not held. A busy machine may be late for a few.
    const paces = steps(client);
    expect(paces.filter((step) => step > 0.4 && step < 1.6).length).toBeGreaterThanOrEqual(0.9 * paces.length);
    await server.api.closeReason(client.sessionId);
  }, 30_000);

  it('holds a producer without a pause to its pace with lossless, and loses nothing', async () => {
    await using client = await watch({ queue_ms: 300, duration_s: 3 });
    await waitFor('the first second', () => client.video.accessUnits().length >= FPS);
    const ahead = client.messages.filter(({ type }) => type === 'chunk').length - client.video.accessUnits().length;
    // Seven frames of queue, and two on their way to it.
    expect(ahead).toBeLessThanOrEqual(7 + 3);
    await client.message('done', ({ type }) => type === 'done');
    expect((await client.video.pictures()).map(counterOf)).toEqual(Array.from({ length: 3 * FPS }, (_, index) => index));
    expect(Math.max(...steps(client))).toBeLessThanOrEqual(1.01);
    await server.api.closeReason(client.sessionId);
  });
});

describe('delivery of a service', () => {
  it('counts where a chunk says nothing, and a chunk that says something wins', async () => {
    const options = ['-o', 'delivery=latest', '-o', 'queue_ms=100', '-o', 'speed=2', '-o', 'width=208', '-o', 'height=120'];
    await using serving = await CommandProcess.serve(shippedPipeline('test-pattern'), {}, options);
    const framesOf = async (fields: Readonly<Record<string, unknown>>): Promise<number> => {
      await using client = await WeriftClient.connect(serving.api, WATCH, { duration_s: 3, ...fields });
      await client.message('done', ({ type }) => type === 'done', 15_000);
      return client.video.accessUnits().length;
    };
    const [latest, lossless] = await Promise.all([framesOf({}), framesOf({ delivery: 'lossless' })]);
    expect(latest).toBeLessThan(0.65 * 3 * FPS);
    expect(lossless).toBe(3 * FPS);
  }, 30_000);
});

describe('delivery of single chunks', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(testPipeline('server-push'));
  });
  afterEach(async () => {
    await server.idle();
  });
  afterAll(async () => {
    await server.close();
  });

  const frames = (count: number, level: number): NonNullable<Step['frames']> => ({
    count,
    format: 'I420',
    width: 64,
    height: 48,
    colour: [level, level, level],
    fps: 25,
  });
  const sound = { ms: 40, sampleRate: 48_000, channels: 1 } as const;

  it('changes from lossless to latest and back without a jump or a stall', async () => {
    await using client = await WeriftClient.connect(server.api, WATCH, {
      script: [
        // A second that may wait; then two seconds at double speed, of which half has to go; then a second that may wait again.
        { frames: frames(25, 40), audio: { ...sound, ms: 1000 } },
        { frames: frames(1, 128), audio: sound, fields: { delivery: 'latest', queue_ms: 80 }, repeat: 100, everyMs: 20 },
        { frames: frames(25, 220), audio: { ...sound, ms: 1000 }, fields: { delivery: 'lossless' } },
      ],
    });
    await client.message('done', ({ type }) => type === 'done', 15_000);
    const levels = (await client.video.pictures()).map(({ data, width, height }) => data[(width * height + width) * 1.5] ?? 0);
    const parts = levels.map((level) => (level < 84 ? 'first' : level < 174 ? 'second' : 'third'));
    expect(parts).toEqual([...parts].sort());
    const count = (part: string): number => parts.filter((item) => item === part).length;
    // Nothing that is lossless was lost; of what came while it still played, only the newest is shown.
    expect({ first: count('first'), third: count('third') }).toEqual({ first: 25, third: 25 });
    expect(count('second')).toBeGreaterThanOrEqual(20);
    expect(count('second')).toBeLessThanOrEqual(35);
    for (const step of steps(client, 3600)) {
      expect(step).toBeGreaterThan(0.3);
      expect(step).toBeLessThan(1.7);
    }
    const stamps = client.audio.packets.map(({ header }) => header.timestamp);
    expect(new Set(stamps.slice(1).map((stamp, index) => (stamp - (stamps[index] ?? 0)) >>> 0))).toEqual(new Set([960]));
    for (const { data } of client.messages) expect(JSON.stringify(data ?? {})).not.toMatch(/delivery|queue_ms/u);
    await server.api.closeReason(client.sessionId);
  }, 30_000);

  it('reports a delivery it does not know, and goes on', async () => {
    await using client = await WeriftClient.connect(server.api, WATCH, {
      script: [{ frames: frames(2, 40), fields: { delivery: 'soon' } }, { frames: frames(2, 40) }],
    });
    const { error } = await client.message('an error', (message) => message.error !== undefined);
    expect(error).toBe('delivery must be "lossless" or "latest"');
    expect((await client.message('done', ({ type }) => type === 'done')).total_chunks).toBe(1);
    await server.api.closeReason(client.sessionId);
  });
});
