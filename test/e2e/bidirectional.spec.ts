import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { OpusEncoder, PictureDecoder, VideoEncoder } from '#server/media/codec/index.js';
import { waitFor } from '../support/condition.ts';
import { shippedPipeline, testPipeline, TestServer } from '../support/server.ts';
import { middleOf, WATCH, WeriftClient, type ChannelMessage, type ClientOptions } from '../support/werift-client.ts';

const WIDTH = 160;
const HEIGHT = 120;
const CAMERA_FPS = 30;
const CAMERA_COLOUR = [40, 180, 90] as const;

const heard = ({ data }: ChannelMessage): unknown => data?.['heard'];

/** Sends frames of one colour, at their pace, until `done`. */
async function sendCamera(client: WeriftClient, codec: 'H264' | 'VP8', done: () => boolean): Promise<void> {
  const decoder = new PictureDecoder();
  const encoder = await VideoEncoder.open({ codec, width: WIDTH, height: HEIGHT, fps: CAMERA_FPS, bitrate: 500_000 });
  const picture = await decoder.decode({
    kind: 'raw',
    format: 'RGB24',
    width: WIDTH,
    height: HEIGHT,
    data: Buffer.alloc(WIDTH * HEIGHT * 3, Buffer.from(CAMERA_COLOUR)),
  });
  try {
    for (let frame = 0; frame < 200 && !done(); frame += 1) {
      const encoded = await encoder.encode(picture, { keyframe: frame % 15 === 0 });
      if (encoded !== undefined) await client.sendMedia('video', encoded.data, frame * 3000);
      await pause(1000 / CAMERA_FPS);
    }
  } finally {
    picture.release();
    encoder.close();
    decoder.close();
  }
}

/** Sends a 440 Hz tone, at its pace, until `done`. */
async function sendMicrophone(client: WeriftClient, done: () => boolean): Promise<void> {
  const encoder = await OpusEncoder.open({ channels: 2, bitrate: 64_000, lossPercent: 0 });
  try {
    for (let packet = 0; packet < 300 && !done(); packet += 1) {
      const pcm = Int16Array.from({ length: 1920 }, (_, index) => {
        return Math.round(16_000 * Math.sin((2 * Math.PI * 440 * (packet * 960 + Math.floor(index / 2))) / 48_000));
      });
      await client.sendMedia('audio', await encoder.encode(pcm), packet * 960);
      await pause(20);
    }
  } finally {
    encoder.close();
  }
}

