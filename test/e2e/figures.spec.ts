import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { Schemas } from '../support/api-client.ts';
import { waitFor } from '../support/condition.ts';
import { pythonPipeline, shippedPipeline, testPipeline, TestServer } from '../support/server.ts';
import { WATCH, WeriftClient, type ChannelMessage } from '../support/werift-client.ts';

type Reason = keyof Schemas['DroppedFrames'];

/** A ledger whose zeros are left out. */
type Frames = Omit<Schemas['FrameLedger'], 'dropped'> & { readonly dropped: Readonly<Partial<Record<Reason, number>>> };

/** The fields of `chunk` messages that tell of controls. */
type ControlMessage = ChannelMessage & {
  readonly applied_controls?: readonly (string | number)[];
  readonly rtp_timestamp?: number;
};

const COLOUR = [40, 180, 90] as const;
const PICTURE = { format: 'I420', width: 64, height: 48, colour: COLOUR, fps: 24 } as const;

function expectBalance({ generated, sent, queued, dropped }: Schemas['FrameLedger']): void {
  expect(sent + queued + Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBe(generated);
}

/** `a` is at or after `b`, as RTP timestamps go (RFC 3550 section 5.1: they wrap around). */
const notBefore = (a: number, b: number): boolean => (a - b) >>> 0 < 2 ** 31;

const applied = (client: WeriftClient): ControlMessage[] =>
  client.messages.filter((message: ControlMessage) => message.applied_controls !== undefined);

describe.each([
  ['TypeScript that names its controls itself', shippedPipeline('arrow-overlay')],
  ['Python that leaves it to its host', pythonPipeline('raw_frames')],
])('controls with an id, of a pipeline in %s', (_what, pipeline) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(pipeline, { TELEFUSER_PYTHON: '/usr/bin/python3' });
  });
  afterEach(async () => server.idle());
  afterAll(async () => server.close());

  it('are named with the frame that shows them first, and are timed until it is shown', async () => {
    await using client = await WeriftClient.connect(server.api, WATCH);
    await waitFor('video', () => client.video.packets.length > 0);
    const ids = ['up', 2, 'down', 4];
    for (const id of ids) {
      client.send({ type: 'control', key: 'ArrowUp', action: id === 'up' || id === 'down' ? 'press' : 'release', id });
      await waitFor(`the control ${id} to be named`, () => applied(client).some((m) => m.applied_controls?.includes(id)));
    }
    expect(applied(client).flatMap((message) => message.applied_controls)).toEqual(ids);
    for (const { rtp_timestamp: timestamp, applied_controls: [id] = [] } of applied(client)) {
      if (timestamp === undefined) throw new Error('a control was named without its frame');
      // Its last packet: no player shows a frame before it has all of it.
      const frame = await waitFor('the frame', () =>
        client.video.packets.find(({ header }) => header.marker && notBefore(header.timestamp, timestamp)),
      );
      // The frame waits for its place for less than two frames' time.
      expect((frame.header.timestamp - timestamp) >>> 0).toBeLessThan(90_000 / 10);
      client.send(id === 4 ? { type: 'shown', rtp_timestamp: frame.header.timestamp } : { type: 'shown', id });
    }
    const stats = await waitFor('every report', async () => {
      const found = await server.api.stats(client.sessionId);
      return found.latency.control_to_shown.count === ids.length ? found : undefined;
    });
    for (const stage of ['control_to_push', 'push_to_yield', 'control_to_sent', 'control_to_shown', 'send_to_shown'] as const) {
      expect([stage, stats.latency[stage].count]).toEqual([stage, ids.length]);
    }
    for (const stage of ['yield_to_encode', 'encode', 'encode_to_send', 'yield_to_sent'] as const) {
      expect(stats.latency[stage].count).toBeGreaterThanOrEqual(ids.length);
    }
    const sum = (stage: keyof Schemas['StageLatencies']): number => stats.latency[stage].sum_ms;
    expect(sum('control_to_push') + sum('push_to_yield')).toBeLessThan(sum('control_to_sent'));
    expect(sum('control_to_sent') + sum('send_to_shown')).toBeCloseTo(sum('control_to_shown'), 1);
    expect(stats.latency.control_to_sent.max_ms).toBeLessThan(2000);
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    // The service remembers what its sessions were.
    expect((await server.api.metrics()).latency.control_to_shown.count).toBe(ids.length);
  });

  it('are left alone without one', async () => {
    await using client = await WeriftClient.connect(server.api, WATCH);
    await waitFor('video', () => client.video.packets.length > 0);
    for (const id of [undefined, null, '', 'x'.repeat(200), 1.5, [1]]) {
      client.send({ type: 'control', key: 'ArrowUp', action: 'press', id });
    }
    const seen = client.video.packets.length;
    await waitFor('more video', () => client.video.packets.length > seen + 20);
    expect(applied(client)).toEqual([]);
    expect(client.messages.filter(({ type }) => type === 'error')).toEqual([]);
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
  });
});

