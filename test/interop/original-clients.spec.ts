import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AiortcClient } from './aiortc-client.js';
import { ServerUnderTest } from './server-under-test.js';

/**
 * How the pages and tools of the server we replace connect: their transceivers, the fields they send, and that they offer before any ICE
 * candidate is known and close twice.
 */
const MAX_IMAGE_BYTES = 10 * 1024 * 1024;

/** A JPEG of so many bytes: comments fill it up. */
async function jpegOf(bytes: number): Promise<Buffer> {
  const picture = await sharp({ create: { width: 832, height: 480, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
  const comments: Buffer[] = [];
  for (let missing = bytes - picture.length; missing > 0;) {
    // A marker, then a length that counts itself, of at most two bytes (ITU-T T.81 section B.2.4.5).
    const length = Math.min(missing, 65_537);
    const comment = Buffer.alloc(length, ' ');
    comment.writeUInt16BE(0xfffe, 0);
    comment.writeUInt16BE(length - 2, 2);
    comments.push(comment);
    missing -= length;
  }
  return Buffer.concat([picture.subarray(0, 2), ...comments, picture.subarray(2)]);
}

describe("the original server's server-push clients", () => {
  let server: ServerUnderTest;

  beforeAll(async () => {
    server = await ServerUnderTest.start('pipelines/video-replay');
  });
  afterEach(async () => server.idle());
  afterAll(async () => server[Symbol.asyncDispose]());

  it.each([
    ['the demo page', { task: 't2v', prompt: 'a dog running', duration_s: 30 }],
    ['the web interface', { task: 't2v', prompt: 'a dog running', duration_s: 10, fps: 24 }],
    ['a tool that sends no more than it must', { task: 't2v' }],
  ])('plays to %s: no data channel, no candidates in the offer', async (_name, offer) => {
    await using client = AiortcClient.start({ server: server.url, offer, withoutCandidates: true, tones: [1000] });
    await client.until('a second of pictures', () => client.frames.length >= 24);
    await client.until('the beep', () => client.sounds.some(({ tones }) => tones['1000']![0] > 0.15));
    expect(await client.delete()).toBe(200);
    await client.ended();
    expect(await server.closeReason(await client.session())).toBe('client_delete');
  });
});

describe("the original server's bidirectional clients", () => {
  let server: ServerUnderTest;

  beforeAll(async () => {
    server = await ServerUnderTest.start('pipelines/arrow-overlay');
  });
  afterEach(async () => server.idle());
  afterAll(async () => server[Symbol.asyncDispose]());

  const connect = (offer: Readonly<Record<string, unknown>>, withoutCandidates: boolean): AiortcClient =>
    AiortcClient.start({ server: server.url, offer, channel: 'telefuser', audio: 'none', withoutCandidates });

  it('serves the arrow page, which stops by a message and then by a DELETE', async () => {
    await using client = connect({ task: 'arrow_overlay', config: { fps: 24 } }, true);
    await client.channel('open');
    await client.until('a picture', () => client.frames[0]);
    client.send({ type: 'control', key: 'ArrowUp', action: 'press' });
    const applied = await client.until('the key in a chunk', () =>
      client.messages('chunk').find(({ data }) => JSON.stringify(data).includes('ArrowUp')),
    );
    expect(applied).toMatchObject({ session_id: await client.session(), data: { pressed: ['ArrowUp'] } });
    client.send({ type: 'stop' });
    expect([200, 404]).toContain(await client.delete());
    await client.ended(1);
    expect(await client.delete()).toBe(404);
  });

  it('serves the world page: its controls are taken though this pipeline has no use for them', async () => {
    await using client = connect({ task: 'bidirectional', prompt: 'a lake', image_path: '/data/image.jpg' }, false);
    await client.channel('open');
    client.send({ type: 'control_state', controls: ['d', 'w'] });
    client.send({ type: 'control', control: 'up', event: 'reset' });
    client.send({ type: 'control', control: 'up', event: 'reset_pose' });
    const seen = client.frames.length;
    await client.until('pictures after the controls', () => client.frames.length >= seen + 12);
    expect(client.messages('error')).toEqual([]);
    client.send({ type: 'stop' });
    await client.ended(1);
    expect(await server.closeReason(await client.session())).toBe('client_stop');
  });

  it('takes the largest image that the world page sends', async () => {
    const image = `data:image/jpeg;base64,${(await jpegOf(MAX_IMAGE_BYTES)).toString('base64')}`;
    await using client = connect({ task: 'bidirectional', prompt: 'a lake', image }, false);
    await client.until('a picture', () => client.frames[0]);
    expect(await client.delete()).toBe(200);
  });
});