describe('bidirectional', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(testPipeline('conversation'));
  });
  afterEach(async () => {
    await server.idle();
  });
  afterAll(async () => {
    await server.close();
  });

  const talk = (fields: Readonly<Record<string, unknown>> = {}, options: ClientOptions = WATCH): Promise<WeriftClient> =>
    WeriftClient.connect(server.api, options, fields);

  /** What happened in the pipeline so far. */
  const events = async (): Promise<readonly string[]> => {
    await using client = await talk({ script: [{ report: true }] });
    const { data } = await client.message('a report', (message) => message.data?.['events'] !== undefined);
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
    return data?.['events'] as readonly string[];
  };

  it('hands each message to the pipeline as it is, in order, and its chunks back', async () => {
    await using client = await talk();
    const sent = [
      { type: 'control', key: 'ArrowUp', action: 'press' },
      ['an', 'array', 1],
      'a text',
      17,
      null,
      true,
      { deep: { ï: '✓' } },
    ];
    for (const message of sent) client.send(message);
    client.channel.send(Buffer.from([1, 2, 3, 255]));
    await waitFor('every answer', () => client.messages.length >= sent.length + 1);
    expect(client.messages.map(heard)).toEqual([...sent, { bytes: [1, 2, 3, 255], length: 4 }]);
    for (const { type, session_id, timestamp } of client.messages) {
      expect({ type, session_id }).toEqual({ type: 'chunk', session_id: client.sessionId });
      expect(Math.abs(timestamp - Date.now() / 1000)).toBeLessThan(30);
    }
    client.send({ type: 'stop' });
    expect(await server.api.closeReason(client.sessionId)).toBe('client_stop');
  });

  it('spreads config and further fields over the configuration of the session', async () => {
    await using client = await talk({ config: { size: 480, echo: true }, seed: 7, prompt: 'a storm', session_id: 'with.config' });
    const { data } = await client.message('the echo', (message) => message.data?.['config'] !== undefined);
    expect(data?.['config']).toMatchObject({ session_id: 'with.config', size: 480, seed: 7, prompt: 'a storm', task: 'test' });
    client.send({ type: 'stop' });
    await server.api.closeReason('with.config');
  });

  it('plays the pictures and sound of chunks at once, and counts those with pictures in done', async () => {
    await using client = await talk({
      misbehave: { pullChunks: 'end' },
      script: [
        { frames: { count: 1, format: 'I420', width: 64, height: 48, colour: CAMERA_COLOUR, fps: 30 }, repeat: 3 },
        { audio: { ms: 40, sampleRate: 48_000, channels: 1 }, repeat: 2 },
        { fields: { only: 'metadata' } },
      ],
    });
    expect((await client.message('done', ({ type }) => type === 'done')).total_chunks).toBe(3);
    expect(await server.api.closeReason(client.sessionId)).toBe('completed');
    expect(client.video.accessUnits().length).toBeGreaterThanOrEqual(1);
    expect(client.audio.packets.length).toBeGreaterThanOrEqual(2);
  });

  it('runs the clean-up of the generator and then closeSession, however the session ends', async () => {
    await using stopped = await talk({ session_id: 'stopped' });
    stopped.send({ type: 'stop' });
    expect(await server.api.closeReason('stopped')).toBe('client_stop');
    await using channelClosed = await talk({ session_id: 'channel-closed' });
    channelClosed.channel.close();
    expect(await server.api.closeReason('channel-closed')).toBe('channel_closed');
    await using left = await talk({ session_id: 'left' });
    await left.close();
    expect(await server.api.closeReason('left', 2000)).toMatch(/^(connection|channel)_closed$/);
    await using deleted = await talk({ session_id: 'deleted' });
    expect((await server.api.request('DELETE', 'v1/stream/sessions/deleted')).body).toEqual({
      session_id: 'deleted',
      status: 'closed',
    });
    expect((await deleted.message('closed', ({ type }) => type === 'closed')).reason).toBe('client_delete');
    const happened = await events();
    for (const id of ['stopped', 'channel-closed', 'left', 'deleted']) {
      expect(happened.filter((event) => event.endsWith(` ${id}`)).sort()).toEqual([`close ${id}`, `create ${id}`, `end ${id}`]);
    }
  });

  it('closes channels with another label, and a second telefuser channel', async () => {
    await using client = await talk({}, { channels: ['telefuser', 'other', 'telefuser'] });
    const [first, other, second] = client.channels;
    await waitFor('the other channels to close', () => other?.readyState === 'closed' && second?.readyState === 'closed');
    expect(first?.readyState).toBe('open');
    client.send('still here');
    expect(heard(await client.message('an answer', (message) => heard(message) !== undefined))).toBe('still here');
    const late = client.addChannel('telefuser');
    await waitFor('the late channel to close', () => late.readyState === 'closed');
    expect(first?.readyState).toBe('open');
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
  });

  it('serves an offer without audio, without video, and with only a data channel', async () => {
    for (const options of [{ video: 'recvonly' }, { audio: 'recvonly' }, {}] as const) {
      await using client = await talk({}, options);
      client.send({
        script: [
          {
            frames: { count: 2, format: 'I420', width: 64, height: 48, colour: CAMERA_COLOUR },
            audio: { ms: 100, sampleRate: 48_000, channels: 1 },
            fields: { played: true },
          },
        ],
      });
      await client.message('the chunk', ({ data }) => data?.['played'] === true);
      if ('video' in options) await waitFor('a picture', () => client.video.packets.length > 0);
      if ('audio' in options) await waitFor('sound', () => client.audio.packets.length > 0);
      client.send({ type: 'stop' });
      expect(await server.api.closeReason(client.sessionId)).toBe('client_stop');
    }
  });

  it.each(['H264', 'VP8'] as const)('hands a camera in %s to the pipeline as RGB pictures', async (codec) => {
    await using client = await talk({}, { video: 'sendrecv', videoCodecs: [codec] });
    const isVideo = (message: ChannelMessage): boolean => (heard(message) as { media?: string } | undefined)?.media === 'video';
    const sending = sendCamera(client, codec, () => client.messages.filter(isVideo).length >= 3);
    const picture = heard(await client.message('a camera picture', isVideo)) as { middle: number[] };
    await sending;
    expect(picture).toMatchObject({ format: 'RGB24', width: WIDTH, height: HEIGHT });
    for (const [index, level] of CAMERA_COLOUR.entries())
      expect(Math.abs((picture.middle[index] ?? 0) - level)).toBeLessThanOrEqual(6);
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
  });

  it('hands a microphone to the pipeline as PCM', async () => {
    await using client = await talk({}, { audio: 'sendonly' });
    const loud = (message: ChannelMessage): boolean => ((heard(message) as { peak?: number } | undefined)?.peak ?? 0) > 12_000;
    const sending = sendMicrophone(client, () => client.messages.some(loud));
    expect(heard(await client.message('sound', loud))).toMatchObject({
      media: 'audio',
      sample_rate: 48_000,
      channels: 2,
      samples: 960,
    });
    await sending;
    client.send({ type: 'stop' });
    await server.api.closeReason(client.sessionId);
  });

  it('plays the latest of a pipeline that never waits, without keeping others from being served', async () => {
    await using greedy = await talk({
      script: [{ frames: { count: 1, format: 'I420', width: 64, height: 48, colour: CAMERA_COLOUR, fps: 25 }, repeat: 0 }],
    });
    await waitFor('video', () => greedy.video.packets.length > 10);
    const began = performance.now();
    await using other = await talk();
    other.send('and me?');
    await other.message('an answer', (message) => heard(message) === 'and me?');
    expect(performance.now() - began).toBeLessThan(2000);
    for (const client of [greedy, other]) {
      expect((await server.api.delete(client.sessionId)).status).toBe(200);
    }
  });

  it('takes the id that the pipeline gives the session', async () => {
    await using client = await talk({ session_id: 'asked-for', config: { call_it: 'given' } });
    expect(client.sessionId).toBe('given');
    expect(await server.api.status('given')).toMatchObject({ status: 'active', stream_mode: 'bidirectional', state: 'live' });
    expect(await server.api.status('asked-for')).toEqual({ session_id: 'asked-for', status: 'unknown' });
    client.send('hello');
    expect((await client.message('an answer', (message) => heard(message) === 'hello')).session_id).toBe('given');
    expect((await server.api.delete('given')).status).toBe(200);
  });
});

