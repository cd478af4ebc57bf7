import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { DeliveryMode, Picture } from '../common/index.js';
import {
  FRAME_MS,
  GARBAGE,
  idle,
  jpeg,
  large,
  pass,
  red,
  SENDING_MS,
  setUp,
  simulateTime,
  totalOf,
  until,
} from './frame-track.testing.js';
import { VideoEncoders } from './video-encoders.js';
import type { SendOptions } from './webrtc/index.js';

simulateTime();

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

  it('gives two pictures for one media time different RTP times', async () => {
    const { track, enqueue, outbound } = setUp();
    enqueue([red], 0, FRAME_MS, 'lossless');
    enqueue([red], 0, FRAME_MS, 'lossless');
    await pass(track, 20);
    expect(new Set(outbound.sent.map(({ rtpTimestamp }) => rtpTimestamp)).size).toBe(2);
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
