/**
 * Server push: a test card with a frame counter, clocks, and a flash and a beep at every full second. See README.md for its measures and for
 * what a client may ask.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GetServiceOptions, PipelineChunk, ServerPushService, ServeRequest } from 'telefuser-stream/pipeline';
import { CONFIG_SCHEMA, readOptions, readRequest, type PatternOptions } from './pattern-request.ts';
import { TestCard } from './test-card.ts';

const SAMPLE_RATE = 48_000;
const BEEP_HERTZ = 1000;
/** −10 dBFS. */
const BEEP_LEVEL = 0.316;
/** A millisecond of ramp at either end keeps the beep from clicking. */
const RAMP_SAMPLES = 48;
/** A frame's time may miss a full second by this much only because numbers are rounded. */
const ROUNDING = 1e-6;

export class TestPatternService implements ServerPushService {
  readonly about = {
    name: 'Test pattern',
    description: 'A frame counter and clocks, with a flash and a beep at every full second.',
    controls: [],
    inputs: [],
  };
  readonly configSchema = CONFIG_SCHEMA;
  readonly defaultFps: number | undefined;
  readonly delivery: 'lossless' | 'latest' | undefined;
  readonly queueMs: number | undefined;
  readonly #options: PatternOptions;

  constructor(options: PatternOptions) {
    this.#options = options;
    this.defaultFps = options.fps;
    this.delivery = options.delivery;
    this.queueMs = options.queue_ms;
  }

  async *serve(request: ServeRequest): AsyncGenerator<PipelineChunk, void, undefined> {
    const { width, height, fps, frames, framesPerChunk, speed, delivery, queueMs } = readRequest(request, this.#options);
    const card = new TestCard(width, height);
    // They are read before this generator is resumed.
    const pictures = Array.from({ length: framesPerChunk }, () => new Uint8Array((width * height * 3) / 2));
    const startedAt = performance.now();
    for (let first = 0, index = 0; first < frames; first += framesPerChunk, index += 1) {
      if (speed > 0) await sleepUntil(startedAt + (first * 1000) / fps / speed);
      const drawn = pictures.slice(0, frames - first);
      const wallTime = new Date().toISOString().slice(11, 23);
      drawn.forEach((picture, i) => {
        const frame = first + i;
        const { ofSecond, isFlash } = placeInSecond(frame, fps);
        card.drawInto(picture, { frame, isFlash, ofSecond, mediaTime: mediaTimeOf(frame, fps), wallTime });
      });
      yield {
        type: 'chunk',
        index,
        frames: drawn.map((data) => ({ format: 'I420' as const, width, height, data })),
        fps,
        first_frame: first,
        num_frames: drawn.length,
        timestamp: Date.now() / 1000,
        audio: soundOf(first, drawn.length, fps),
        audio_sample_rate: SAMPLE_RATE,
        ...(delivery === undefined ? {} : { delivery }),
        ...(queueMs === undefined ? {} : { queue_ms: queueMs }),
      };
    }
  }
}

/** The first frame whose time is not before a full second. */
function firstFrameOf(second: number, fps: number): number {
  return Math.max(0, Math.ceil(second * fps - ROUNDING));
}

function flashFrames(fps: number): number {
  return fps < 12 ? 1 : 2;
}

function placeInSecond(frame: number, fps: number): { readonly ofSecond: number; readonly isFlash: boolean } {
  const second = Math.floor(frame / fps + ROUNDING);
  return { ofSecond: Math.max(0, frame / fps - second), isFlash: frame - firstFrameOf(second, fps) < flashFrames(fps) };
}

/** Minutes, seconds and frames. */
function mediaTimeOf(frame: number, fps: number): string {
  const second = Math.floor(frame / fps + ROUNDING);
  const parts = [Math.floor(second / 60) % 100, second % 60, frame - firstFrameOf(second, fps)];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** Where a frame begins in the sound. Rounded from the start each time, so that slices neither overlap nor leave a sample out. */
function sampleOf(frame: number, fps: number): number {
  return Math.round((frame * SAMPLE_RATE) / fps);
}

/** The sound of some frames: silence, and a beep from the first sample to the last of each flash. */
export function soundOf(first: number, count: number, fps: number): Int16Array {
  const begin = sampleOf(first, fps);
  const pcm = new Int16Array(sampleOf(first + count, fps) - begin);
  const lastSecond = Math.floor((first + count) / fps + ROUNDING);
  for (let second = Math.max(0, Math.floor(first / fps) - 1); second <= lastSecond; second += 1) {
    const flash = firstFrameOf(second, fps);
    const from = sampleOf(flash, fps);
    const to = sampleOf(flash + flashFrames(fps), fps);
    for (let sample = Math.max(from, begin); sample < Math.min(to, begin + pcm.length); sample += 1) {
      const gate = Math.min(1, (sample - from) / RAMP_SAMPLES, (to - sample) / RAMP_SAMPLES);
      const wave = Math.sin((2 * Math.PI * BEEP_HERTZ * (sample - from)) / SAMPLE_RATE);
      pcm[sample - begin] = Math.round(32_767 * BEEP_LEVEL * gate * wave);
    }
  }
  return pcm;
}

async function sleepUntil(at: number): Promise<void> {
  const wait = at - performance.now();
  if (wait > 0) await sleep(wait);
}

export function getService({ options }: GetServiceOptions): TestPatternService {
  return new TestPatternService(readOptions(options));
}