describe('bidirectional with short timeouts', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start(testPipeline('conversation'), {
      TELEFUSER_WEBRTC_DATA_CHANNEL_TIMEOUT_SECONDS: '0.6',
      TELEFUSER_WEBRTC_CONNECT_TIMEOUT_SECONDS: '1',
      TELEFUSER_WEBRTC_DISCONNECTED_GRACE_SECONDS: '0.5',
    });
  });
  afterEach(async () => {
    await server.idle();
  });
  afterAll(async () => {
    await server.close();
  });

  it('closes a session whose telefuser channel never opens', async () => {
    await using client = await WeriftClient.connect(server.api, { ...WATCH, channels: ['other'] });
    expect(await server.api.closeReason(client.sessionId, 3000)).toBe('channel_timeout');
    await waitFor('the connection to end', () => client.wasClosed);
  });

  it('closes a session whose client never connects', async () => {
    await using client = await WeriftClient.prepare(WATCH);
    expect((await client.offer(server.api)).status).toBe(200);
    expect(await server.api.closeReason(client.sessionId, 4000)).toMatch(/^(connect|channel)_timeout$/);
  });

  it('closes a session after the grace when its client vanishes without a word', async () => {
    await using client = await WeriftClient.connect(server.api, WATCH);
    client.send({
      script: [
        {
          frames: { count: 1, format: 'I420', width: 64, height: 48, colour: CAMERA_COLOUR },
          audio: { ms: 50, sampleRate: 48_000, channels: 1 },
          repeat: 0,
        },
      ],
    });
    await waitFor('media', () => client.video.packets.length > 2);
    await client.vanish();
    expect(await server.api.closeReason(client.sessionId, 12_000)).toBe('disconnected');
  });
});

describe('the echo pipeline', () => {
  it("sends a client's camera and microphone back to it", async () => {
    await using server = await TestServer.start(shippedPipeline('echo'));
    await using client = await WeriftClient.connect(server.api, { video: 'sendrecv', audio: 'sendrecv' });
    const enough = (): boolean => client.video.accessUnits().length >= 10 && client.audio.packets.length >= 20;
    const sending = Promise.all([sendCamera(client, 'H264', enough), sendMicrophone(client, enough)]);
    await waitFor('the echo', enough);
    await sending;
    const picture = (await client.video.pictures()).at(-1);
    expect([picture?.width, picture?.height]).toEqual([WIDTH, HEIGHT]);
    const middle = picture === undefined ? [] : middleOf(picture);
    for (const [index, level] of CAMERA_COLOUR.entries()) expect(Math.abs((middle[index] ?? 0) - level)).toBeLessThanOrEqual(8);
    await client.close();
    await server.idle();
  });
});
