import { describe, expect, it, vi } from 'vitest';
import type { Picture } from '../common/index.js';
import { VideoDecoder } from './codec/index.js';
import { FRAME_MS, idle, large, noise, pass, red, setUp, simulateTime } from './frame-track.testing.js';

simulateTime();

describe('what a FrameTrack leaves out', { timeout: 30_000 }, () => {
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
});
