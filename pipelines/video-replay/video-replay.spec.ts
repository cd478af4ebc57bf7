import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { PipelineChunk, ServeRequest } from 'telefuser-stream/pipeline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_CLIP, loadClip } from './clip.ts';
import { VideoReplayService } from './index.ts';

const service = new VideoReplayService(DEFAULT_CLIP);

beforeAll(() => service.start());
afterAll(() => service.stop());

async function serve(request: ServeRequest, until = Number.POSITIVE_INFINITY): Promise<PipelineChunk[]> {
  const chunks: PipelineChunk[] = [];
  for await (const chunk of service.serve(request)) {
    chunks.push(chunk);
    if (chunks.length >= until) break;
  }
  return chunks;
}

const jpegs = (chunk: PipelineChunk): Uint8Array[] => chunk.frames as Uint8Array[];
const pcm = (chunk: PipelineChunk): Int16Array => chunk.audio as Int16Array;

interface Pixels {
  at(x: number, y: number): readonly number[];
}

async function decode(jpeg: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  return { at: (x, y) => [...data.subarray((y * info.width + x) * info.channels, (y * info.width + x) * info.channels + 3)] };
}

/** Reads the frame counter as the README describes it. */
function readCounter(pixels: Pixels): number {
  const blocks = Array.from({ length: 13 }, (_, i) => (pixels.at(28 + 24 * i, 28)[0]! > 128 ? 1 : 0));
  const bits = blocks.slice(2, 10);
  expect([blocks[0], blocks[1], blocks[11], blocks[12]]).toEqual([1, 0, 0, 1]);
  expect((bits.reduce<number>((sum, bit) => sum + bit, 0) + blocks[10]!) % 2).toBe(1);
  return bits.reduce<number>((value, bit) => value * 2 + bit, 0);
}

describe('video-replay with its own clip', () => {
  it('plays 240 numbered frames in chunks of 32', async () => {
    const chunks = await serve({ prompt: 'a cat' });
    expect(chunks.map((chunk) => chunk.num_frames)).toEqual([32, 32, 32, 32, 32, 32, 32, 16]);
    expect(chunks[3]).toMatchObject({ type: 'chunk', index: 3, fps: 24, resolution: '832x480', prompt: 'a cat' });
    const frames = chunks.flatMap(jpegs);
    for (const number of [0, 1, 31, 32, 127, 239]) expect(readCounter(await decode(frames[number]!))).toBe(number);
  });

  it('shows the colour patches within four levels', async () => {
    const [chunk] = await serve({ duration_s: 1 });
    const pixels = await decode(jpegs(chunk!)[12]!);
    const patches = [
      [200, 48, 48],
      [48, 160, 72],
      [48, 80, 200],
      [128, 128, 128],
      [224, 172, 140],
      [235, 235, 235],
    ];
    patches.forEach((expected, i) => {
      pixels
        .at(56 + 96 * i, 432)
        .forEach((level, channel) => expect(Math.abs(level - expected[channel]!)).toBeLessThanOrEqual(4));
    });
  });

  it('flashes and beeps together, at every full second', async () => {
    const chunks = await serve({});
    const sound = Int16Array.from(chunks.flatMap((chunk) => [...pcm(chunk)]));
    expect(sound).toHaveLength(480_000 * 2);
    for (const second of [0, 1, 9]) {
      const frames = chunks.flatMap(jpegs);
      const lit = await Promise.all([0, 1, 2].map(async (i) => (await decode(frames[second * 24 + i]!)).at(776, 56)[0]! > 128));
      expect(lit).toEqual([true, true, false]);
      const loud = (sample: number): boolean => Math.abs(sound[2 * sample]!) > 3000;
      const first = Array.from({ length: 4800 }, (_, i) => second * 48_000 + i).find(loud)!;
      expect(first - second * 48_000).toBeLessThan(48);
      const silentFrom = second * 48_000 + 4100;
      expect(Array.from({ length: 4000 }, (_, i) => silentFrom + i).some(loud)).toBe(false);
    }
  });

  it('goes on without a seam when it plays longer than the clip', async () => {
    const chunks = await serve({ duration_s: 21 });
    const frames = chunks.flatMap(jpegs);
    expect(frames).toHaveLength(504);
    expect(frames[240]).toBe(frames[0]);
    expect(chunks.reduce((samples, chunk) => samples + pcm(chunk).length / 2, 0)).toBe(21 * 48_000);
    const straddling = pcm(chunks[7]!);
    const start = (240 - 224) * 2000 * 2;
    expect([...straddling.subarray(start, start + 200)]).toEqual([...pcm(chunks[0]!).subarray(0, 200)]);
  });

  it('plays on until it is stopped with loop', async () => {
    const chunks = await serve({ loop: true }, 20);
    expect(chunks.at(-1)).toMatchObject({ index: 19, num_frames: 32 });
  });

  it('yields ahead of the clip’s pace, not behind it, with realtime', async () => {
    const began = performance.now();
    const yieldedAt: number[] = [];
    for await (const chunk of service.serve({ duration_s: 2, realtime: true })) {
      yieldedAt.push(performance.now() - began);
      expect(chunk.fps).toBe(24);
    }
    // 32 frames last 1333 ms; the second chunk comes a quarter of a second before that.
    expect(yieldedAt[0]).toBeLessThan(200);
    expect(yieldedAt[1]).toBeGreaterThan(1050);
    expect(yieldedAt[1]).toBeLessThan(1333);
  });
});

describe('loadClip', () => {
  it('says what is wrong with a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clip-'));
    try {
      const text = join(folder, 'notes.mp4');
      await writeFile(text, 'this is no video');
      await expect(loadClip(text)).rejects.toThrow(`${text} is no video FFmpeg can read`);
      await expect(loadClip(join(folder, 'none.mp4'))).rejects.toThrow('there is no video file that can be read at');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