describe('the account of a session', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(testPipeline('conversation'));
  });
  afterEach(async () => server.idle());
  afterAll(async () => server.close());

  const talk = (script: readonly unknown[], options: Parameters<typeof WeriftClient.connect>[1] = WATCH): Promise<WeriftClient> =>
    WeriftClient.connect(server.api, options, { misbehave: { pullChunks: 'end' }, script });

  /** What the service counted while something happened. */
  async function counted(happens: () => Promise<void>): Promise<Frames> {
    const before = (await server.api.metrics()).frames;
    await happens();
    await server.idle();
    const { frames: after } = await server.api.metrics();
    expectBalance(after);
    expect(after.queued).toBe(0);
    const dropped = Object.entries(after.dropped).map(
      ([reason, count]) => [reason, count - before.dropped[reason as Reason]] as const,
    );
    return {
      generated: after.generated - before.generated,
      sent: after.sent - before.sent,
      queued: 0,
      dropped: Object.fromEntries(dropped.filter(([, count]) => count !== 0)),
    };
  }

  it('is one of what the pipeline made and the client got', async () => {
    const frames = await counted(async () => {
      await using client = await talk([
        { frames: { count: 3, ...PICTURE }, repeat: 4, fields: { delivery: 'lossless' } },
        { frames: { count: 2, ...PICTURE, format: 'undecodable' }, fields: { delivery: 'lossless' } },
        { audio: { ms: 200, sampleRate: 48_000, channels: 1 }, fields: { delivery: 'lossless' } },
      ]);
      await client.message('done', ({ type }) => type === 'done');
      const stats = await server.api.stats(client.sessionId);
      expectBalance(stats.frames);
      expect(stats.frames).toMatchObject({ generated: 14, sent: 12, queued: 0, dropped: { undecodable: 2 } });
      await waitFor('every picture', () => client.video.accessUnits().length === 12);
      expect(stats).toMatchObject({
        stream_mode: 'bidirectional',
        video: { codec: 'H264', keyframes: 1, refused_frames: 0, encoder: 'libx264' },
      });
      expect([stats.video?.width, stats.video?.height]).toEqual([PICTURE.width, PICTURE.height]);
      expect(stats.video?.packets).toBeGreaterThanOrEqual(12);
      expect(stats.audio?.packets).toBeGreaterThanOrEqual(10);
      expect(stats.age_seconds).toBeGreaterThan(0.4);
    });
    expect(frames).toEqual({ generated: 14, sent: 12, queued: 0, dropped: { undecodable: 2 } });
  });

  it('adds up when the client leaves in the middle, and when it takes no video', async () => {
    const cut = await counted(async () => {
      await using client = await talk([{ frames: { count: 240, ...PICTURE }, fields: { delivery: 'lossless' } }]);
      await waitFor('video', () => client.video.packets.length > 3);
      const { frames } = await server.api.stats(client.sessionId);
      expectBalance(frames);
      expect(frames.generated).toBe(240);
      expect(frames.queued).toBeGreaterThan(200);
      expect((await server.api.delete(client.sessionId)).status).toBe(200);
    });
    expect(cut.generated).toBe(240);
    expect(cut.dropped['closed']).toBe(240 - cut.sent);
    const blind = await counted(async () => {
      await using client = await talk([{ frames: { count: 5, ...PICTURE } }], { audio: 'recvonly' });
      await client.message('done', ({ type }) => type === 'done');
      const stats = await server.api.stats(client.sessionId);
      expect(stats.video).toBeUndefined();
      expect(stats.frames).toMatchObject({ generated: 5, dropped: { no_track: 5 } });
    });
    expect(blind).toEqual({ generated: 5, sent: 0, queued: 0, dropped: { no_track: 5 } });
  });

  it('adds up under a burst of which most is superseded', async () => {
    const frames = await counted(async () => {
      await using client = await talk([{ frames: { count: 1, ...PICTURE }, repeat: 60, fields: { delivery: 'latest' } }]);
      await client.message('done', ({ type }) => type === 'done');
      expectBalance((await server.api.stats(client.sessionId)).frames);
    });
    expect(frames.generated).toBe(60);
    expect(frames.dropped['superseded']).toBeGreaterThan(10);
  });

  it('adds up when the process of the pipeline is killed under it', async () => {
    const frames = await counted(async () => {
      await using client = await talk([
        { frames: { count: 100, ...PICTURE }, repeat: 2, fields: { delivery: 'lossless' } },
        { exit: 9 },
      ]);
      await client.message('closed', ({ type }) => type === 'closed');
      await waitFor('the next process', async () => (await server.api.get('v1/service/ready')).status === 200, 20_000);
    });
    expect(frames.generated).toBeGreaterThanOrEqual(100);
    expect(frames.generated % 100).toBe(0);
    expect(frames.sent + (frames.dropped['closed'] ?? 0)).toBe(frames.generated);
  });

  it('is gone with the session', async () => {
    await using client = await talk([]);
    await server.api.closeReason(client.sessionId);
    const { status, body } = await server.api.get(`v1/stream/sessions/${client.sessionId}/stats`);
    expect([status, body['code']]).toEqual([404, 'session-not-found']);
    expect((await server.api.get('v1/stream/sessions/never/stats')).status).toBe(404);
  });

  it('is one of offers too', async () => {
    const before = (await server.api.metrics())['offers'] as Record<string, number>;
    await using client = await talk([]);
    await server.api.closeReason(client.sessionId);
    await server.api.offer({ sdp: 'v=0', task: 'test' });
    const { offers: after, sessions_opened: opened, sessions_closed: closed } = await server.api.metrics();
    expect((after as Record<string, number>)['answered']).toBe((before['answered'] ?? 0) + 1);
    expect((closed as Record<string, number>)['completed']).toBeGreaterThan(0);
    expect(opened).toBe(Object.values(closed as Record<string, number>).reduce((sum, count) => sum + count, 0));
  });
});
