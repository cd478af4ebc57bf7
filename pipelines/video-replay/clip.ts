/**
 * Reads a whole video file into memory, as pictures that are ready to be yielded and sound beside them.
 */
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Decoder, Demuxer, FilterAPI, type Frame } from 'node-av';
import { JpegEncoder } from './jpeg-encoder.ts';

/** The clip the repository ships; `README.md` has its measures. */
export const DEFAULT_CLIP = fileURLToPath(new URL('clip.mp4', import.meta.url));

const MAX_SECONDS = 120;
const MAX_PICTURE_BYTES = 512 * 1024 * 1024;
const MAX_WIDTH = 1920;
const MAX_HEIGHT = 1080;
const MAX_FPS = 60;
const FALLBACK_FPS = 25;
/** Hz. */
export const SAMPLE_RATE = 48_000;

export interface ClipSound {
  /** Interleaved; exactly as long as the pictures play. */
  readonly pcm: Int16Array;
  readonly channels: 1 | 2;
}

export interface Clip {
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  /** Frames a second, constant. */
  readonly fps: number;
  /** JPEG (full-range BT.601, 4:2:0), at least one. */
  readonly pictures: readonly Uint8Array[];
  readonly sound?: ClipSound;
}

/**
 * Decodes a file. What is beyond two minutes, or beyond 512 MiB of pictures, is left out with a printed warning.
 *
 * @throws Error with one line about what is wrong with the file
 */
export async function loadClip(path: string): Promise<Clip> {
  await access(path).catch(() => {
    throw new Error(
      `there is no video file that can be read at ${path}; -o clip=PATH names one, and --asset PATH lets the pipeline read it`,
    );
  });
  const demuxer = await Demuxer.open(path).catch((error: unknown) => {
    throw new Error(`${path} is no video FFmpeg can read (${error instanceof Error ? error.message : String(error)})`);
  });
  try {
    return await decodeClip(demuxer, path);
  } finally {
    await demuxer.close();
  }
}

async function decodeClip(demuxer: Demuxer, path: string): Promise<Clip> {
  const videoStream = demuxer.video();
  if (videoStream === undefined) throw new Error(`${path} has no picture in it`);
  const audioStream = demuxer.audio();
  const rate = usableRate(videoStream.avgFrameRate) ?? usableRate(videoStream.rFrameRate) ?? { num: FALLBACK_FPS, den: 1 };
  const channels = audioStream === undefined || audioStream.codecpar.channels > 1 ? 2 : 1;

  const pictures = new PictureSink(rate.num / rate.den);
  const sound: Int16Array[] = [];
  const video = new Branch(await Decoder.create(videoStream), FilterAPI.create(videoFilter(rate, demuxer.startTime)), (frame) =>
    pictures.add(frame),
  );
  const audio =
    audioStream === undefined
      ? undefined
      : new Branch(await Decoder.create(audioStream), FilterAPI.create(audioFilter(channels, demuxer.startTime)), (frame) => {
          sound.push(samplesOf(frame, channels));
          return Promise.resolve();
        });
  try {
    for await (const packet of demuxer.packets()) {
      if (packet === null) break;
      try {
        if (packet.streamIndex === videoStream.index) await video.decode(packet);
        else if (packet.streamIndex === audioStream?.index) await audio?.decode(packet);
      } finally {
        packet.free();
      }
      if (pictures.full) break;
    }
    if (!pictures.full) await video.finish();
    await audio?.finish();
    return pictures.toClip(path, sound, channels);
  } finally {
    video.close();
    audio?.close();
    pictures.close();
  }
}

/** A decoder with its filter, feeding a sink. */
class Branch {
  readonly #decoder: Decoder;
  readonly #filter: FilterAPI;
  readonly #sink: (frame: Frame) => Promise<void>;

  constructor(decoder: Decoder, filter: FilterAPI, sink: (frame: Frame) => Promise<void>) {
    this.#decoder = decoder;
    this.#filter = filter;
    this.#sink = sink;
  }

