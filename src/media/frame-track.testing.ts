/** A track of pictures on real codecs, in simulated time, with a fake where the network is. */
import { setImmediate as turn } from 'node:timers/promises';
import sharp from 'sharp';
import { afterEach, beforeEach, vi } from 'vitest';
import type { DeliveryMode, EncodedPicture, Picture } from '../common/index.js';
import { FrameTrack, type ChunkMark, type FrameCounts, type FrameTimes } from './frame-track.js';
import { MediaClock } from './media-clock.js';
import { VideoEncoders } from './video-encoders.js';
import type { SendOptions, SendResult } from './webrtc/index.js';

export const FRAME_MS = 40;
/** What a picture takes to leave the pacer. */
export const SENDING_MS = 5;
export const GARBAGE: EncodedPicture = { kind: 'encoded', data: Buffer.from('no picture') };

export async function jpeg(width: number, height: number, background: string): Promise<EncodedPicture> {
  return {
    kind: 'encoded',
    data: await sharp({ create: { width, height, channels: 3, background } })
      .jpeg()
      .toBuffer(),
  };
}

export async function noise(width: number, height: number): Promise<EncodedPicture> {
  const image = sharp({
    create: { width, height, channels: 3, background: 'black', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  });
  return { kind: 'encoded', data: await image.jpeg({ quality: 85 }).toBuffer() };
}

export const red = await jpeg(64, 48, 'red');
export const large = await jpeg(96, 80, 'blue');

interface Sent {
  readonly data: Buffer;
  readonly rtpTimestamp: number;
  readonly atMs: number;
}

/** Stands where the network does; real codecs do the rest. */
class FakeOutbound {
  readonly clockRate = 90_000;
  readonly sent: Sent[] = [];
  /** What still waits for the network. */
  queuedMs = 0;
  /** What becomes of the frames. */
  result: SendResult = 'queued';
  /** Whether they are dropped after that. */
  drops = false;
  constructor(readonly codec: 'H264' | 'VP8') {}

  send(data: Buffer, rtpTimestamp: number, { onSent, onDropped }: SendOptions = {}): SendResult {
    if (this.result !== 'queued') return this.result;
    // Behind the caller's back, as it is.
    if (this.drops) queueMicrotask(() => onDropped?.());
    if (this.drops) return this.result;
    this.sent.push({ data, rtpTimestamp, atMs: performance.now() });
    onSent?.(performance.now() + SENDING_MS);
    return this.result;
  }

  /** The first NAL unit of a keyframe is an SPS (H.264); the lowest bit of a VP8 keyframe is 0. */
  get keyframes(): Sent[] {
    return this.sent.filter(({ data }) => (this.codec === 'H264' ? ((data[4] ?? 0) & 0x1f) === 7 : ((data[0] ?? 1) & 1) === 0));
  }
}

const tracks: FrameTrack[] = [];

/** Declares for the tests of a file that time is simulated, and that their tracks are closed with nothing left. */
export function simulateTime(): void {
  beforeEach(() => {
    // The codecs run in real threads; only what decides when they run is simulated.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(async () => {
    await Promise.all(tracks.splice(0).map((track) => track.close()));
    const timersLeft = vi.getTimerCount();
    vi.useRealTimers();
    if (timersLeft > 0) throw new Error(`${timersLeft} timers are left`);
  });
}

export function setUp({ codec = 'H264', encoders }: { codec?: 'H264' | 'VP8'; encoders?: VideoEncoders } = {}) {
  const outbound = new FakeOutbound(codec);
  const rate = { bitrate: 500_000 };
  const refused: string[] = [];
  const reports: { readonly times: FrameTimes; readonly first: ChunkMark | undefined }[] = [];
  const clock = new MediaClock(performance.now(), 0);
  const track = new FrameTrack(
    outbound,
    clock,
    rate,
    {
      pictureRefused: (message) => refused.push(message),
      pictureSent: (times, first) => reports.push({ times, first }),
    },
    { codec, profile: 'latency', h264Profile: 'baseline', intraRefreshSeconds: 0 },
    encoders ?? new VideoEncoders([codec], 'off'),
  );
  tracks.push(track);
  /** A chunk of one place. */
  const enqueue = (pictures: readonly Picture[], startMs: number, frameMs: number, delivery: DeliveryMode): void =>
    track.enqueue(pictures, startMs, frameMs, delivery, { routedAtMs: performance.now() });
  return { track, enqueue, outbound, rate, refused, reports };
}

export function totalOf({ sent, queued, dropped }: FrameCounts): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, sent + queued);
}

/** What the codecs' threads may take on a busy machine; by the real clock, which is not simulated. */
const WORK_TIMEOUT_MS = 20_000;

/** Lets the codecs' threads work until `condition` holds, while simulated time stands still. */
export async function until(condition: () => boolean): Promise<void> {
  const endsAtMs = Date.now() + WORK_TIMEOUT_MS;
  while (Date.now() < endsAtMs) {
    if (condition()) return;
    await turn();
  }
  throw new Error(`never came: ${String(condition)}`);
}

/** Simulated time passes in steps of a millisecond or more; work that falls due in a step is done before the next. */
export async function pass(track: FrameTrack, durationMs: number, stepMs = 10): Promise<void> {
  for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
    await vi.advanceTimersByTimeAsync(stepMs);
    await idle(track);
  }
}

/** Until no picture is in hand. */
export async function idle(track: FrameTrack): Promise<void> {
  await until(() => Reflect.get(track, 'working') === undefined);
}
