/**
 * Server push: plays a video file with its sound. See README.md for what a client may ask.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GetServiceOptions, PipelineChunk, ServerPushService, ServeRequest } from 'telefuser-stream/pipeline';
import { DEFAULT_CLIP, loadClip, SAMPLE_RATE, type Clip } from './clip.ts';
import { CONFIG_SCHEMA, readReplayRequest } from './replay-request.ts';

const FRAMES_PER_CHUNK = 32;
/** In realtime mode a chunk is yielded this long before its first frame is due, so that the viewer never runs dry in between. */
const LEAD_SECONDS = 0.25;

export class VideoReplayService implements ServerPushService {
  readonly about = {
    name: 'Video replay',
    description: 'Plays a video file with its sound.',
    controls: [],
    inputs: ['prompt'],
  };
  readonly configSchema = CONFIG_SCHEMA;
  readonly #path: string;
  #clip: Clip | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Known once the clip is loaded. */
  get defaultFps(): number | undefined {
    return this.#clip?.fps;
  }

  async start(): Promise<void> {
    this.#clip = await loadClip(this.#path);
    const { width, height, fps, pictures, sound } = this.#clip;
    const seconds = (pictures.length / fps).toFixed(1);
    console.log(
      `${this.#path}: ${pictures.length} frames, ${width}x${height}, ${fps} fps, ${seconds} s, sound: ${describeSound(sound)}`,
    );
  }

  stop(): void {
    this.#clip = undefined;
  }

  async *serve(request: ServeRequest): AsyncGenerator<PipelineChunk, void, undefined> {
    const clip = this.#clip;
    if (clip === undefined) throw new Error('the clip is not loaded');
    const { prompt, frames, realtime } = readReplayRequest(request, clip.fps, clip.pictures.length);
    const startedAt = performance.now();
    for (let first = 0, index = 0; first < frames; first += FRAMES_PER_CHUNK, index += 1) {
      const count = Math.min(FRAMES_PER_CHUNK, frames - first);
      // Anchored to the start: a late wake-up delays one chunk and not all that follow.
      if (realtime) await sleepUntil(startedAt + (first / clip.fps - LEAD_SECONDS) * 1000);
      yield {
        type: 'chunk',
        index,
        frames: Array.from({ length: count }, (_, i) => clip.pictures[(first + i) % clip.pictures.length] ?? new Uint8Array()),
        num_frames: count,
        fps: clip.fps,
        resolution: `${clip.width}x${clip.height}`,
        prompt,
        timestamp: Date.now() / 1000,
        ...soundOf(clip, first, count),
      };
    }
  }
}

/** The sound that belongs to the frames, from a clip that repeats for ever. */
function soundOf(clip: Clip, firstFrame: number, frames: number): Partial<PipelineChunk> {
  const { sound, fps } = clip;
  if (sound === undefined) return {};
  const { pcm, channels } = sound;
  const length = pcm.length / channels;
  // Rounded from the start each time, so that slices neither overlap nor leave a sample out.
  const begin = Math.round((firstFrame / fps) * SAMPLE_RATE);
  const end = Math.round(((firstFrame + frames) / fps) * SAMPLE_RATE);
  const audio = new Int16Array((end - begin) * channels);
  for (let position = begin; position < end;) {
    const from = position % length;
    const take = Math.min(length - from, end - position);
    audio.set(pcm.subarray(from * channels, (from + take) * channels), (position - begin) * channels);
    position += take;
  }
  return { audio, audio_sample_rate: SAMPLE_RATE, audio_channels: channels };
}

function describeSound(sound: Clip['sound']): string {
  if (sound === undefined) return 'none';
  return sound.channels === 2 ? 'stereo' : 'mono';
}

async function sleepUntil(at: number): Promise<void> {
  const wait = at - performance.now();
  if (wait > 0) await sleep(wait);
}

export function getService({ options }: GetServiceOptions): VideoReplayService {
  const { clip = DEFAULT_CLIP, ...unknown } = options;
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw new Error(`there is no option ${name}; there is clip`);
  return new VideoReplayService(clip);
}
