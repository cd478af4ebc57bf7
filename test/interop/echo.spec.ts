import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AiortcClient } from './aiortc-client.js';
import { ServerUnderTest } from './server-under-test.js';

/** What the client's camera shows under its counter and what its microphone hears: aiortc_client.py. */
const CAMERA = { width: 352, height: 288 };
const BARS = { first: [81, 90, 240], second: [145, 54, 34], third: [41, 240, 110], fourth: [180, 128, 128] } as const;
const BAR_PROBES = {
  first: [20, 140, 48, 100],
  second: [108, 140, 48, 100],
  third: [196, 140, 48, 100],
  fourth: [284, 140, 48, 100],
} as const;
const LEFT_HZ = 600;
const RIGHT_HZ = 1500;
const AMPLITUDE = 0.25;
/** Decoded, made RGB, made YUV and encoded again. */
const COLOUR_TOLERANCE = 8;

describe('echo with a camera and a microphone of aiortc', () => {
  let server: ServerUnderTest;

  beforeAll(async () => {
    server = await ServerUnderTest.start('pipelines/echo');
  });
  afterEach(async () => server.idle());
  afterAll(async () => server[Symbol.asyncDispose]());

  it.each(['H264', 'VP8'] as const)(
    'sends the camera back as it is over %s, and the microphone with its sides',
    async (videoCodec) => {
      await using client = AiortcClient.start({
        server: server.url,
        offer: { task: 'echo' },
        channel: 'telefuser',
        video: 'sendrecv',
        audio: 'sendrecv',
        videoCodec,
        probes: BAR_PROBES,
        tones: [LEFT_HZ, RIGHT_HZ],
      });
      const frames = await client.framesOf(3);
      expect(new Set(frames.map(({ width, height }) => `${width}x${height}`))).toEqual(
        new Set([`${CAMERA.width}x${CAMERA.height}`]),
      );
      const counters = frames.map(({ counter }) => counter);
      expect(counters).not.toContain(null);
      expect(new Set(counters).size).toBeGreaterThanOrEqual(3 * 20);
      const steps = counters.slice(1).map((counter, i) => (counter! - counters[i]! + 256) % 256);
      expect(Math.max(...steps)).toBeLessThan(64);
      for (const [name, colour] of Object.entries(BARS)) {
        const seen = frames.at(-1)?.probes[name] ?? [0, 0, 0];
        colour.forEach((value, i) =>
          expect(Math.abs(seen[i]! - value), `${name}: ${seen.join(', ')}`).toBeLessThan(COLOUR_TOLERANCE),
        );
      }

      const heard = client.sounds.filter(({ tones }) => {
        const [left = [0, 0], right = [0, 0]] = [tones[String(LEFT_HZ)], tones[String(RIGHT_HZ)]];
        return left[0] > 0.7 * AMPLITUDE && right[1] > 0.7 * AMPLITUDE && left[1] < 0.2 * AMPLITUDE && right[0] < 0.2 * AMPLITUDE;
      });
      // Three seconds are 150 pieces of sound; the first second is for the start.
      expect(heard.length, JSON.stringify(client.sounds.slice(-5))).toBeGreaterThan(100);
    },
  );

  it('takes a camera without asking anything back, and does not stumble', async () => {
    await using client = AiortcClient.start({
      server: server.url,
      offer: { task: 'echo' },
      channel: 'telefuser',
      video: 'sendonly',
      audio: 'none',
    });
    await client.channel('open');
    await client.until('chunks about the pictures', () => client.messages('chunk').length > 10);
    client.send({ type: 'stop' });
    expect(await server.closeReason(await client.session())).toBe('client_stop');
  });

  it('opens with nothing but a data channel', async () => {
    await using client = AiortcClient.start({
      server: server.url,
      offer: { task: 'echo' },
      channel: 'telefuser',
      video: 'none',
      audio: 'none',
    });
    await client.channel('open');
    client.send({ type: 'stop' });
    expect(await server.closeReason(await client.session())).toBe('client_stop');
  });
});