  async decode(packet: Parameters<Decoder['decodeAll']>[0]): Promise<void> {
    for (const frame of await this.#decoder.decodeAll(packet)) {
      using decoded = frame;
      await this.#drain(await this.#filter.processAll(decoded));
    }
  }

  async finish(): Promise<void> {
    await this.decode(null);
    await this.#drain(await this.#filter.processAll(null));
  }

  close(): void {
    this.#filter.close();
    this.#decoder.close();
  }

  async #drain(frames: readonly Frame[]): Promise<void> {
    for (const frame of frames) {
      using filtered = frame;
      await this.#sink(filtered);
    }
  }
}

class PictureSink {
  readonly #fps: number;
  readonly #jpeg = new JpegEncoder();
  readonly #pictures: Uint8Array[] = [];
  #bytes = 0;
  #width = 0;
  #height = 0;

  constructor(fps: number) {
    this.#fps = fps;
  }

  /** Whether a limit is reached. */
  get full(): boolean {
    return this.#pictures.length >= MAX_SECONDS * this.#fps || this.#bytes >= MAX_PICTURE_BYTES;
  }

  async add(frame: Frame): Promise<void> {
    if (this.full) return;
    this.#width = frame.width;
    this.#height = frame.height;
    const picture = await this.#jpeg.encode(frame);
    this.#bytes += picture.length;
    this.#pictures.push(picture);
  }

  toClip(path: string, sound: readonly Int16Array[], channels: 1 | 2): Clip {
    const pictures = this.#pictures;
    if (pictures.length === 0) throw new Error(`${path} has no picture that can be decoded`);
    if (this.full) console.warn(`${path} is long: only its first ${(pictures.length / this.#fps).toFixed(1)} s are played`);
    const clip = { width: this.#width, height: this.#height, fps: this.#fps, pictures };
    if (sound.length === 0) return clip;
    // Silence fills up what the sound is shorter; what it is longer is left out. So that the loop has one length.
    const pcm = new Int16Array(Math.round((pictures.length / this.#fps) * SAMPLE_RATE) * channels);
    let offset = 0;
    for (const piece of sound) {
      const fitting = piece.subarray(0, pcm.length - offset);
      pcm.set(fitting, offset);
      offset += fitting.length;
    }
    return { ...clip, sound: { pcm, channels } };
  }

  close(): void {
    this.#jpeg.close();
  }
}

function usableRate({ num, den }: { readonly num: number; readonly den: number }): { num: number; den: number } | undefined {
  const fps = num / den;
  if (!Number.isFinite(fps) || fps < 1) return undefined;
  return fps > MAX_FPS ? { num: MAX_FPS, den: 1 } : { num, den };
}

function videoFilter(rate: { readonly num: number; readonly den: number }, startSeconds: number): string {
  const fit = `w='min(iw,${MAX_WIDTH})':h='min(ih,${MAX_HEIGHT})':force_original_aspect_ratio=decrease:force_divisible_by=2`;
  return `setpts=${fromZero(startSeconds)},fps=fps=${rate.num}/${rate.den}:start_time=0,scale=${fit}:out_range=full:out_color_matrix=bt601,format=yuv420p`;
}

/** Some containers count from another moment than zero; picture and sound are moved by the same, so that they stay in step. */
function fromZero(startSeconds: number): string {
  return Number.isFinite(startSeconds) && startSeconds !== 0 ? `PTS-(${startSeconds})/TB` : 'PTS';
}

function audioFilter(channels: 1 | 2, startSeconds: number): string {
  const layout = channels === 1 ? 'mono' : 'stereo';
  // `async` with `first_pts` puts silence where the file has a gap, also before its first sample, so that lips stay in step.
  return `asetpts=${fromZero(startSeconds)},aresample=${SAMPLE_RATE}:async=1:first_pts=0,aformat=sample_fmts=s16:channel_layouts=${layout}`;
}

function samplesOf(frame: Frame, channels: 1 | 2): Int16Array {
  const plane = frame.data?.[0];
  if (plane === undefined) return new Int16Array();
  const bytes = Uint8Array.from(plane.subarray(0, frame.nbSamples * channels * 2));
  return new Int16Array(bytes.buffer);
}
