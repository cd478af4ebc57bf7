import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import sharp from 'sharp';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeliveryMode, EncodedPicture, Picture } from '../common/index.js';
import { VideoDecoder } from './codec/index.js';
import { FrameTrack, type ChunkMark, type FrameCounts, type FrameTimes } from './frame-track.js';
import { MediaClock } from './media-clock.js';
import { VideoEncoders } from './video-encoders.js';
import type { SendOptions, SendResult } from './webrtc/index.js';

const FRAME_MS = 40;
/** What a picture takes to leave the pacer. */
const SENDING_MS = 5;
const GARBAGE: EncodedPicture = { kind: 'encoded', data: Buffer.from('no picture') };

async function jpeg(width: number, height: number, background: string): Promise<EncodedPicture> {
  return {
    kind: 'encoded',
    data: await sharp({ create: { width, height, channels: 3, background } })
      .jpeg()
      .toBuffer(),
  };
}

async function noise(width: number, height: number): Promise<EncodedPicture> {
  const image = sharp({
    create: { width, height, channels: 3, background: 'black', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  });
  return { kind: 'encoded', data: await image.jpeg({ quality: 85 }).toBuffer() };
}

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

let red: EncodedPicture;
let large: EncodedPicture;
const tracks: FrameTrack[] = [];

beforeAll(async () => {
  red = await jpeg(64, 48, 'red');
  large = await jpeg(96, 80, 'blue');
});
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

function setUp({ codec = 'H264', encoders }: { codec?: 'H264' | 'VP8'; encoders?: VideoEncoders } = {}) {
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

function totalOf({ sent, queued, dropped }: FrameCounts): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, sent + queued);
}

/** Lets the codecs' threads work until `condition` holds, while simulated time stands still. */
async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 50_000; turns += 1) {
    if (condition()) return;
    await turn();
  }
  throw new Error(`never came: ${String(condition)}`);
}

/** Simulated time passes in steps of a millisecond or more; work that falls due in a step is done before the next. */
async function pass(track: FrameTrack, durationMs: number, stepMs = 10): Promise<void> {
  for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
    await vi.advanceTimersByTimeAsync(stepMs);
    await idle(track);
  }
}

/** Until no picture is in hand. */
async function idle(track: FrameTrack): Promise<void> {
  await until(() => Reflect.get(track, 'working') === undefined);
}

