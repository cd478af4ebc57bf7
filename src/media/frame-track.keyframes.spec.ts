import { describe, expect, it } from 'vitest';
import { VideoDecoder } from './codec/index.js';
import { FRAME_MS, large, pass, red, setUp, simulateTime } from './frame-track.testing.js';

simulateTime();

describe('keyframes of a FrameTrack', { timeout: 30_000 }, () => {
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
});
