import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RtcpSrPacket } from 'werift';

import { waitFor } from '../support/condition.ts';
import { testPipeline, TestServer } from '../support/server.ts';
import { middleOf, WATCH, WeriftClient } from '../support/werift-client.ts';
import type { Colour, FramesStep, Step } from '../pipelines/chunk-script.ts';

const SMALL = { format: 'I420', width: 64, height: 48, colour: [200, 40, 40] } as const;
/** Levels by which a colour may differ after two conversions and a codec. */
const COLOUR_TOLERANCE = 6;

function expectColour(actual: readonly number[], expected: Colour): void {
  for (const [index, level] of expected.entries()) {
    expect(Math.abs((actual[index] ?? -1000) - level), `${actual.join()} is not ${expected.join()}`).toBeLessThanOrEqual(
      COLOUR_TOLERANCE,
    );
  }
}

/** Differences between the RTP timestamps of successive pictures. */
function steps(client: WeriftClient): number[] {
  const stamps = client.video.accessUnits().map(({ timestamp }) => timestamp);
  return stamps.slice(1).map((stamp, index) => (stamp - (stamps[index] ?? 0)) >>> 0);
}

describe('server push', () => {
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

  const watch = (script: readonly Step[], fields: Readonly<Record<string, unknown>> = {}): Promise<WeriftClient> =>
    WeriftClient.connect(server.api, WATCH, { script, ...fields });

  it('plays pictures and sound, tells of each chunk, says done, and closes the session after the grace', async () => {
    await using client = await watch([
      {
        frames: { ...SMALL, count: 5, fps: 25 },
        audio: { ms: 200, sampleRate: 48_000, channels: 1 },
        fields: { resolution: '64x48', prompt: 'red' },
        repeat: 4,
      },
    ]);
    const done = await client.message('done', ({ type }) => type === 'done');
    expect(done).toMatchObject({ session_id: client.sessionId, total_chunks: 4 });
    expect(await server.api.closeReason(client.sessionId)).toBe('completed');
    expect((await client.message('closed', ({ type }) => type === 'closed')).reason).toBe('completed');
    await waitFor('the connection to end', () => client.wasClosed);

    const chunks = client.messages.filter(({ type }) => type === 'chunk');
    expect(chunks.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(chunks[0]).toMatchObject({
      session_id: client.sessionId,
      data: { type: 'chunk', resolution: '64x48', prompt: 'red' },
    });
    for (const { data } of chunks) expect(Object.keys(data ?? {}).filter((key) => /frames|audio/.test(key))).toEqual([]);

    const pictures = await client.video.pictures();
    expect(pictures).toHaveLength(20);
    for (const picture of pictures) {
      expect([picture.width, picture.height]).toEqual([64, 48]);
      expectColour(middleOf(picture), SMALL.colour);
    }
    expect(new Set(steps(client))).toEqual(new Set([3600]));
    const sound = await client.audio.sound();
    expect(sound.length).toBeGreaterThanOrEqual(40);
    const peak = Math.max(
      ...sound.slice(5, 35).flatMap(({ data }) => [...new Int16Array(data.buffer, data.byteOffset, data.length / 2)]),
    );
    expect(peak).toBeGreaterThan(12_000);
    expect(peak).toBeLessThan(20_000);
  });

  it('reports the RTP time of both streams on one wall clock', async () => {
    await using client = await watch([
      { frames: { ...SMALL, count: 5, fps: 25 }, audio: { ms: 200, sampleRate: 48_000, channels: 2 }, repeat: 8 },
    ]);
    await client.message('done', ({ type }) => type === 'done');
    const reports = client.rtcp.filter((packet) => packet instanceof RtcpSrPacket);
    const origin = (stream: 'video' | 'audio', rate: number): number => {
      const first = client[stream].packets[0]?.header;
      const report = reports.find(({ ssrc }) => ssrc === first?.ssrc);
      if (first === undefined || report === undefined) throw new Error(`no sender report for ${stream}`);
      const { ntpTimestamp, rtpTimestamp } = report.senderInfo;
      const ticks = (first.timestamp - rtpTimestamp) | 0;
      return Number(ntpTimestamp >> 32n) + Number(ntpTimestamp & 0xffff_ffffn) / 2 ** 32 + ticks / rate;
    };
    expect(Math.abs(origin('video', 90_000) - origin('audio', 48_000))).toBeLessThan(0.005);
  });

  it("runs the generator's return() when the client leaves, and when it is deleted", async () => {
    const endless: Step[] = [{ frames: { ...SMALL, count: 2, fps: 30 }, repeat: 0 }];
    await using left = await watch(endless, { session_id: 'leaves' });
    await waitFor('video', () => left.video.packets.length > 3);
    await left.close();
    expect(await server.api.closeReason('leaves')).toBe('connection_closed');

    await using deleted = await watch(endless, { session_id: 'is-deleted' });
    await waitFor('video', () => deleted.video.packets.length > 3);
    expect(await server.api.delete('is-deleted')).toMatchObject({
      status: 200,
      body: { session_id: 'is-deleted', status: 'closed' },
    });
    expect((await deleted.message('closed', ({ type }) => type === 'closed')).reason).toBe('client_delete');
    await waitFor('the connection to end', () => deleted.wasClosed);

    await using asking = await watch([{ report: true }]);
    const { data } = await asking.message('a report', ({ data: fields }) => fields?.['events'] !== undefined);
    expect(data?.['events']).toEqual(expect.arrayContaining(['end leaves', 'end is-deleted']));
    await server.api.closeReason(asking.sessionId);
  });

  it('ends the session on a stop message and refuses any other', async () => {
    await using client = await watch([{ frames: { ...SMALL, count: 2 }, repeat: 0 }]);
    client.send({ type: 'control', key: 'ArrowUp' });
    expect((await client.message('an error', ({ type }) => type === 'error')).code).toBe('not-bidirectional');
    client.send({ type: 'stop' });
    expect(await server.api.closeReason(client.sessionId)).toBe('client_stop');
  });

  it('hands the whole request to the pipeline, further fields included, and nulls and the SDP left out', async () => {
    const fields = {
      session_id: 'My.Session_1-2',
      prompt: 'a lighthouse',
      fps: 12,
      config: { size: 480, deep: { list: [1, 'two', null] } },
      seed: 7,
      duration_s: 1.5,
      nothing: null,
      'odd key/~': { π: '✓' },
    };
    await using client = await watch([], { ...fields, echo: true });
    expect(client.sessionId).toBe(fields.session_id);
    const { data } = await client.message('the echo', ({ data: echoed }) => echoed?.['request'] !== undefined);
    const { nothing: _nothing, ...expected } = fields;
    expect(data?.['request']).toEqual({ ...expected, task: 'test', task_id: fields.session_id, echo: true, script: [] });
    expect(await server.api.closeReason(client.sessionId)).toBe('completed');
  });

  it('plays at the pace of the chunk, else of the request, else of config, else of the pipeline', async () => {
    const ticksAt = async (fps: number | undefined, fields: Readonly<Record<string, unknown>>): Promise<Set<number>> => {
      await using client = await watch([{ frames: { ...SMALL, count: 4, ...(fps === undefined ? {} : { fps }) } }], fields);
      await server.api.closeReason(client.sessionId);
      return new Set(steps(client));
    };
    expect(await ticksAt(50, { fps: 10 })).toEqual(new Set([1800]));
    expect(await ticksAt(undefined, { fps: 10, config: { fps: 60 } })).toEqual(new Set([9000]));
    expect(await ticksAt(undefined, { config: { fps: 60 } })).toEqual(new Set([1500]));
    expect(await ticksAt(undefined, {})).toEqual(new Set([4500]));
  });

  it.each<[string, Partial<FramesStep>, boolean]>([
    ['I420', { format: 'I420' }, false],
    ['RGB24', { format: 'RGB24' }, false],
    ['RGBA', { format: 'RGBA' }, false],
    ['JPEG as base64', { format: 'jpeg' }, false],
    ['JPEG as bytes', { format: 'jpeg-bytes' }, false],
    ['PNG as base64', { format: 'png' }, false],
    ['RGB24 of odd size', { format: 'RGB24', width: 65, height: 49 }, false],
    ['I420 of odd size', { format: 'I420', width: 65, height: 49 }, false],
    ['JPEG of odd size', { format: 'jpeg', width: 65, height: 49 }, false],
    ['JPEG in nested data', { format: 'jpeg' }, true],
    ['RGBA in nested data', { format: 'RGBA' }, true],
  ])('shows %s pictures in their colour', async (_name, format, nested) => {
    const colour = [30, 90, 210] as const;
    await using client = await watch([
      { frames: { ...SMALL, count: 5, fps: 50, ...format, colour }, nested, fields: { note: 'kept' } },
    ]);
    const { data } = await client.message('the chunk', ({ type }) => type === 'chunk');
    expect(data).toEqual({
      type: 'chunk',
      note: 'kept',
      index: 0,
      ...(nested && { data: { fps: 50 } }),
      ...(!nested && { fps: 50 }),
    });
    await client.message('done', ({ type }) => type === 'done');
    const pictures = await client.video.pictures();
    expect(pictures).toHaveLength(5);
    expectColour(middleOf(pictures.at(-1) ?? raise('no picture')), colour);
    await server.api.closeReason(client.sessionId);
  });

  it.each(['H264', 'VP8'] as const)(
    'follows a change of size, pace, sample rate and channels mid-stream in %s',
    async (codec) => {
      const frames = { ...SMALL, count: 5 };
      await using client = await WeriftClient.connect(
        server.api,
        { ...WATCH, videoCodecs: [codec] },
        {
          script: [
            { frames: { ...frames, fps: 25 }, audio: { ms: 200, sampleRate: 48_000, channels: 1 } },
            { frames: { ...frames, width: 128, height: 96, fps: 50 }, audio: { ms: 100, sampleRate: 16_000, channels: 1 } },
            {
              frames: { ...frames, width: 32, height: 64, fps: 10, colour: [10, 200, 30] },
              audio: { ms: 500, sampleRate: 44_100, channels: 2 },
            },
            { frames: { ...frames, fps: 25 }, audio: { ms: 200, sampleRate: 22_050, channels: 1, base64: true } },
          ],
        },
      );
      await client.message('done', ({ type }) => type === 'done');
      expect(client.video.codec).toBe(codec);
      const pictures = await client.video.pictures();
      expect(pictures.map(({ width, height }) => `${width}x${height}`)).toEqual(
        ['64x48', '128x96', '32x64', '64x48'].flatMap((size) => Array.from({ length: 5 }, () => size)),
      );
      expectColour(middleOf(pictures[14] ?? raise('no picture')), [10, 200, 30]);
      const frame = (fps: number): number[] => Array.from({ length: 5 }, () => 90_000 / fps);
      expect(steps(client)).toEqual([...frame(25), ...frame(50), ...frame(10), ...frame(25)].slice(0, 19));
      // One second of sound, whatever it was made of, in one unbroken row of packets.
      const stamps = client.audio.packets.map(({ header }) => header.timestamp);
      expect(stamps.length).toBeGreaterThanOrEqual(50);
      expect(stamps.length).toBeLessThanOrEqual(53);
      expect(new Set(stamps.slice(1).map((stamp, index) => (stamp - (stamps[index] ?? 0)) >>> 0))).toEqual(new Set([960]));
      await server.api.closeReason(client.sessionId);
    },
  );

  it('prefers H.264 when both are offered, and takes VP8 when there is no other', async () => {
    const script: Step[] = [{ frames: { ...SMALL, count: 3, fps: 30 } }];
    const codecFor = async (videoCodecs: readonly ('H264' | 'VP8')[]): Promise<string | undefined> => {
      await using client = await WeriftClient.connect(server.api, { ...WATCH, videoCodecs }, { script });
      await waitFor('video', () => client.video.packets.length > 0);
      await server.api.closeReason(client.sessionId);
      return client.video.codec;
    };
    expect(await codecFor(['H264', 'VP8'])).toBe('H264');
    expect(await codecFor(['VP8', 'H264'])).toBe('H264');
    expect(await codecFor(['VP8'])).toBe('VP8');
  });

  it.each([
    ['only video', { video: 'recvonly' }],
    ['only audio', { audio: 'recvonly' }],
    ['no data channel', { ...WATCH, channels: [] }],
    ['only a data channel', {}],
    ['sendrecv', { video: 'sendrecv', audio: 'sendrecv' }],
  ] as const)('serves an offer with %s to the end', async (_name, options) => {
    await using client = await WeriftClient.connect(server.api, options, {
      script: [{ frames: { ...SMALL, count: 5, fps: 50 }, audio: { ms: 100, sampleRate: 48_000, channels: 1 }, repeat: 3 }],
    });
    expect(await server.api.closeReason(client.sessionId)).toBe('completed');
    if ('video' in options) expect(client.video.accessUnits()).toHaveLength(15);
    if ('audio' in options) expect(client.audio.packets.length).toBeGreaterThanOrEqual(15);
    if (!('channels' in options))
      expect(client.messages.map(({ type }) => type)).toEqual(['chunk', 'chunk', 'chunk', 'done', 'closed']);
  });

  it('answers a picture loss with a keyframe of the picture that is held', async () => {
    await using client = await watch([{ frames: { ...SMALL, count: 1 } }, { hang: true }]);
    await waitFor('the picture', () => client.video.accessUnits().length === 1);
    const [video] = client.connection.getTransceivers();
    await video?.receiver.sendRtcpPLI(client.video.packets[0]?.header.ssrc ?? 0);
    const units = await waitFor('a second picture', () => client.video.accessUnits().length > 1 && client.video.accessUnits());
    expect(units.map(({ keyframe }) => keyframe)).toEqual([true, true]);
    await client.close();
  });

  it('sends the end of a stream that ends before the client is connected', async () => {
    await using client = await WeriftClient.prepare(WATCH);
    const answer = await client.offer(server.api, { script: [] });
    await sleep(500);
    await client.accept(answer);
    expect(await client.message('done', ({ type }) => type === 'done')).toMatchObject({ total_chunks: 0 });
    expect(await server.api.closeReason(client.sessionId)).toBe('completed');
  });
});

describe('server push with TELEFUSER_WEBRTC_VIDEO_CODEC=VP8', () => {
  it('takes VP8 when both are offered, and H.264 when there is no other', async () => {
    await using server = await TestServer.start(testPipeline('server-push'), { TELEFUSER_WEBRTC_VIDEO_CODEC: 'VP8' });
    for (const [offered, expected] of [
      [['H264', 'VP8'], 'VP8'],
      [['H264'], 'H264'],
    ] as const) {
      await using client = await WeriftClient.connect(
        server.api,
        { ...WATCH, videoCodecs: offered },
        {
          script: [{ frames: { ...SMALL, count: 3, fps: 30 } }],
        },
      );
      await waitFor('video', () => client.video.packets.length > 0);
      expect(client.video.codec).toBe(expected);
      await server.api.closeReason(client.sessionId);
    }
    await server.idle();
  });
});

function raise(message: string): never {
  throw new Error(message);
}