describe('FrameTrack', { timeout: 30_000 }, () => {
  it('sends each picture once, in order, at its media time, the first as a keyframe', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue(
      Array.from({ length: 10 }, () => red),
      100,
      FRAME_MS,
      'lossless',
    );
    await pass(track, 90);
    expect(outbound.sent).toHaveLength(0);
    await pass(track, 500);
    await track.drained();
    expect(track.counts).toMatchObject({ received: 10, sent: 10, queued: 0, keyframes: 1 });
    expect(outbound.sent).toHaveLength(10);
    expect(outbound.keyframes).toEqual([outbound.sent[0]]);
    const first = outbound.sent[0]?.rtpTimestamp ?? 0;
    expect(first).toBe(track.rtpTimestamp(100));
    expect(outbound.sent.map(({ rtpTimestamp }) => (rtpTimestamp - first) >>> 0)).toEqual(
      Array.from({ length: 10 }, (_, index) => index * FRAME_MS * 90),
    );
  });

  it('accounts for pictures that cannot be decoded, says so at most once a second, and shows the others', async () => {
    const { track, enqueue, outbound, refused } = setUp();
    enqueue([red, GARBAGE, red, GARBAGE, GARBAGE, red], 0, FRAME_MS, 'lossless');
    await pass(track, 300);
    expect(track.counts).toMatchObject({ received: 6, sent: 3, queued: 0, dropped: { undecodable: 3, failed: 0 } });
    expect(outbound.sent).toHaveLength(3);
    expect(refused).toHaveLength(1);
    enqueue([GARBAGE], 1500, FRAME_MS, 'lossless');
    await pass(track, 1300);
    expect(refused).toHaveLength(2);
  });

  it('does nothing at all while there is no new picture', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue([red], 0, FRAME_MS, 'lossless');
    await pass(track, 50);
    expect(outbound.sent).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(outbound.sent).toHaveLength(1);
  });

  it('sends the held picture again as a keyframe when one is asked for, once, at the media time of then', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue([red], 0, FRAME_MS, 'lossless');
    await pass(track, 1000);
    track.requestKeyframe();
    track.requestKeyframe();
    await pass(track, 2000);
    expect(outbound.sent).toHaveLength(2);
    expect(outbound.keyframes).toHaveLength(2);
    const [first, second] = outbound.sent;
    const laterMs = (((second?.rtpTimestamp ?? 0) - (first?.rtpTimestamp ?? 0)) >>> 0) / 90;
    expect(laterMs).toBeGreaterThan(1000);
    expect(laterMs).toBeLessThan(1200);
    expect(track.counts).toMatchObject({ received: 1, sent: 1, queued: 0, keyframes: 2 });
  });

  it('answers a request within the keyframe interval when the interval is over, though no picture comes any more', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue([red], 0, FRAME_MS, 'lossless');
    await pass(track, 20);
    track.requestKeyframe();
    await pass(track, 470);
    expect(outbound.keyframes).toHaveLength(1);
    await pass(track, 150);
    expect(outbound.keyframes).toHaveLength(2);
    expect(outbound.sent).toHaveLength(2);
  });

  it('has nothing to send again before its first picture', async () => {
    const { track, outbound } = setUp();
    track.requestKeyframe();
    await pass(track, 1000);
    expect(outbound.sent).toHaveLength(0);
    expect(track.counts).toMatchObject({ received: 0, sent: 0, queued: 0, keyframes: 0 });
  });

  it('makes no more than two keyframes a second, however often they are asked for', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue(
      Array.from({ length: 75 }, () => red),
      0,
      FRAME_MS,
      'lossless',
    );
    for (let passedMs = 0; passedMs < 3000; passedMs += 10) {
      track.requestKeyframe();
      await pass(track, 10);
    }
    const times = outbound.keyframes.map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThanOrEqual(5);
    times.slice(1).forEach((atMs, index) => expect(atMs - (times[index] ?? 0)).toBeGreaterThanOrEqual(500));
    // Pictures were flowing, so none of them had to be a held one.
    expect(outbound.sent).toHaveLength(75);
  });

  it.each(['H264', 'VP8'] as const)('begins again with a keyframe when the size changes, in %s', async (codec) => {
    const { track, enqueue, outbound } = setUp({ codec });
    enqueue([red, red, large, large, red], 0, FRAME_MS, 'lossless');
    await pass(track, 300);
    expect(track.counts).toMatchObject({ received: 5, sent: 5, queued: 0, keyframes: 3 });
    const decoder = await VideoDecoder.open(codec);
    try {
      const sizes: string[] = [];
      for (const { data } of outbound.sent) {
        for (const { width, height } of await decoder.decode(data)) sizes.push(`${width}x${height}`);
      }
      expect(sizes).toEqual(['64x48', '64x48', '96x80', '96x80', '64x48']);
    } finally {
      decoder.close();
    }
  });

  it('follows a new bitrate, with a keyframe only where the codec needs one', async () => {
    for (const [codec, keyframes] of [
      ['H264', 1],
      ['VP8', 2],
    ] as const) {
      const { track, enqueue, rate } = setUp({ codec });
      enqueue([red, red, red], 0, FRAME_MS, 'lossless');
      await pass(track, 60);
      rate.bitrate = 200_000;
      await pass(track, 200);
      expect(track.counts).toMatchObject({ sent: 3, keyframes });
    }
  });

  it('opens an encoder that cannot follow again for a rise that lasts, and not for small steps', async () => {
    const { track, enqueue, rate } = setUp({ codec: 'VP8' });
    enqueue(
      Array.from({ length: 125 }, () => red),
      0,
      FRAME_MS,
      'lossless',
    );
    await pass(track, 100);
    rate.bitrate = 560_000;
    await pass(track, 1000);
    rate.bitrate = 450_000;
    await pass(track, 1000);
    expect(track.counts.keyframes).toBe(1);
    rate.bitrate = 800_000;
    await pass(track, 500);
    expect(track.counts.keyframes).toBe(1);
    await pass(track, 1000);
    expect(track.counts.keyframes).toBe(2);
    await pass(track, 2000);
    expect(track.counts).toMatchObject({ sent: 125, keyframes: 2 });
  });

  it('catches up with lossless, but leaves out what is too late for any viewer, and counts it', async () => {
    const { track, enqueue } = setUp();
    enqueue(
      Array.from({ length: 30 }, () => red),
      0,
      FRAME_MS,
      'lossless',
    );
    await idle(track);
    // The process stands still for 800 ms.
    await vi.advanceTimersByTimeAsync(800);
    await pass(track, 1000);
    const { received, sent, queued, dropped } = track.counts;
    expect({ received, queued }).toEqual({ received: 30, queued: 0 });
    expect(sent + dropped.late).toBe(30);
    expect(dropped.late).toBeGreaterThan(0);
  });

  it('shows only the newest of the pictures that are due with latest', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue([red, red, red, red], -100, FRAME_MS, 'latest');
    await idle(track);
    expect(track.counts).toMatchObject({ received: 4, sent: 1, queued: 1, dropped: { late: 2 } });
    await pass(track, 50);
    expect(outbound.sent).toHaveLength(2);
  });

  it('drops what falls into the past when media is skipped, and moves the rest forward', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue(
      Array.from({ length: 10 }, () => red),
      200,
      FRAME_MS,
      'latest',
    );
    track.skip(400);
    await idle(track);
    expect(track.counts).toMatchObject({ received: 10, sent: 1, queued: 4, dropped: { superseded: 5 } });
    await pass(track, 200);
    expect(track.counts).toMatchObject({ sent: 5, queued: 0 });
    expect(outbound.sent).toHaveLength(5);
  });

  it('drops every other picture of a pipeline that is twice too fast, and shows the others at their pace', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue([red, red, red], 0, FRAME_MS, 'latest');
    // From here on as the timeline has it: each picture comes half a frame early, and half a frame is superseded for it.
    for (let index = 0; index < 40; index += 1) {
      track.skip(FRAME_MS / 2);
      enqueue([red], 100 + (index * FRAME_MS) / 2, FRAME_MS, 'latest');
      await pass(track, FRAME_MS / 2);
    }
    await pass(track, 200);
    const { sent, dropped } = track.counts;
    expect(sent + dropped.superseded).toBe(43);
    expect(dropped.superseded).toBeGreaterThanOrEqual(18);
    const times = outbound.sent.map(({ rtpTimestamp }) => ((rtpTimestamp - (outbound.sent[0]?.rtpTimestamp ?? 0)) >>> 0) / 90);
    const distances = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...distances.slice(1, -2))).toBeGreaterThanOrEqual(FRAME_MS - 1);
    expect(Math.max(...distances)).toBeLessThanOrEqual(FRAME_MS * 1.5 + 1);
  });

  it('brings what comes behind a picture that is late back to its place step by step', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue([red], 0, FRAME_MS, 'latest');
    await pass(track, 10);
    enqueue([red], FRAME_MS, FRAME_MS, 'latest');
    // Less than a frame: nothing is dropped, and the picture waits until the first one's time is over.
    track.skip(30);
    enqueue(Array.from({ length: 12 }, () => red), 2 * FRAME_MS - 30, FRAME_MS, 'lossless'); // prettier-ignore
    await pass(track, 700);
    expect(track.counts).toMatchObject({ received: 14, sent: 14, dropped: { superseded: 0, late: 0 } });
    const first = outbound.sent[0]?.rtpTimestamp ?? 0;
    const times = outbound.sent.map(({ rtpTimestamp }) => ((rtpTimestamp - first) >>> 0) / 90);
    expect(times.slice(0, 5)).toEqual([0, 40, 76, 112, 148]);
    expect(times.at(-1)).toBe(2 * FRAME_MS - 30 + 11 * FRAME_MS);
  });

  it('drops nothing that came as lossless when media is skipped: only what came behind it goes', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue([red, red, red], 0, FRAME_MS, 'lossless');
    enqueue([large, red, red], 3 * FRAME_MS, FRAME_MS, 'latest');
    track.skip(FRAME_MS);
    await pass(track, 250);
    expect(track.counts).toMatchObject({ received: 6, sent: 5, queued: 0, dropped: { superseded: 1, late: 0 } });
    const first = outbound.sent[0]?.rtpTimestamp ?? 0;
    expect(outbound.sent.map(({ rtpTimestamp }) => ((rtpTimestamp - first) >>> 0) / 90)).toEqual([0, 40, 80, 120, 160]);
    expect(outbound.keyframes).toHaveLength(1);
  });

  it('gives two pictures for one media time different RTP times', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue([red], 0, FRAME_MS, 'lossless');
    enqueue([red], 0, FRAME_MS, 'lossless');
    await pass(track, 20);
    expect(new Set(outbound.sent.map(({ rtpTimestamp }) => rtpTimestamp)).size).toBe(2);
  });

  it('lets a picture wait while too much waits for the network, and shows the newest when there is room', async () => {
    for (const [delivery, queuedMs] of [
      ['latest', 60],
      ['lossless', 250],
    ] as const) {
      const { track, enqueue, outbound } = setUp();
      enqueue([red, red, red, red, large], 0, FRAME_MS, delivery);
      await pass(track, 20);
      expect(outbound.sent).toHaveLength(1);
      outbound.queuedMs = queuedMs;
      await pass(track, 130);
      expect(outbound.sent).toHaveLength(1);
      expect(track.counts).toMatchObject({ sent: 1, queued: 2, dropped: { congested: 2, late: 0 } });
      outbound.queuedMs = 0;
      await pass(track, 200);
      expect(track.counts).toMatchObject({ sent: 2, queued: 0, dropped: { congested: 3, late: 0 } });
      expect(outbound.keyframes).toEqual(outbound.sent);
    }
  });

  it('minds a queue of one picture with latest, and lets the receiver smooth a longer one with lossless', async () => {
    const { track, enqueue, outbound } = setUp();
    outbound.queuedMs = 150;
    enqueue([red, red, red], 0, FRAME_MS, 'lossless');
    await pass(track, 120);
    expect(track.counts).toMatchObject({ sent: 3, dropped: { congested: 0 } });
    outbound.queuedMs = FRAME_MS - 1;
    enqueue([red, red, red], 200, FRAME_MS, 'latest');
    await pass(track, 300);
    expect(track.counts).toMatchObject({ sent: 6, dropped: { congested: 0 } });
  });

  it('sends fewer pictures a second, then smaller ones, when the rate is too low for them, and counts the others', async () => {
    const { track, enqueue, outbound, rate } = setUp();
    rate.bitrate = 1_000_000;
    const moving = await Promise.all(Array.from({ length: 8 }, () => noise(320, 240)));
    for (let second = 0; second < 6; second += 1) {
      enqueue(
        Array.from({ length: 25 }, (_, index) => moving[index % moving.length] ?? red),
        second * 1000,
        FRAME_MS,
        'lossless',
      );
      await pass(track, 1000);
      // More than enough in the first second, then not.
      rate.bitrate = 40_000;
    }
    await pass(track, 100);
    const { received, sent, dropped, queued } = track.counts;
    expect({ received, queued, accounted: sent + dropped.congested }).toEqual({ received: 150, queued: 0, accounted: 150 });
    expect(sent).toBeGreaterThanOrEqual(85);
    expect(sent).toBeLessThanOrEqual(115);
    // The very last one is shown though it is not its turn: none comes that could be.
    const times = outbound.sent.slice(-20, -1).map(({ rtpTimestamp }) => rtpTimestamp);
    const distances = times.slice(1).map((time, index) => ((time - (times[index] ?? 0)) >>> 0) / 90);
    expect(new Set(distances)).toEqual(new Set([2 * FRAME_MS]));
    const decoder = await VideoDecoder.open('H264');
    try {
      let last = '';
      for (const { data } of outbound.sent)
        for (const { width, height } of await decoder.decode(data)) last = `${width}x${height}`;
      expect(last).toBe('240x180');
    } finally {
      decoder.close();
    }
  });

  it('holds no picture back for the pace of those before it when a stream becomes slow', async () => {
    const { track, enqueue, outbound, rate } = setUp();
    rate.bitrate = 40_000;
    const moving = await Promise.all(Array.from({ length: 8 }, () => noise(320, 240)));
    const pictures = (count: number): Picture[] =>
      Array.from({ length: count }, (_, index) => moving[index % moving.length] ?? red);
    // One of twenty is shown of 240 a second; of one a second every one.
    enqueue(pictures(480), 0, 1000 / 240, 'lossless');
    await pass(track, 2000);
    const before = outbound.sent.length;
    enqueue(pictures(4), 2000, 1000, 'lossless');
    await pass(track, 4100);
    expect(outbound.sent.length - before).toBe(4);
  });

  it('shows the last picture of a stream even if it is not its turn', async () => {
    const { track, enqueue, outbound, rate } = setUp();
    rate.bitrate = 2_000;
    enqueue([red, red, red, red], 0, FRAME_MS, 'latest');
    await pass(track, 300);
    expect(track.counts).toMatchObject({ received: 4, sent: 3, dropped: { congested: 1 } });
    expect(outbound.sent).toHaveLength(3);
  });

  it('reports the stages of each picture, and with the first of a chunk what it reflects', async () => {
    const { track, outbound, reports } = setUp();
    await vi.advanceTimersByTimeAsync(7);
    const routedAtMs = performance.now();
    track.enqueue([red, red], 100, FRAME_MS, 'lossless', { routedAtMs, yieldedAtMs: 3, index: 5, appliedControls: ['a'] });
    track.enqueue([GARBAGE], 180, FRAME_MS, 'lossless', { routedAtMs: routedAtMs + 1, index: 6, appliedControls: ['b', 'c'] });
    track.enqueue([GARBAGE, red, red], 220, FRAME_MS, 'lossless', {
      routedAtMs: routedAtMs + 2,
      index: 7,
      appliedControls: ['d'],
    });
    track.enqueue([red], 340, FRAME_MS, 'lossless', { routedAtMs: routedAtMs + 3 });
    await pass(track, 500);
    expect(reports.map(({ first }) => first)).toEqual([
      { index: 5, appliedControls: ['a'], rtpTimestamp: outbound.sent[0]?.rtpTimestamp },
      undefined,
      { index: 7, appliedControls: ['b', 'c', 'd'], rtpTimestamp: outbound.sent[2]?.rtpTimestamp },
      undefined,
      { index: undefined, appliedControls: [], rtpTimestamp: outbound.sent[4]?.rtpTimestamp },
    ]);
    const [first] = reports;
    expect(first?.times).toMatchObject({ yieldedAtMs: 3, routedAtMs });
    for (const { times } of reports) {
      expect(times.encodeBeganAtMs).toBeGreaterThanOrEqual(times.routedAtMs);
      expect(times.encodedAtMs).toBeGreaterThanOrEqual(times.encodeBeganAtMs);
      expect(times.sentAtMs).toBe(times.encodedAtMs + SENDING_MS);
    }
  });

  it('goes on in software with a keyframe, and loses no picture, when the hardware fails', async () => {
    // This build of FFmpeg has the encoder, and this machine has not the hardware: it really fails to open.
    const encoders = new VideoEncoders(['H264'], 'auto', async ({ kind }) => kind === 'nvenc');
    vi.spyOn(Logger.prototype, 'log').mockReturnValue(undefined);
    await encoders.probed();
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    expect(encoders.names(performance.now())).toEqual({ H264: 'h264_nvenc' });
    const { track, enqueue, outbound } = setUp({ encoders });
    const wide = await jpeg(320, 240, 'green');
    enqueue([wide, wide, wide], 0, FRAME_MS, 'lossless');
    await pass(track, 200);
    expect(track.counts).toMatchObject({ sent: 3, keyframes: 1, dropped: { failed: 0 } });
    expect(outbound.keyframes).toEqual([outbound.sent[0]]);
    expect(encoders.names(performance.now())).toEqual({ H264: 'libx264' });
    expect(warn).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
  });

  it.each([
    ['refused', { result: 'congested' }],
    ['dropped', { drops: true }],
  ] as const)('names what a chunk reflects with its next picture when the network %s the first', async (_what, network) => {
    const { track, outbound, reports } = setUp();
    const origin = { routedAtMs: 0, index: 7, appliedControls: ['a'] };
    Object.assign(outbound, network);
    track.enqueue([red, red, red], 0, FRAME_MS, 'lossless', origin);
    await pass(track, FRAME_MS / 2);
    Object.assign(outbound, { result: 'queued', drops: false });
    await pass(track, 3 * FRAME_MS);
    expect(reports.map(({ first }) => first?.appliedControls)).toEqual([['a'], undefined]);
    expect(reports[0]?.first?.index).toBe(7);
  });

  it('is drained only when its last picture has left', async () => {
    const { track, enqueue, outbound } = setUp();
    let leave: (() => void) | undefined;
    outbound.send = (_data: Buffer, _rtpTimestamp: number, options?: SendOptions) => {
      leave = () => options?.onSent?.(performance.now());
      return 'queued';
    };
    enqueue([red], 0, FRAME_MS, 'lossless');
    let drained = false;
    const draining = track.drained().then(() => (drained = true));
    await until(() => leave !== undefined);
    await idle(track);
    expect(drained).toBe(false);
    leave?.();
    await draining;
  });

  it('counts a picture as congested that was dropped after it was queued', async () => {
    const { track, enqueue, outbound } = setUp();
    outbound.drops = true;
    enqueue([red], 0, FRAME_MS, 'lossless');
    await track.drained();
    expect(track.counts).toMatchObject({ received: 1, sent: 0, queued: 0, dropped: { congested: 1 } });
  });

  it.each(['congested', 'closed'] as const)('counts a picture that the connection does not take as %s', async (result) => {
    const { track, enqueue, outbound } = setUp();
    outbound.result = result;
    enqueue([red], 0, FRAME_MS, 'lossless');
    await track.drained();
    expect(track.counts).toMatchObject({ received: 1, sent: 0, queued: 0, dropped: { [result]: 1 } });
  });

  it('waits for the picture in hand when it closes, sends nothing after, and counts the rest', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue(
      Array.from({ length: 5 }, () => red),
      0,
      FRAME_MS,
      'lossless',
    );
    const drained = track.drained();
    await Promise.all([track.close(), track.close()]);
    await drained;
    const { sent } = track.counts;
    expect(outbound.sent).toHaveLength(sent);
    expect(totalOf(track.counts)).toBe(5);
    expect(track.counts.queued).toBe(0);
    expect(track.counts.dropped.closed).toBe(5 - sent);
    enqueue([red, red], 0, FRAME_MS, 'lossless');
    track.requestKeyframe();
    await vi.advanceTimersByTimeAsync(1000);
    await track.drained();
    expect(track.counts).toMatchObject({ received: 7, dropped: { closed: 7 - sent } });
    expect(outbound.sent).toHaveLength(sent);
  });

  it('closes at any point of the work without losing count', async () => {
    for (let turns = 0; turns < 40; turns += 2) {
      const { track, enqueue, outbound } = setUp();
      enqueue([red, large, GARBAGE], -100, FRAME_MS, 'lossless');
      for (let index = 0; index < turns; index += 1) await turn();
      await track.close();
      expect(totalOf(track.counts)).toBe(3);
      expect(track.counts.queued).toBe(0);
      expect(outbound.sent).toHaveLength(track.counts.sent);
    }
  });

  it('accounts for every picture, whatever happens in whatever order', async () => {
    const picture = fc.constantFrom('red', 'large', 'garbage', 'tiny');
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('enqueue' as const),
        names: fc.array(picture, { maxLength: 4 }),
        inMs: fc.integer({ min: -200, max: 100 }),
        delivery: fc.constantFrom<DeliveryMode>('lossless', 'latest'),
      }),
      fc.record({ kind: fc.constant('skip' as const), ms: fc.integer({ min: 1, max: 150 }) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ kind: fc.constant('request' as const) }),
      fc.record({ kind: fc.constant('congest' as const), queuedMs: fc.integer({ min: 0, max: 400 }) }),
      fc.record({ kind: fc.constant('limit' as const), bitrate: fc.integer({ min: 1_000, max: 500_000 }) }),
    );
    const tiny: Picture = { kind: 'raw', format: 'RGB24', width: 2, height: 2, data: new Uint8Array(12) };
    const named: Readonly<Record<string, Picture>> = { red, large, garbage: GARBAGE, tiny };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { track, enqueue, outbound, rate } = setUp();
        let given = 0;
        let [nowMs, requests] = [0, 0];
        for (const action of steps) {
          if (action.kind === 'enqueue') {
            given += action.names.length;
            enqueue(
              action.names.map((name) => named[name] ?? red),
              nowMs + action.inMs,
              FRAME_MS,
              action.delivery,
            );
          } else if (action.kind === 'skip') track.skip(action.ms);
          else if (action.kind === 'congest') outbound.queuedMs = action.queuedMs;
          else if (action.kind === 'limit') rate.bitrate = action.bitrate;
          else if (action.kind === 'request') {
            requests += 1;
            track.requestKeyframe();
          } else {
            nowMs += action.ms;
            await vi.advanceTimersByTimeAsync(action.ms);
          }
          expect(totalOf(track.counts)).toBe(given);
          expect(track.counts.queued).toBeGreaterThanOrEqual(0);
        }
        outbound.queuedMs = 0;
        await pass(track, 800);
        await track.drained();
        expect(track.counts).toMatchObject({ received: given, queued: 0 });
        expect(totalOf(track.counts)).toBe(given);
        expect(outbound.sent.length).toBeGreaterThanOrEqual(track.counts.sent);
        expect(outbound.sent.length).toBeLessThanOrEqual(track.counts.sent + requests);
        await track.close();
      }),
      { numRuns: 25 },
    );
  });
});
