import sharp from 'sharp';
import { waitFor } from './condition.ts';
import type { FrameRecord, ProbePage } from './probe-page.ts';

/** What pipelines/world says of a chunk or a stage of its work (its README has the list). */
export interface WorldMessage {
  readonly type: string;
  readonly rtp_timestamp?: number;
  readonly data?: {
    readonly type?: string;
    readonly stage?: string;
    readonly index?: number;
    readonly controls?: readonly string[];
    readonly applied_controls?: readonly string[];
    readonly [field: string]: unknown;
  };
}

/** A decoded picture: RGB, one byte each. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly png: Buffer;
}

/** How long a chunk may take on a busy machine. */
const CHUNK_TIMEOUT_MS = 20_000;
const RTP_MODULUS = 2 ** 32;

/** Whoever walks through pipelines/world in Chromium. */
export class WorldViewer implements AsyncDisposable {
  readonly probe: ProbePage;
  readonly handle: number;

  private constructor(probe: ProbePage, handle: number) {
    this.probe = probe;
    this.handle = handle;
  }

  /** Opens a session and waits for its first picture. `config` is the offer's. */
  static async open(probe: ProbePage, config: Readonly<Record<string, unknown>>, prompt?: string): Promise<WorldViewer> {
    // Four places spread over the picture, to tell one view from another by.
    const areas = [
      { x: 100, y: 120, width: 96, height: 64 },
      { x: 300, y: 200, width: 96, height: 64 },
      { x: 520, y: 160, width: 96, height: 64 },
      { x: 640, y: 340, width: 96, height: 64 },
    ];
    const request = { config, ...(prompt === undefined ? {} : { prompt }) };
    const { handle } = await probe.openSession({ request, pictures: { counter: false, areas }, timeoutMs: CHUNK_TIMEOUT_MS });
    return new WorldViewer(probe, handle);
  }

  /** Closes the session: the next viewer is let in only then. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.probe.closeSession(this.handle);
  }

  async messages(): Promise<readonly WorldMessage[]> {
    return (await this.probe.recording(this.handle)).messages as readonly WorldMessage[];
  }

  async frames(): Promise<readonly FrameRecord[]> {
    return (await this.probe.recording(this.handle)).frames;
  }

  /** Sends a message, and says when: `performance.now()` of the page. */
  async send(message: Readonly<Record<string, unknown>>): Promise<number> {
    return this.probe.page.evaluate(
      ([handle, sent]) => {
        const sentMs = performance.now();
        globalThis.telefuserProbe.send(handle, sent);
        return sentMs;
      },
      [this.handle, message] as const,
    );
  }

  /** All keys that are held from now on. */
  hold(...controls: readonly string[]): Promise<number> {
    return this.send({ type: 'control_state', controls });
  }

  /** Walks for exactly one chunk: keys that are pressed and released before it begins count for it alone. Returns its message. */
  async step(...controls: readonly string[]): Promise<WorldMessage> {
    const before = await this.chunkCount();
    await this.hold(...controls);
    await this.hold();
    const chunk = await this.chunk(before);
    await waitFor(
      `chunk ${before} to be through`,
      async () => (await this.messages()).some(({ data }) => data?.stage === 'chunk_sent' && data.index === before),
      CHUNK_TIMEOUT_MS,
    );
    return chunk;
  }

  /** Chunks that have begun so far. */
  async chunkCount(): Promise<number> {
    return (await this.messages()).filter(({ data }) => data?.type === 'chunk').length;
  }

  chunk(index: number): Promise<WorldMessage> {
    return waitFor(
      `chunk ${index}`,
      async () => (await this.messages()).find(({ data }) => data?.type === 'chunk' && data.index === index),
      CHUNK_TIMEOUT_MS,
    );
  }

  /** The frame that a message speaks of: the first at or after its RTP time. */
  frameOf(message: WorldMessage): Promise<FrameRecord> {
    return waitFor(
      `the picture of chunk ${message.data?.index ?? -1}`,
      async () => (await this.frames()).find((frame) => rtpTicksBetween(message.rtp_timestamp ?? 0, frame.rtpTimestamp) >= 0),
      CHUNK_TIMEOUT_MS,
    );
  }

  /** The picture on the screen, once it stands still. */
  async still(): Promise<Picture> {
    let last = -1;
    await waitFor(
      'the picture to stand still',
      async () => {
        const { frames, nowMs } = await this.probe.recording(this.handle);
        const still = frames.length === last && nowMs - (frames.at(-1)?.arrivalMs ?? nowMs) > 400;
        last = frames.length;
        return still;
      },
      CHUNK_TIMEOUT_MS,
    );
    return this.picture();
  }

  /** The picture on the screen now. */
  async picture(): Promise<Picture> {
    const url = await this.probe.page.evaluate(() => {
      const element = document.querySelector('video');
      if (element === null) throw new Error('no video on the page');
      const canvas = document.createElement('canvas');
      canvas.width = element.videoWidth;
      canvas.height = element.videoHeight;
      canvas.getContext('2d')?.drawImage(element, 0, 0);
      return canvas.toDataURL('image/png');
    });
    const png = Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: data, png };
  }
}

/** By how many levels two pictures differ in the mean. */
export function meanDifference(first: Picture, second: Picture): number {
  if (first.pixels.length !== second.pixels.length) throw new Error('the pictures are of different sizes');
  let sum = 0;
  for (let index = 0; index < first.pixels.length; index += 1) {
    sum += Math.abs((first.pixels[index] ?? 0) - (second.pixels[index] ?? 0));
  }
  return sum / first.pixels.length;
}

/** Ticks from one RTP time to another, over the wrap. */
function rtpTicksBetween(from: number, to: number): number {
  const ticks = (to - from + RTP_MODULUS) % RTP_MODULUS;
  return ticks < RTP_MODULUS / 2 ? ticks : ticks - RTP_MODULUS;
}
