import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { DeliveryMode } from '../common/index.js';
import { every20Ms, FRAME_MS, heard, idle, LEAD_MS, pass, roughness, setUp, simulateTime, tone } from './audio-track.testing.js';

const PATIENCE_MS = 60;
const MAX_SILENCE_MS = 1000;
const NOTHING = { superseded: 0, late: 0, surplus: 0, failed: 0, closed: 0 };

simulateTime();

describe('AudioTrack', { timeout: 30_000 }, () => {
  it('sends a packet every 20 ms, each its lead before its media time', async () => {
    const { track, times, lateness, outbound } = setUp();
    track.enqueue(tone(1000), 0, 'lossless');
    await pass(track, 1000);
    expect(times()).toEqual(every20Ms(50));
    for (const late of lateness()) {
      expect(late).toBeGreaterThanOrEqual(-LEAD_MS - 0.5);
      // The first cannot be early.
      expect(late).toBeLessThanOrEqual(5);
    }
    expect(
      lateness()
        .slice(1)
        .every((late) => late <= -LEAD_MS + 5),
    ).toBe(true);
    expect(track.counts).toEqual({
      receivedMs: 1000,
      sentMs: 1000,
      queuedMs: 0,
      droppedMs: NOTHING,
      silenceMs: 0,
      sentFrames: 50,
    });
    const levels = await heard(outbound.sent.map(({ data }) => data));
    expect(Math.min(...levels.slice(2))).toBeGreaterThan(10_000);
  });

  it('joins slices of any rate without a gap', async () => {
    const { track, times, outbound } = setUp();
    for (let index = 0; index < 10; index += 1)
      track.enqueue(tone(100, { sampleRate: 44_100, channels: 2 }), index * 100, 'lossless');
    await pass(track, 980);
    expect(times()).toEqual(every20Ms(49));
    expect(track.counts).toMatchObject({ silenceMs: 0, droppedMs: NOTHING });
    expect(Math.min(...(await heard(outbound.sent.map(({ data }) => data))).slice(2))).toBeGreaterThan(10_000);
  });

  it('goes from rate to rate without a gap, a click or a drift', async () => {
    const { track, times, outbound } = setUp();
    const rates = [8000, 48_000, 44_100, 96_000, 16_000, 11_025, 48_000, 24_000];
    for (let index = 0; index < 40; index += 1) {
      track.enqueue(tone(100, { sampleRate: rates[index % rates.length] ?? 0, channels: 1 }), index * 100, 'lossless');
    }
    const drained = track.drained();
    await pass(track, 4000);
    await drained;
    expect(times()).toEqual(every20Ms(200));
    const { receivedMs, sentMs, silenceMs, droppedMs } = track.counts;
    expect(Math.abs(receivedMs - 4000)).toBeLessThan(2);
    expect(sentMs).toBe(receivedMs);
    expect(silenceMs).toBeLessThan(2);
    expect(droppedMs).toEqual(NOTHING);
    expect(Math.min(...(await heard(outbound.sent.map(({ data }) => data))).slice(2))).toBeGreaterThan(10_000);
    // The tone itself has 54, a bend at the seam hundreds; a step, which would click, has thousands.
    expect(await roughness(outbound.sent.map(({ data }) => data))).toBeLessThan(1200);
  });

  it('sends the last samples that a resampler keeps back, and counts no silence for them', async () => {
    const { track } = setUp();
    track.enqueue(tone(100, { sampleRate: 8000 }), 0, 'lossless');
    await pass(track, 300);
    expect(track.counts).toMatchObject({ receivedMs: 100, sentMs: 100, queuedMs: 0, droppedMs: NOTHING });
    track.enqueue(tone(100, { sampleRate: 8000 }), 400, 'lossless');
    await track.close();
    expect(track.counts).toMatchObject({ receivedMs: 200, droppedMs: { closed: 100 } });
  });

  it('prepares for what the receiver loses, and comes back, without a break', async () => {
    const { track, times, outbound } = setUp();
    track.enqueue(tone(60_000), 0, 'lossless');
    const modes = (): Set<string> =>
      new Set(outbound.sent.splice(0).map(({ data }) => ((data[0] ?? 0) >> 3 < 16 ? 'hybrid' : 'CELT')));
    await pass(track, 1000);
    expect(modes()).toEqual(new Set(['CELT']));
    const report = async (fractionLost: number, redundant: boolean): Promise<void> => {
      track.setExpectedLoss(fractionLost, { redundant });
      await pass(track, 1000);
    };
    for (let index = 0; index < 5; index += 1) await report(0.2, true);
    expect(modes()).toEqual(new Set(['CELT']));
    await report(0.2, false);
    modes();
    await report(0.2, false);
    expect(modes()).toEqual(new Set(['hybrid']));
    for (let index = 0; index < 40; index += 1) await report(0, false);
    const all = times();
    modes();
    await report(0, false);
    expect(modes()).toEqual(new Set(['CELT']));
    expect(all.at(-1)).toBeGreaterThan(47_000);
    expect(track.counts).toMatchObject({ silenceMs: 0, droppedMs: NOTHING });
  });

  it('makes do with the bits there are', async () => {
    const { track, outbound } = setUp();
    track.enqueue(tone(3000, { channels: 2 }), 0, 'lossless');
    const kbps = async (bitrate: number): Promise<number> => {
      track.setMaxBitrate(bitrate);
      await pass(track, 100);
      outbound.sent.length = 0;
      await pass(track, 800);
      return outbound.sent.reduce((bits, { data }) => bits + data.length * 8, 0) / outbound.sent.length / FRAME_MS;
    };
    expect(await kbps(200_000)).toBeCloseTo(96, -1);
    expect(await kbps(70_000)).toBeCloseTo(64, -1);
    expect(await kbps(1000)).toBeCloseTo(32, -1);
  });

  it('waits a little for audio that is just about to come', async () => {
    const { track, times } = setUp();
    track.enqueue(tone(100), 0, 'lossless');
    await pass(track, 100 + PATIENCE_MS - 10);
    expect(times()).toEqual(every20Ms(5));
    track.enqueue(tone(100), 100, 'lossless');
    await pass(track, 60);
    expect(times()).toEqual(every20Ms(10));
    expect(track.counts.silenceMs).toBe(0);
  });

  it('sends silence for what does not come, then nothing at all, and counts it', async () => {
    const { track, times, outbound } = setUp();
    track.enqueue(tone(100), 0, 'lossless');
    await pass(track, 5000);
    const expected = every20Ms(5 + MAX_SILENCE_MS / FRAME_MS);
    expect(times()).toEqual(expected);
    expect(track.counts).toMatchObject({ sentFrames: expected.length, silenceMs: MAX_SILENCE_MS });
    expect(Math.max(...(await heard(outbound.sent.slice(10).map(({ data }) => data))))).toBeLessThan(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('begins again at the media time of what comes after a long silence', async () => {
    const { track, times } = setUp();
    track.enqueue(tone(100), 0, 'lossless');
    await pass(track, 5000);
    const before = times().length;
    track.enqueue(tone(100), 5030, 'lossless');
    await pass(track, 200);
    expect(times().slice(before, before + 5)).toEqual(every20Ms(5, 5030));
  });

  it('fills a gap between two pieces with silence', async () => {
    const { track, times } = setUp();
    track.enqueue(tone(100), 0, 'lossless');
    track.enqueue(tone(100), 300, 'lossless');
    await pass(track, 400);
    expect(times()).toEqual(every20Ms(20));
    expect(track.counts.silenceMs).toBe(200);
  });

  it('drops what is too much for its time and counts it', async () => {
    const { track } = setUp();
    track.enqueue(tone(500), 0, 'lossless');
    track.enqueue(tone(500), 300, 'lossless');
    await pass(track, 800);
    expect(track.counts).toMatchObject({
      receivedMs: 1000,
      sentMs: 800,
      queuedMs: 0,
      droppedMs: { ...NOTHING, surplus: 200 },
      silenceMs: 0,
    });
  });

  it('moves to stereo and back without a break', async () => {
    const { track, times, outbound } = setUp();
    track.enqueue(tone(200, { channels: 1 }), 0, 'lossless');
    await pass(track, 100);
    track.enqueue(tone(200, { channels: 2 }), 200, 'lossless');
    await pass(track, 300);
    track.enqueue(tone(200, { channels: 1 }), 400, 'lossless');
    await pass(track, 200);
    expect(times()).toEqual(every20Ms(30));
    // The stereo flag is in the first byte of a packet (RFC 6716 section 3.1).
    const stereo = outbound.sent.map(({ data }) => ((data[0] ?? 0) & 4) !== 0);
    expect(stereo[0]).toBe(false);
    expect(stereo).toContain(true);
    expect(stereo.at(-1)).toBe(false);
    expect(Math.min(...(await heard(outbound.sent.map(({ data }) => data))).slice(2))).toBeGreaterThan(5000);
  });

  it('says when all was sent, the last part of a frame included, and fills nothing else with silence', async () => {
    const { track, times } = setUp();
    track.enqueue(tone(95), 0, 'lossless');
    let drained = false;
    const done = track.drained().then(() => (drained = true));
    await pass(track, 70 - LEAD_MS);
    expect(drained).toBe(false);
    await pass(track, 50);
    await done;
    expect(times()).toEqual(every20Ms(5));
    expect(track.counts.silenceMs).toBe(5);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is drained at once when nothing was ever given', async () => {
    const { track } = setUp();
    await expect(track.drained()).resolves.toBeUndefined();
  });

  it('leaves out what is too late after a stall instead of sending it in a burst', async () => {
    const { track, times, lateness } = setUp();
    track.enqueue(tone(5000), 0, 'lossless');
    await pass(track, 100);
    const before = times().length;
    // The process stands still for two seconds.
    vi.advanceTimersByTime(2000);
    await idle(track);
    await pass(track, 500);
    // The packet that was in hand may still be an old one.
    const after = times().slice(before + 1);
    expect(after[0]).toBeGreaterThanOrEqual(1850);
    expect(Math.max(...lateness().slice(before + 1))).toBeLessThanOrEqual(155);
    expect(new Set(times()).size).toBe(times().length);
    expect(lateness().at(-1)).toBeLessThanOrEqual(5);
  });

  it('moves what waits forward when media is skipped', async () => {
    const { track, times, outbound } = setUp();
    track.enqueue({ ...tone(200), data: new Uint8Array(200 * 48 * 2) }, 0, 'latest');
    track.enqueue(tone(200), 200, 'latest');
    track.skip(200);
    const drained = track.drained();
    await pass(track, 250);
    await drained;
    expect(times()).toEqual(every20Ms(10));
    expect(track.counts).toMatchObject({ receivedMs: 400, sentMs: 200, droppedMs: { ...NOTHING, superseded: 200 } });
    expect(Math.min(...(await heard(outbound.sent.map(({ data }) => data))).slice(2))).toBeGreaterThan(10_000);
  });

  it('skips nothing that came as lossless', async () => {
    const { track, times, outbound } = setUp();
    track.enqueue(tone(200), 0, 'lossless');
    track.enqueue({ ...tone(200), data: new Uint8Array(200 * 48 * 2) }, 200, 'latest');
    track.enqueue(tone(200), 400, 'latest');
    track.skip(200);
    const drained = track.drained();
    await pass(track, 450);
    await drained;
    expect(times()).toEqual(every20Ms(20));
    expect(track.counts).toMatchObject({ receivedMs: 600, sentMs: 400, droppedMs: { ...NOTHING, superseded: 200 } });
    expect(Math.min(...(await heard(outbound.sent.map(({ data }) => data))).slice(2))).toBeGreaterThan(10_000);
  });

  it('accounts for every millisecond, whatever happens in whatever order', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('enqueue' as const),
        ms: fc.integer({ min: 1, max: 300 }),
        inMs: fc.integer({ min: -300, max: 300 }),
        channels: fc.constantFrom<1 | 2>(1, 2),
        delivery: fc.constantFrom<DeliveryMode>('lossless', 'latest'),
      }),
      fc.record({ kind: fc.constant('skip' as const), ms: fc.integer({ min: 1, max: 150 }) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 400 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { track } = setUp();
        let [nowMs, givenMs] = [0, 0];
        const check = (): void => {
          const { receivedMs, sentMs, queuedMs, droppedMs } = track.counts;
          const accounted = Object.values(droppedMs).reduce((sum, ms) => sum + ms, sentMs + queuedMs);
          expect(receivedMs).toBeCloseTo(givenMs, 6);
          expect(accounted).toBeCloseTo(givenMs, 6);
        };
        for (const action of steps) {
          if (action.kind === 'enqueue') {
            givenMs += action.ms;
            track.enqueue(tone(action.ms, action), Math.max(0, nowMs + action.inMs), action.delivery);
          } else if (action.kind === 'skip') track.skip(action.ms);
          else {
            nowMs += action.ms;
            await vi.advanceTimersByTimeAsync(action.ms);
          }
          check();
        }
        await track.close();
        check();
        expect(track.counts.queuedMs).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses a rate it cannot resample, and goes on with the next', async () => {
    const { track } = setUp();
    expect(() => track.enqueue(tone(100, { sampleRate: 4000 }), 0, 'lossless')).toThrow(/4000 Hz/u);
    track.enqueue(tone(100), 0, 'lossless');
    await pass(track, 100);
    expect(track.counts.sentFrames).toBe(5);
  });

  it('sends nothing after it closed, in whatever state that found it', async () => {
    for (const turns of [0, 1, 2, 5]) {
      const { track, outbound } = setUp();
      track.enqueue(tone(500), 0, 'lossless');
      const drained = track.drained();
      for (let index = 0; index < turns; index += 1) await turn();
      await Promise.all([track.close(), track.close()]);
      await drained;
      const sent = outbound.sent.length;
      track.enqueue(tone(100), 0, 'lossless');
      await vi.advanceTimersByTimeAsync(2000);
      await track.drained();
      expect(outbound.sent).toHaveLength(sent);
      expect(track.counts.sentFrames).toBe(sent);
      expect(vi.getTimerCount()).toBe(0);
    }
  });
});
