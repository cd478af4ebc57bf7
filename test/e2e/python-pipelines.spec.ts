import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { CommandProcess, shippedPipeline, type ServingCommand } from '../support/server.ts';
import { counterOf, WATCH, WeriftClient } from '../support/werift-client.ts';

const CLIP = fileURLToPath(new URL('../../pipelines/video-replay/clip.mp4', import.meta.url));
const FPS = 24;

/** As pipelines/python/README.md says. */
const serve = (name: string): Promise<ServingCommand> =>
  CommandProcess.serve(shippedPipeline(`python/${name}`), { TELEFUSER_PYTHON: '/usr/bin/python3' }, [...['--asset', CLIP]]);

/** Mean colour of the square of 4 × 4 around a point. */
function colourAt({ data, width }: { readonly data: Uint8Array; readonly width: number }, x: number, y: number): number[] {
  return [0, 1, 2].map((channel) => {
    let sum = 0;
    for (let dy = -2; dy < 2; dy += 1)
      for (let dx = -2; dx < 2; dx += 1) sum += data[((y + dy) * width + x + dx) * 3 + channel] ?? 0;
    return sum / 16;
  });
}

describe('the Python pipelines that are shipped', () => {
  it('video_replay.py plays every frame of the clip, in its colours, with its beep', async () => {
    await using serving = await serve('video_replay.py');
    await using client = await WeriftClient.connect(serving.api, WATCH, { duration_s: 3, prompt: 'a cat' });
    expect((await client.message('done', ({ type }) => type === 'done', 15_000)).total_chunks).toBe(3);
    const pictures = await client.video.pictures();
    expect(pictures.map(counterOf)).toEqual(Array.from({ length: 3 * FPS }, (_, index) => index));
    const patches = [
      [200, 48, 48],
      [48, 160, 72],
      [48, 80, 200],
    ];
    const last = pictures.at(-1) ?? raise('no picture');
    for (const [index, patch] of patches.entries()) {
      const seen = colourAt(last, 56 + 96 * index, 432);
      for (const [channel, level] of patch.entries()) expect(Math.abs((seen[channel] ?? 0) - level)).toBeLessThanOrEqual(8);
    }
    const sound = await client.audio.sound();
    const peaks = sound.map(({ data }) =>
      new Int16Array(data.buffer, data.byteOffset, data.length / 2).reduce((a, b) => Math.max(a, Math.abs(b)), 0),
    );
    const beeps = peaks.filter((peak, index) => peak > 5000 && (peaks[index - 1] ?? 0) <= 5000);
    expect(beeps).toHaveLength(3);
    const { data } = await client.message('a chunk', ({ type }) => type === 'chunk');
    expect(data).toMatchObject({ type: 'chunk', num_frames: 32, resolution: '832x480', prompt: 'a cat' });
  }, 40_000);

  it('arrow_overlay.py lights a key while it is held, and only that one', async () => {
    await using serving = await serve('arrow_overlay.py');
    await using client = await WeriftClient.connect(serving.api, WATCH);
    await waitFor('pictures', () => client.video.accessUnits().length > 2);
    client.send({ type: 'control', key: 'ArrowUp', action: 'press' });
    await client.message('the key in a chunk', ({ data }) => JSON.stringify(data?.['pressed']) === '["ArrowUp"]');
    const pressed = client.video.accessUnits().length;
    await waitFor('pictures of it', () => client.video.accessUnits().length > pressed + 12);
    const seen = (await client.video.pictures()).at(-1) ?? raise('no picture');
    expect(counterOf(seen)).toBeDefined();
    const isLit = (x: number, y: number): boolean => {
      const [red = 0, green = 0, blue = 0] = colourAt(seen, x + 15, y + 15);
      return green > Math.max(red, blue) + 60;
    };
    expect([isLit(732, 330), isLit(732, 430), isLit(682, 380), isLit(782, 380)]).toEqual([true, false, false, false]);
    client.send({ type: 'control', key: 'ArrowUp', action: 'hold' });
    expect((await client.message('an error', ({ type }) => type === 'error')).detail).toContain(
      'action must be "press" or "release"',
    );
    client.send({ type: 'stop' });
    expect(await serving.api.closeReason(client.sessionId)).toBe('client_stop');
  }, 40_000);
});

function raise(message: string): never {
  throw new Error(message);
}
