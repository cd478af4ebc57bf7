import type { PipelineChunk, PipelineFrame, ServeRequest } from 'telefuser-stream/pipeline';
import { describe, expect, it } from 'vitest';
import { getService, soundOf } from './index.ts';
import { TestCard } from './test-card.ts';

const service = getService({ gpuNum: 1, options: {}, reportProgress: () => undefined });

async function serve(request: ServeRequest): Promise<{ frames: PipelineFrame[]; pcm: Int16Array; chunks: PipelineChunk[] }> {
  const chunks: PipelineChunk[] = [];
  const frames: PipelineFrame[] = [];
  for await (const chunk of service.serve(request)) {
    chunks.push(chunk);
    // The buffers are used again for the next chunk.
    for (const frame of chunk.frames as PipelineFrame[]) frames.push({ ...frame, data: frame.data.slice() });
  }
  return { frames, pcm: Int16Array.from(chunks.flatMap(({ audio }) => [...(audio as Int16Array)])), chunks };
}

const lumaAt = ({ data, width }: PipelineFrame, x: number, y: number): number => data[y * width + x] ?? 0;

/** Reads the frame counter as the README describes it. */
function readCounter(frame: PipelineFrame): number {
  const scale = frame.width / 832;
  const blocks = Array.from({ length: 13 }, (_, i) => {
    return lumaAt(frame, Math.round((28 + 24 * i) * scale), Math.round((28 * frame.height) / 480)) > 128 ? 1 : 0;
  });
  const bits = blocks.slice(2, 10);
  expect([blocks[0], blocks[1], blocks[11], blocks[12]]).toEqual([1, 0, 0, 1]);
  expect((bits.reduce<number>((sum, bit) => sum + bit, 0) + (blocks[10] ?? 0)) % 2).toBe(1);
  return bits.reduce<number>((value, bit) => value * 2 + bit, 0);
}

describe('test-pattern', () => {
  it.each([
    [832, 480],
    [208, 120],
    [1280, 720],
    [1080, 1080],
  ])('numbers every frame of %i×%i', async (width, height) => {
    const { frames } = await serve({ width, height, duration_s: 1 });
    expect(frames.map(readCounter)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect(frames[0]?.data).toHaveLength((width * height * 3) / 2);
  });

  it('begins its counter again after 256', async () => {
    const { frames } = await serve({ width: 208, height: 120, duration_s: 258 / 24, frames_per_chunk: 64 });
    expect(frames.slice(254).map(readCounter)).toEqual([254, 255, 0, 1]);
  });

  it('yields chunks of the asked length, the last one what is left, with its own numbers', async () => {
    const { chunks } = await serve({
      width: 208,
      height: 120,
      duration_s: 3,
      frames_per_chunk: 32,
      delivery: 'lossless',
      queue_ms: 500,
    });
    expect(chunks.map(({ num_frames, first_frame }) => [num_frames, first_frame])).toEqual([
      [32, 0],
      [32, 32],
      [8, 64],
    ]);
    expect(chunks[0]).toMatchObject({ type: 'chunk', index: 0, fps: 24, delivery: 'lossless', queue_ms: 500 });
  });

  it.each([24, 30, 12.5, 23.976, 5])('flashes and beeps together at every full second of %d frames a second', async (fps) => {
    const { frames, pcm } = await serve({ width: 208, height: 120, fps, duration_s: 4 });
    const lit = frames.map((frame) => lumaAt(frame, 194, 14) > 128);
    const flashes = lit.flatMap((isLit, i) => (isLit && lit[i - 1] !== true ? [i] : []));
    expect(flashes).toEqual([0, 1, 2, 3].map((second) => Math.max(0, Math.ceil(second * fps - 1e-6))));
    const loud = (sample: number): boolean => Math.abs(pcm[sample] ?? 0) > 1000;
    for (const flash of flashes) {
      const start = Math.round((flash * 48_000) / fps);
      const length = Math.round(((flash + (fps < 12 ? 1 : 2)) * 48_000) / fps) - start;
      const heard = Array.from({ length: 9600 }, (_, i) => start + i).filter(loud);
      expect((heard[0] ?? Infinity) - start).toBeLessThan(24);
      expect((heard.at(-1) ?? Infinity) - start).toBeGreaterThan(Math.min(length, 9600) - 40);
      expect((heard.at(-1) ?? Infinity) - start).toBeLessThan(length);
    }
    expect(pcm).toHaveLength(Math.round((frames.length * 48_000) / fps));
  });

  it('gives the same sound in whatever pieces', () => {
    const whole = soundOf(0, 100, 23.976);
    const pieces = Array.from({ length: 25 }, (_, i) => [...soundOf(i * 4, 4, 23.976)]).flat();
    expect(pieces).toEqual([...whole]);
  });

  it('keeps its pace with a speed, and twice that with twice the speed', async () => {
    for (const speed of [1, 2]) {
      const began = performance.now();
      const { frames } = await serve({ width: 208, height: 120, duration_s: 0.5, speed });
      expect(frames).toHaveLength(12);
      const expectedMs = (11 * 1000) / 24 / speed;
      expect(performance.now() - began).toBeGreaterThan(expectedMs - 5);
      expect(performance.now() - began).toBeLessThan(expectedMs + 250);
    }
  });

  it('draws a frame in far less than a millisecond', () => {
    const card = new TestCard(832, 480);
    const picture = new Uint8Array((832 * 480 * 3) / 2);
    const moment = { isFlash: true, ofSecond: 0.5, mediaTime: '00:00:00', wallTime: '00:00:00.000' };
    const draw = (): number => {
      const began = performance.now();
      for (let frame = 0; frame < 100; frame += 1) card.drawInto(picture, { ...moment, frame });
      return (performance.now() - began) / 100;
    };
    draw();
    // The best of several: others use the machine too.
    expect(Math.min(...Array.from({ length: 5 }, draw))).toBeLessThan(1);
  });

  it('says at the start what it delivers, when the operator asked for it', () => {
    const { delivery, queueMs, defaultFps } = getService({
      gpuNum: 1,
      options: { delivery: 'latest', queue_ms: '200', fps: '30' },
      reportProgress: () => undefined,
    });
    expect({ delivery, queueMs, defaultFps }).toEqual({ delivery: 'latest', queueMs: 200, defaultFps: 30 });
  });
});
