/** Chunks by recipe: the tests say in the request what a pipeline shall yield, so that what is sent stands beside what is expected. */
import { setTimeout as sleep } from 'node:timers/promises';
import sharp, { type Sharp } from 'sharp';
import type { PipelineChunk, PipelineFrame } from 'telefuser-stream/pipeline';

export type Colour = readonly [red: number, green: number, blue: number];

export interface FramesStep {
  readonly count: number;
  readonly format: 'I420' | 'RGB24' | 'RGBA' | 'jpeg' | 'jpeg-bytes' | 'png' | 'undecodable';
  readonly width: number;
  readonly height: number;
  readonly colour: Colour;
  readonly fps?: number;
}

export interface AudioStep {
  readonly ms: number;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** As base64 instead of bytes. */
  readonly base64?: boolean;
}

/** One thing a pipeline does; several keys of a yield go into one chunk. */
export interface Step {
  readonly frames?: FramesStep;
  readonly audio?: AudioStep;
  /** Further fields of the chunk. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Puts the media into a nested `data` object. */
  readonly nested?: boolean;
  /** How often; 0 is for ever. */
  readonly repeat?: number;
  /** Milliseconds between two yields; default none. */
  readonly everyMs?: number;
  /** Yields this as it is, whatever it is. */
  readonly garbage?: unknown;
  readonly throw?: string;
  readonly exit?: number;
  readonly hang?: boolean;
  /** Keeps the whole process busy for this long, milliseconds. */
  readonly spin?: number;
  /** Takes so much memory, MiB, and keeps it. */
  readonly allocate?: number;
  /** Yields what happened in the pipeline so far. */
  readonly report?: boolean;
}

/** What happened in this process, for the tests to ask about. */
export const events: string[] = [];

/** Carries the steps out one after the other. */
export async function* play(steps: readonly Step[]): AsyncGenerator<PipelineChunk, void, undefined> {
  let index = 0;
  for (const step of steps) {
    if (step.throw !== undefined) throw new Error(step.throw);
    if (step.exit !== undefined) process.exit(step.exit);
    if (step.hang === true) await new Promise(() => undefined);
    if (step.spin !== undefined) for (const end = performance.now() + step.spin; performance.now() < end;);
    if (step.allocate !== undefined) await allocate(step.allocate);
    const chunk = 'garbage' in step ? (step.garbage as PipelineChunk) : await build(step);
    for (let count = 0; step.repeat === 0 || count < (step.repeat ?? 1); count += 1) {
      if (step.everyMs !== undefined) await sleep(step.everyMs);
      if (step.report === true) yield { events: [...events] };
      else yield 'garbage' in step ? chunk : { ...chunk, index: index++ };
    }
  }
}

const kept: Buffer[] = [];

/** In pieces, with a breath after each, as a model does that grows with what it is fed. */
async function allocate(mebibytes: number): Promise<void> {
  for (let piece = 0; piece < mebibytes; piece += 16) {
    kept.push(Buffer.alloc(16 * 1024 * 1024, 1));
    await sleep(5);
  }
}

async function build({ frames, audio, fields, nested }: Step): Promise<PipelineChunk> {
  const media = { ...(frames === undefined ? {} : await buildFrames(frames)), ...(audio === undefined ? {} : buildAudio(audio)) };
  return nested === true ? { type: 'chunk', ...fields, data: media } : { type: 'chunk', ...fields, ...media };
}

async function buildFrames({ count, format, width, height, colour, fps }: FramesStep): Promise<PipelineChunk> {
  const repeated = <T>(item: T): T[] => Array.from({ length: count }, () => item);
  const pace = fps === undefined ? {} : { fps };
  switch (format) {
    case 'jpeg':
      return {
        frames_b64: repeated((await encode(width, height, colour).jpeg({ quality: 95 }).toBuffer()).toString('base64')),
        ...pace,
      };
    case 'jpeg-bytes':
      return { frames: repeated(await encode(width, height, colour).jpeg({ quality: 95 }).toBuffer()), ...pace };
    case 'png':
      return { frames_b64: repeated((await encode(width, height, colour).png().toBuffer()).toString('base64')), ...pace };
    case 'undecodable':
      return { frames_b64: repeated(Buffer.from('this is no picture').toString('base64')), ...pace };
    case 'I420':
    case 'RGB24':
    case 'RGBA':
      return { frames: repeated(rawFrame(format, width, height, colour)), ...pace };
  }
}

function encode(width: number, height: number, [r, g, b]: Colour): Sharp {
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
}

function rawFrame(format: 'I420' | 'RGB24' | 'RGBA', width: number, height: number, colour: Colour): PipelineFrame {
  if (format === 'I420') return { format, width, height, data: i420(width, height, colour) };
  const pixel = format === 'RGBA' ? [...colour, 255] : [...colour];
  return { format, width, height, data: Buffer.alloc(width * height * pixel.length, Buffer.from(pixel)) };
}

/** Limited-range BT.601 (ITU-R BT.601-7, section 2.5). */
function i420(width: number, height: number, [red, green, blue]: Colour): Buffer {
  const luma = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255;
  const cb = 128 + (-37.797 * red - 74.203 * green + 112 * blue) / 255;
  const cr = 128 + (112 * red - 93.786 * green - 18.214 * blue) / 255;
  const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
  return Buffer.concat([
    Buffer.alloc(width * height, Math.round(luma)),
    Buffer.alloc(chroma, Math.round(cb)),
    Buffer.alloc(chroma, Math.round(cr)),
  ]);
}

/** A 440 Hz tone at half scale. */
function buildAudio({ ms, sampleRate, channels, base64 }: AudioStep): PipelineChunk {
  const samples = Math.round((ms * sampleRate) / 1000);
  const pcm = Int16Array.from({ length: samples * channels }, (_, position) => {
    return Math.round(16_000 * Math.sin((2 * Math.PI * 440 * Math.floor(position / channels)) / sampleRate));
  });
  const format = { audio_sample_rate: sampleRate, audio_channels: channels };
  return base64 === true ? { audio_b64: Buffer.from(pcm.buffer).toString('base64'), ...format } : { audio: pcm, ...format };
}
